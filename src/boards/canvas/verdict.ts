/** What the fold decided of one intent. The numbers are part of the wire and stored formats. */
export const Verdict = {
  accepted: 0,
  /** The cell already shows that colour; it costs nothing. */
  unchanged: 1,
  outOfRange: 2,
  wrongColor: 3,
  banned: 4,
  /** Outside the board's active zone. */
  inactive: 5,
  locked: 6,
  coolingDown: 7,
  /** Accepted as far as its player can see; nobody else sees it. */
  shadowed: 8,
  /** The cell has moved on since: a later paint, or not what a restore expected. */
  superseded: 9,
  /** Nothing of the player's can be undone (any more). */
  nothingToUndo: 10,
  /** The board cannot become what an admin record asks for. */
  impossible: 11,
} as const

export type Verdict = (typeof Verdict)[keyof typeof Verdict]
export type VerdictName = keyof typeof Verdict

const NAMES = new Map<number, VerdictName>(
  // Object.entries widens the keys of a constant object to string.
  (Object.entries(Verdict) as [VerdictName, Verdict][]).map(([name, code]) => [code, name]),
)

export function verdictName(code: number): VerdictName {
  const name = NAMES.get(code)
  if (name === undefined) throw new RangeError(`unknown verdict ${code}`)
  return name
}

/** Whether the intent's own player is to be told that it went through. */
export function looksAccepted(code: number): boolean {
  return code === Verdict.accepted || code === Verdict.unchanged || code === Verdict.shadowed
}
