import type { CanvasAnswer } from '../answers.ts'
import { countWords, lengthWords, shareWords } from '../words.ts'
import { type Column, FoldedTable } from './data-table.tsx'

const AMOUNTS = [
  'At',
  'Covered',
  'Connections',
  'Frames',
  'Missing',
  'Waiting',
  'Pixels',
  'Authors',
  'Lag p50',
  'p99',
]
const COLUMNS: readonly Column[] = [
  { name: 'Canvas', kind: 'head' },
  ...AMOUNTS.map((name): Column => ({ name, kind: 'amount' })),
]

export function CanvasesTable({ canvases }: { canvases: readonly CanvasAnswer[] }) {
  return (
    <FoldedTable
      summary={canvases.length === 1 ? 'The canvas' : `The ${canvases.length} canvases`}
      label="Canvases"
      caption="Canvases"
      columns={COLUMNS}
      rows={canvases.map(({ canvas, dx, dy, coveredShare, connections, waiting, counts, boardLag }) => ({
        key: String(canvas),
        cells: [
          canvas,
          `${dx}, ${dy}`,
          shareWords(coveredShare),
          connections,
          countWords((counts.fulls ?? 0) + (counts.diffs ?? 0)),
          countWords(counts.missing ?? 0),
          countWords(waiting),
          countWords(counts.cells ?? 0),
          countWords(counts.answered ?? 0),
          lengthWords(boardLag.p50Ms),
          lengthWords(boardLag.p99Ms),
        ],
      }))}
    />
  )
}
