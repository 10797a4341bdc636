import { Pace } from '../base/pace.ts'
import type { Log, Position } from '../log/port.ts'
import { positionOf } from '../log/port.ts'
import type { Cell } from './canvas/chunk.ts'
import { decodeBody } from './canvas/codec.ts'
import { PlacedColumns } from './canvas/placed-columns.ts'
import type { CanvasRecord } from './canvas/records.ts'
import { RecordType } from './canvas/records.ts'
import { isRefused, type RefusalRun, type Refusals, refusalsIn } from './refusals.ts'

const READ = { records: 2048, bytes: 2 << 20 }

export interface JudgedRecord {
  readonly position: Position
  readonly timeMs: number
  readonly record: CanvasRecord
  readonly refusals: Refusals
}

/** The verdicts of the past. */
export interface RefusalSource {
  /** Runs that together know the refusals of the records in (after, upTo]. */
  in(after: Position, upTo: Position): readonly RefusalRun[]
}

/** A board's records together with what the fold once said of them. Never judges again. */
export class History {
  readonly #log: Log
  readonly #stream: string
  readonly #refusals: RefusalSource

  constructor(log: Log, stream: string, refusals: RefusalSource) {
    this.#log = log
    this.#stream = stream
    this.#refusals = refusals
  }

  /**
   * Records in (after, upTo], oldest first, each valid until the next. Shares the thread while it reads.
   * @param afterMs the canvas's time at `after`: of a record, time is what the fold makes of it, the latest so far
   */
  async *records(after: Position, upTo: Position, afterMs = 0): AsyncIterable<JudgedRecord> {
    let latestMs = afterMs
    const pace = new Pace()
    const columns = new PlacedColumns()
    let at = after
    while (at < upTo) {
      const batch = await this.#log.read(this.#stream, at, READ)
      const last = batch.at(-1)
      if (last === undefined) return
      const runs = this.#refusals.in(at, positionOf(Math.min(last.position, upTo)))
      for (const { position, timeMs, type, body } of batch) {
        if (position > upTo) return
        latestMs = Math.max(latestMs, timeMs)
        yield {
          position,
          timeMs: latestMs,
          record: decodeBody(type, body, columns),
          refusals: refusalsIn(runs, position),
        }
        await pace.turn()
      }
      at = last.position
    }
  }
}

/** Calls `visit` for every cell that a record set, in order, with what the cell held from then on. */
export function eachCell(
  { timeMs, record, refusals }: JudgedRecord,
  visit: (x: number, y: number, cell: Cell) => void,
): void {
  switch (record.type) {
    case RecordType.placed:
    case RecordType.painted: {
      const { count, x, y, color, player } = record.body
      const timesMs = record.type === RecordType.painted ? record.body.timeMs : undefined
      for (let i = 0; i < count; i++) {
        if (isRefused(refusals, i)) continue
        const cell = { color: color[i] ?? 0, player: player[i] ?? 0, timeMs: timesMs?.[i] ?? timeMs }
        visit(x[i] ?? 0, y[i] ?? 0, cell)
      }
      return
    }
    case RecordType.restored:
      record.body.cells.forEach(({ x, y, becomes }, i) => {
        if (!isRefused(refusals, i)) visit(x, y, becomes)
      })
      return
    default:
      return
  }
}
