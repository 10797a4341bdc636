import { placeOf } from '../board/table.ts'
import { hex } from '../options.ts'
import type { CellAccount, Omission } from './cell-account.ts'
import type { ImportedDataset } from './dataset.ts'

const VERDICT_WORDS: ReadonlyMap<string, string> = new Map([
  ['accepted', 'applied'],
  ['superseded', 'superseded'],
  ['outOfRange', 'out of range'],
  ['wrongColor', 'no such colour'],
])

const OMISSION_WORDS: Readonly<Record<Omission, string>> = {
  outOfRange: 'out of range',
  noSuchColor: 'no such colour',
  notInPast: 'not in the past',
}

/** What became of every line and every cell, as text. */
export function accountOf({ files, lines, rowsNotInPast, painted }: ImportedDataset): string {
  const out: string[] = []
  const say = (name: string, count: number, more = ''): number =>
    out.push(`  ${name.padEnd(16)} ${grouped(count).padStart(13)}${more === '' ? '' : `  ${more}`}`)

  if (painted !== undefined) {
    const { board, isNew, source, firstMs, lastMs } = painted
    const span = `${new Date(firstMs).toISOString()} to ${new Date(lastMs).toISOString()}`
    out.push(`${isNew ? 'Made' : 'Painted on'} board ${board.id}: ${placeOf(board.extent)}`)
    out.push(`${board.palette.length} colours; source ${source}; ${span}`)
  }
  const reasons = Object.entries(lines.refusedBy).filter(([, count]) => count > 0)
  say('lines', lines.lines)
  say('refused', lines.refused, reasons.map(([reason, count]) => `${reason} ${grouped(count)}`).join(', '))
  say('rows', lines.rows, rowsNotInPast > 0 ? `${grouped(rowsNotInPast)} not in the past` : '')
  if (painted !== undefined) sayCells(painted.cells, files, say)
  if (lines.examples.length > 0) {
    out.push(lines.refused > lines.examples.length ? `The first refused lines:` : 'Refused lines:')
    for (const { file, line, reason, text } of lines.examples) {
      out.push(`  ${files[file]}:${line}: ${reason}: ${visible(text)}`)
    }
  }
  for (const { file, damage, afterLine, afterBytes } of lines.damaged) {
    out.push(`Damaged: ${files[file]}: ${damage} after line ${afterLine}, byte ${grouped(afterBytes)}`)
  }
  return `${out.join('\n')}\n`
}

function sayCells(
  cells: CellAccount,
  files: readonly string[],
  say: (name: string, count: number, more?: string) => void,
): void {
  say('cells', cells.cells)
  say('applied', cells.verdict('accepted'))
  const superseded = cells.verdict('superseded')
  say('superseded', superseded, superseded > 0 ? 'the board has something later there' : '')
  for (const [name, count] of cells.verdicts) {
    if (name !== 'accepted' && name !== 'superseded') say(VERDICT_WORDS.get(name) ?? name, count)
  }
  for (const [why, words] of Object.entries(OMISSION_WORDS) as [Omission, string][]) {
    const first = cells.firstOmitted[why]
    if (first === undefined) continue
    const colors =
      why === 'noSuchColor'
        ? `: ${[...cells.unknownColors].map(([rgb, count]) => `${hex(rgb)} ${grouped(count)}`).join(', ')}`
        : ''
    say(words, cells.omitted[why], `first ${files[first.file]}:${first.line}${colors}`)
  }
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

/** Text from a file, fit for a terminal. */
function visible(text: string): string {
  return text.replace(/\p{C}/gu, '\uFFFD')
}
