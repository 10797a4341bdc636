import type { Interval } from '../intervals.ts'
import type { OverdueCell } from '../records.ts'

/** A place in the order in which what is owed is made up for: by the time of the change, then by the cell. */
export interface OwedUpTo {
  readonly ms: number
  /** Row by row, as {@link cellOrder}. */
  readonly cell: number
}

interface Span {
  fromMs: number
  toMs: number
}

/** Kept at most; of more the oldest are forgotten. */
const MAX_SPANS = 4096
export const LAST_CELL = 2 ** 32 - 1

/** Of a cell of a canvas, in its own coordinates. */
export function cellOrder(x: number, y: number): number {
  return y * 65_536 + x
}

/**
 * When frames were applied whose changes nobody was asked for, as there were too many: what of them the board still shows
 * can be asked for later. A frame of a moment that it covers is not asked for by itself, so no change is asked for twice.
 * Times are whole milliseconds.
 */
export class Owed {
  /** Disjoint, in order; in the first one up to `#upTo` all is made up for. */
  #spans: Span[] = []
  #lastAskedMs = 0
  #upTo: OwedUpTo = { ms: 0, cell: 0 }

  /** Infinity where nothing is owed. */
  get startMs(): number {
    return this.#spans[0]?.fromMs ?? Number.POSITIVE_INFINITY
  }

  /** Nothing at or before it is owed again. */
  get upTo(): OwedUpTo {
    return this.#upTo
  }

  get end(): OwedUpTo {
    return { ms: this.#spans.at(-1)?.toMs ?? this.#upTo.ms, cell: LAST_CELL }
  }

  /** A frame later than all before it was applied, and nobody was asked. */
  add(ms: number): void {
    const last = this.#spans.at(-1)
    if (ms <= Math.max(last?.toMs ?? this.#upTo.ms, this.#lastAskedMs)) return
    if (last !== undefined && this.#lastAskedMs < last.toMs) last.toMs = ms
    else this.#spans.push({ fromMs: ms, toMs: ms })
    if (this.#spans.length > MAX_SPANS) this.#spans.shift()
  }

  /** What a frame of that moment changed is asked for. */
  asked(ms: number): void {
    this.#lastAskedMs = Math.max(this.#lastAskedMs, ms)
    if (this.covers(ms)) this.#spans = this.#spans.flatMap((span) => without(span, ms))
  }

  /** Whether a cell that was changed then is to be asked for. */
  has(ms: number, cell: number): boolean {
    const isDone = ms === this.#upTo.ms ? cell <= this.#upTo.cell : ms < this.#upTo.ms
    return !isDone && this.covers(ms)
  }

  /** Whether what changed then is asked for as owed, if at all. */
  covers(ms: number): boolean {
    let low = 0
    let high = this.#spans.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#spans[middle]!.toMs < ms) low = middle + 1
      else high = middle
    }
    const span = this.#spans[low]
    return span !== undefined && span.fromMs <= ms
  }

  /** All up to there is asked for, or shows no more. */
  settle(upTo: OwedUpTo): void {
    this.#upTo = upTo
    const leftMs = upTo.cell < LAST_CELL ? upTo.ms : upTo.ms + 1
    this.#spans = this.#spans
      .filter(({ toMs }) => toMs >= leftMs)
      .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, leftMs), toMs }))
  }

  toJSON(): OwedState {
    return { spans: this.#spans, lastAskedMs: this.#lastAskedMs, upTo: this.#upTo }
  }

  static fromJSON({ spans, lastAskedMs, upTo }: OwedState): Owed {
    const owed = new Owed()
    owed.#spans = spans.map((span) => ({ ...span }))
    owed.#lastAskedMs = lastAskedMs
    owed.#upTo = upTo
    return owed
  }
}

export interface OwedState {
  readonly spans: readonly Interval[]
  readonly lastAskedMs: number
  readonly upTo: OwedUpTo
}

function without(span: Span, ms: number): Span[] {
  const { fromMs, toMs } = span
  if (ms < fromMs || ms > toMs) return [span]
  const parts = [
    { fromMs, toMs: ms - 1 },
    { fromMs: ms + 1, toMs },
  ]
  return parts.filter((part) => part.fromMs <= part.toMs)
}

/** Cells that show what is owed, in order, and up to where these are all that do. */
export interface Found {
  readonly cells: readonly OverdueCell[]
  readonly upTo: OwedUpTo
}

/** The first so many of what is added in any order; memory does not grow with the rest. */
export class FirstCells {
  readonly #limit: number
  #upTo: OwedUpTo
  #found: { at: OwedUpTo; cell: OverdueCell }[] = []

  /** @param end what is beyond is not taken */
  constructor(limit: number, end: OwedUpTo) {
    this.#limit = limit
    this.#upTo = end
  }

  takes(ms: number, cell: number): boolean {
    return ms < this.#upTo.ms || (ms === this.#upTo.ms && cell <= this.#upTo.cell)
  }

  add(at: OwedUpTo, cell: OverdueCell): void {
    this.#found.push({ at, cell })
    if (this.#found.length >= 2 * this.#limit) this.#cut()
  }

  #cut(): void {
    this.#found.sort((a, b) => a.at.ms - b.at.ms || a.at.cell - b.at.cell)
    if (this.#found.length <= this.#limit) return
    this.#found.length = this.#limit
    this.#upTo = this.#found.at(-1)?.at ?? this.#upTo
  }

  finish(): Found {
    this.#cut()
    return { cells: this.#found.map(({ cell }) => cell), upTo: this.#upTo }
  }
}
