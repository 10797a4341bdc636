import { SpateError } from '../../base/errors.ts'
import { merged } from './merge.ts'
import { appendRow, BATCH_ROWS, emptyRows, type RowBatch } from './rows.ts'
import { type Run, SpillFile } from './spill.ts'
import { TimeOrder } from './time-order.ts'

/** 1 Mi rows: 55 MB of columns and order; larger runs sort slower, being out of cache. */
export const DEFAULT_RUN_ROWS = 1 << 20
/** A merge holds a block a run, so this bounds it to 640 MB. */
const MAX_RUNS = 4096

export interface SortOptions {
  /** Rows sorted in memory at once: 53 bytes each. */
  readonly runRows: number
  /** Where a temporary file may grow to 30 bytes a row (39 with shapes); not used when one run holds all. */
  readonly folder: string
}

/**
 * Puts rows in time order; rows of the same millisecond keep the order they came in. An external merge sort:
 * memory is one run while reading, one block a run while merging, whatever the number of rows.
 *
 * The temporary file is gone when the generator ends, is left early, fails, or the process dies. A full disk is
 * a SpateError `storage-full`.
 */
export class TimeSort {
  /** Runs and bytes that went to disk. */
  spilledRuns = 0
  spilledBytes = 0
  readonly #options: SortOptions

  constructor(options: SortOptions) {
    this.#options = options
  }

  async *sorted(rows: AsyncIterable<RowBatch>): AsyncGenerator<RowBatch, void, undefined> {
    const { runRows, folder } = this.#options
    let spill: SpillFile | undefined
    try {
      const runs: Run[] = []
      const collected = emptyRows(runRows)
      const order = new TimeOrder(runRows)
      for await (const batch of rows) {
        for (let from = 0; from < batch.n; ) {
          if (collected.n === runRows) {
            spill ??= await SpillFile.create(folder)
            await this.#spill(spill, runs, collected, order)
          }
          from = appendRows(collected, batch, from)
        }
      }
      if (spill === undefined) {
        yield* inOrder(collected, order.of(collected.timeMs, collected.n))
        return
      }
      await this.#spill(spill, runs, collected, order)
      yield* merged(spill, runs)
    } finally {
      await spill?.close()
    }
  }

  async #spill(spill: SpillFile, runs: Run[], rows: RowBatch, order: TimeOrder): Promise<void> {
    if (runs.length === MAX_RUNS)
      throw new SpateError('too-large', `more than ${MAX_RUNS} runs: sort larger ones`)
    runs.push(await spill.write(rows, order.of(rows.timeMs, rows.n)))
    rows.n = 0
    rows.shapes = 0
    this.spilledRuns = runs.length
    this.spilledBytes = spill.sizeBytes
  }
}

/** Appends rows of `source` from `from` on until one of the two is used up; returns how far it came. */
function appendRows(target: RowBatch, source: RowBatch, from: number): number {
  const to = Math.min(source.n, from + target.timeMs.length - target.n)
  for (let row = from; row < to; row += 1) appendRow(target, source, row)
  return to
}

function* inOrder(rows: RowBatch, order: Uint32Array): Generator<RowBatch, void, undefined> {
  for (let from = 0; from < rows.n; from += BATCH_ROWS) {
    const to = Math.min(rows.n, from + BATCH_ROWS)
    const batch = emptyRows(to - from)
    for (let i = from; i < to; i += 1) appendRow(batch, rows, order[i]!)
    yield batch
  }
}
