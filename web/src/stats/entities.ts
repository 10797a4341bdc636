/** How those that a meter is about are called. Pure. */

/** As an answer names it; `name` is what a player calls themselves. */
export interface Entity {
  readonly entity: string
  readonly name?: string | null
}

/** For text in a row; what shows it isolates its direction. */
export function entityWords({ entity, name }: Entity, isPlayer: boolean): string {
  if (isPlayer && isSeen(name)) return name
  if (!isSeen(entity)) return '(no name)'
  return isPlayer ? `Player ${entity}` : entity
}

/** Not made of spaces and control characters alone. */
function isSeen(text: string | null | undefined): text is string {
  return typeof text === 'string' && /[^\p{C}\p{Z}]/u.test(text)
}

/** Those that a visitor may mean: whose number it is, then whose name begins with it, then who has it in the name. */
export function found(entities: readonly Entity[], text: string, most: number): Entity[] {
  const wanted = folded(text.replace(/^#/, ''))
  if (wanted === '') return []
  const byNumber = entities.filter(({ entity }) => folded(entity) === wanted)
  const begins = entities.filter((each) => keysOf(each).some((key) => key.startsWith(wanted)))
  const holds = entities.filter((each) => keysOf(each).some((key) => key.includes(wanted)))
  return [...new Set([...byNumber, ...begins, ...holds])].slice(0, most)
}

function keysOf({ entity, name }: Entity): string[] {
  return name === undefined || name === null ? [folded(entity)] : [folded(name), folded(entity)]
}

/** Without regard to case and width. */
function folded(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase()
}
