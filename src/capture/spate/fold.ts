import type { LogRecord, Position } from '../../log/port.ts'
import { decodeCaptureRecord } from '../codec.ts'
import { FeedFold } from '../feed/fold.ts'
import { Lag } from '../lag.ts'
import { type Applied, CaptureRecordType } from '../records.ts'
import type { CaptureReport } from '../report.ts'

/** Part of the state, so that one of another layout is folded anew. */
const STATE_VERSION = 'spate 1'

/** A record of messages. */
interface Heard {
  readonly position: number
  /** The source's position that it ends with; 0 where none was told yet. */
  readonly sourceAt: number
}

/** What of the messages is on the board. */
export interface Painted {
  /** Of the last record of messages of which all is. */
  streamAt: number
  /** Of the board, then. */
  boardAt: number
  /** Of the source. */
  sourceAt: number
}

/** What one painting is recorded as: all that was heard up to a record of messages. */
export function paintedRows(
  { streamAt, boardAt, cells }: { streamAt: number; boardAt: number; cells: number },
  { sourceMs, arrivedMs }: { sourceMs: number; arrivedMs: number },
): Applied[] {
  return [
    { canvas: 0, timestampMs: streamAt, previousMs: boardAt, cells, asked: 0 },
    { canvas: 1, timestampMs: sourceMs, previousMs: arrivedMs, cells: 0, asked: 0 },
  ]
}

/** The fold of a stream that follows another Spate: what was heard, as of any feed, and what of it is on the board. */
export class SpateFold {
  readonly line: FeedFold
  readonly painted: Painted = { streamAt: 0, boardAt: 0, sourceAt: 0 }
  readonly #pending: Heard[] = []
  #applied = 0
  #cells = 0
  #messageLag = new Lag()
  #boardLag = new Lag()

  constructor(line = new FeedFold()) {
    this.line = line
  }

  get position(): Position {
    return this.line.position
  }

  get began() {
    return this.line.began
  }

  /** Records of messages that are not on the board. */
  get waiting(): number {
    return this.#pending.length
  }

  /** Errors: `newer-version`, `corrupt`. */
  apply(record: LogRecord): void {
    this.line.apply(record)
    if (record.type === CaptureRecordType.messages) {
      this.#pending.push({ position: record.position, sourceAt: Number(this.line.lastId ?? 0) })
    }
    if (record.type !== CaptureRecordType.applied) return
    const { type, body } = decodeCaptureRecord(record.type, record.body)
    if (type === CaptureRecordType.applied) this.#paint(body, record.timeMs)
  }

  #paint([row, lag]: readonly Applied[], recordMs: number): void {
    if (row === undefined) return
    this.painted.streamAt = row.timestampMs
    this.painted.boardAt = row.previousMs
    this.#applied += 1
    this.#cells += row.cells
    for (let next = this.#pending[0]; next !== undefined && next.position <= row.timestampMs; ) {
      this.painted.sourceAt = next.sourceAt
      this.#pending.shift()
      next = this.#pending[0]
    }
    // What is older than the capture is late by its age.
    if (lag === undefined || lag.timestampMs < this.line.beganMs) return
    this.#messageLag.add(lag.previousMs - lag.timestampMs)
    this.#boardLag.add(recordMs - lag.timestampMs)
  }

  report(name: string): CaptureReport {
    const report = this.line.report(name)
    const lags = { messageLag: lagOf(this.#messageLag), boardLag: lagOf(this.#boardLag) }
    const canvases = report.canvases.map((canvas) => {
      const counts = { ...canvas.counts, applied: this.#applied, cells: this.#cells }
      return { ...canvas, ...lags, counts, waiting: this.waiting }
    })
    return { ...report, canvases }
  }

  toJSON(): object {
    return {
      version: STATE_VERSION,
      position: this.position,
      line: this.line.toJSON(),
      painted: this.painted,
      pending: this.#pending,
      applied: this.#applied,
      cells: this.#cells,
      messageLag: this.#messageLag,
      boardLag: this.#boardLag,
    } satisfies { [Key in keyof SpateState]: unknown }
  }

  /** Undefined for the state of another kind or release: it is folded anew. */
  static load(saved: unknown): SpateFold | undefined {
    // Written by `toJSON`; what else it is shows in its version.
    const state = saved as SpateState
    if (state.version !== STATE_VERSION) return undefined
    const line = FeedFold.load(state.line)
    if (line === undefined) return undefined
    const fold = new SpateFold(line)
    Object.assign(fold.painted, state.painted)
    fold.#pending.push(...state.pending)
    fold.#applied = state.applied
    fold.#cells = state.cells
    fold.#messageLag = Lag.fromJSON(state.messageLag)
    fold.#boardLag = Lag.fromJSON(state.boardLag)
    return fold
  }
}

function lagOf(lag: Lag): { p50Ms: number; p99Ms: number } {
  return { p50Ms: lag.quantile(0.5), p99Ms: lag.quantile(0.99) }
}

interface SpateState {
  readonly version: string
  readonly position: number
  readonly line: unknown
  readonly painted: Painted
  readonly pending: readonly Heard[]
  readonly applied: number
  readonly cells: number
  readonly messageLag: readonly number[]
  readonly boardLag: readonly number[]
}
