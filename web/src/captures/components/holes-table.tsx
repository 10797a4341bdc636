import type { CanvasAnswer } from '../answers.ts'
import { causeWords, countWords, lengthWords, momentWords } from '../words.ts'
import { type Column, FoldedTable } from './data-table.tsx'

/** Rows shown at most; the report has all. */
const MOST_ROWS = 500
const COLUMNS: readonly Column[] = [
  { name: 'From (UTC)', kind: 'moment' },
  { name: 'To', kind: 'moment' },
  { name: 'Length', kind: 'amount' },
  { name: 'Canvas', kind: 'amount' },
  { name: 'Causes', kind: 'words' },
]

/** Every hole, the newest first. */
export function HolesTable({ canvases }: { canvases: readonly CanvasAnswer[] }) {
  const all = canvases
    .flatMap(({ canvas, holes }) => holes.map((hole) => ({ canvas, ...hole })))
    .sort((a, b) => b.fromMs - a.fromMs)
  if (all.length === 0) return null
  return (
    <FoldedTable
      summary={all.length === 1 ? '1 hole' : `${countWords(all.length)} holes`}
      label="Holes"
      caption="What was not seen"
      columns={COLUMNS}
      rows={all.slice(0, MOST_ROWS).map(({ canvas, fromMs, toMs, causes }) => ({
        key: `${canvas} ${fromMs}`,
        cells: [
          momentWords(fromMs),
          momentWords(toMs),
          lengthWords(toMs - fromMs),
          canvas,
          causeWords(causes),
        ],
      }))}
    >
      {all.length > MOST_ROWS && (
        <p class="quiet small">
          And {countWords(all.length - MOST_ROWS)} older ones: <code>spate capture report</code> has all.
        </p>
      )}
    </FoldedTable>
  )
}
