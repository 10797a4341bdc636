import { CELL, type CellBatch, CIRCLE, emptyCells, type RowBatch } from './rows.ts'

/**
 * Draws rows as cells, in the order of the rows; a shape's cells follow row by row from its top left.
 *
 * A rectangle has all cells between its corners, these included. A circle has the cells with
 * dx² + dy² ≤ r², counted between cell centres: radius 0 is one cell, radius 1 a plus of five.
 * Every cell carries its shape's time, author, colour, file and line. No batch has more than `batchCells`
 * cells, so a shape of any size is drawn in bounded memory.
 */
export async function* expanded(
  rows: AsyncIterable<RowBatch>,
  batchCells: number,
): AsyncGenerator<CellBatch, void, undefined> {
  for await (const batch of rows) {
    if (batch.shapes === 0 && batch.n <= batchCells) yield batch
    else yield* cellsOf(batch, batchCells)
  }
}

function* cellsOf(rows: RowBatch, batchCells: number): Generator<CellBatch, void, undefined> {
  let cells = emptyCells(batchCells)
  for (let row = 0; row < rows.n; row += 1) {
    const kind = rows.kind[row]!
    const radius = kind === CIRCLE ? rows.x2[row]! : 0
    const top = rows.y[row]! - radius
    const bottom = kind === CELL ? top : kind === CIRCLE ? rows.y[row]! + radius : rows.y2[row]!
    for (let y = top; y <= bottom; y += 1) {
      const half = kind === CIRCLE ? halfWidth(radius, y - rows.y[row]!) : 0
      let x = rows.x[row]! - half
      const right = kind === CELL ? x : kind === CIRCLE ? rows.x[row]! + half : rows.x2[row]!
      while (x <= right) {
        const count = Math.min(right - x + 1, batchCells - cells.n)
        appendRun(cells, rows, row, x, y, count)
        x += count
        if (cells.n === batchCells) {
          yield cells
          cells = emptyCells(batchCells)
        }
      }
    }
  }
  if (cells.n > 0) yield cells
}

/** The largest dx with dx² + dy² ≤ r²; exact, since r² stays far below 2^53. */
function halfWidth(radius: number, dy: number): number {
  const square = radius * radius - dy * dy
  const root = Math.floor(Math.sqrt(square))
  return root * root > square ? root - 1 : root
}

function appendRun(cells: CellBatch, rows: RowBatch, row: number, x: number, y: number, count: number): void {
  const from = cells.n
  const to = from + count
  cells.timeMs.fill(rows.timeMs[row]!, from, to)
  cells.author.fill(rows.author[row]!, from, to)
  cells.rgb.fill(rows.rgb[row]!, from, to)
  cells.y.fill(y, from, to)
  cells.file.fill(rows.file[row]!, from, to)
  cells.line.fill(rows.line[row]!, from, to)
  for (let i = 0; i < count; i += 1) cells.x[from + i] = x + i
  cells.n = to
}
