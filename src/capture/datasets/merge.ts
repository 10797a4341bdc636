import { appendRow, BATCH_ROWS, emptyRows, type RowBatch } from './rows.ts'
import { RunHeap } from './run-heap.ts'
import type { Run, SpillFile } from './spill.ts'

/**
 * Merges sorted runs by time; rows of the same millisecond come in the order of their runs, and within a run in
 * the run's order. Holds one block a run.
 */
export async function* merged(
  spill: SpillFile,
  runs: readonly Run[],
): AsyncGenerator<RowBatch, void, undefined> {
  const cursors: Cursor[] = []
  for (const run of runs) cursors.push({ run, read: 0, at: 0, block: emptyRows(0) })
  for (const cursor of cursors) await refill(spill, cursor)
  const heap = new RunHeap(cursors.map((cursor) => cursor.block.timeMs[0]!))
  let batch = emptyRows(BATCH_ROWS)
  while (heap.size > 0) {
    takeRows(heap, cursors, batch)
    if (batch.n === BATCH_ROWS) {
      yield batch
      batch = emptyRows(BATCH_ROWS)
    }
    const cursor = cursors[heap.first]!
    if (cursor.at === cursor.block.n) {
      await refill(spill, cursor)
      if (cursor.at === cursor.block.n) heap.removeFirst()
      else heap.replaceFirst(cursor.block.timeMs[0]!)
    }
  }
  if (batch.n > 0) yield batch
}

interface Cursor {
  readonly run: Run
  /** Rows of the run that were read from disk. */
  read: number
  block: RowBatch
  at: number
}

async function refill(spill: SpillFile, cursor: Cursor): Promise<void> {
  if (cursor.read === cursor.run.rows) return
  cursor.block = await spill.read(cursor.run, cursor.read)
  cursor.read += cursor.block.n
  cursor.at = 0
}

/** Moves rows until the batch is full or the first run's block is used up. */
function takeRows(heap: RunHeap, cursors: readonly Cursor[], batch: RowBatch): void {
  while (batch.n < BATCH_ROWS) {
    const cursor = cursors[heap.first]!
    appendRow(batch, cursor.block, cursor.at)
    cursor.at += 1
    if (cursor.at === cursor.block.n) return
    heap.replaceFirst(cursor.block.timeMs[cursor.at]!)
  }
}
