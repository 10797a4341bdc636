import { type Interval, Intervals } from './intervals.ts'
import type { CloseCause, FetchStatus } from './records.ts'

/**
 * Why something was not seen: why connections ended; `restarted`: the collector was away; `skipped`: the source's chain
 * goes on, but a message of it never came; what became of a frame's download; `late`: a message came after what follows
 * it was on the board; `no-full-frame`: nothing whole was there to begin from; `mismatch`: a full frame showed something
 * else; `pending`: it may still come.
 */
export type HoleCause =
  | CloseCause
  | Exclude<FetchStatus, 'stored'>
  | 'restarted'
  | 'skipped'
  | 'late'
  | 'no-full-frame'
  | 'mismatch'
  | 'pending'

/** What cannot be vouched for: all that lies between, without the ends. */
export interface Hole extends Interval {
  /** Never empty. */
  readonly causes: readonly HoleCause[]
}

export interface CoverageReport {
  /** Of the frames that were told of; undefined where none was. */
  readonly seen: Interval | undefined
  readonly covered: readonly Interval[]
  readonly holes: readonly Hole[]
}

interface Cause extends Interval {
  readonly cause: HoleCause
}

/** Causes kept at most, the newest; a hole whose causes are forgotten is `no-full-frame`. */
const MAX_CAUSES = 10_000

/**
 * What of one canvas can be vouched for, in the source's time. A diff links the point at which it begins to that at
 * which it ends; a full frame is whole. Covered is what can be reached from a full frame along links. Everything between
 * the first and the last frame that was told of is covered or in exactly one hole, whose ends are covered points or the
 * ends of all. It depends on what was told, not on the order of it.
 */
export class Coverage {
  #known = new Intervals()
  #whole = new Intervals()
  #firstMs: number | null = null
  #lastMs: number | null = null
  /** Where the messages go on after a gap, and why there is one. */
  #breaks = new Map<number, HoleCause>()
  #missed: Cause[] = []
  #doubts: Interval[] = []

  /** A message told of a frame that changes a state at `fromMs` to that at `toMs`; equal for a full frame. */
  tell(fromMs: number, toMs: number, trouble: HoleCause): void {
    this.#firstMs = Math.min(this.#firstMs ?? toMs, toMs)
    this.#lastMs = Math.max(this.#lastMs ?? toMs, toMs)
    const endMs = this.#known.endMs
    this.#known.add(fromMs, toMs)
    if (endMs === undefined || fromMs <= endMs) return
    this.#breaks.set(fromMs, trouble)
    if (this.#breaks.size <= MAX_CAUSES) return
    for (const atMs of this.#breaks.keys()) if (this.#isBreak(atMs) === false) this.#breaks.delete(atMs)
    while (this.#breaks.size > MAX_CAUSES) this.#breaks.delete(this.#breaks.keys().next().value ?? 0)
  }

  /** A diff was applied to all that came before it. */
  link(previousMs: number, currentMs: number): void {
    this.#whole.add(previousMs, currentMs)
  }

  /** A full frame was applied. */
  anchor(timestampMs: number): void {
    this.#whole.anchor(timestampMs)
  }

  /** A frame could not be had, or not in time. */
  miss(fromMs: number, toMs: number, cause: HoleCause): void {
    this.#missed.push({ fromMs, toMs, cause })
    if (this.#missed.length <= 2 * MAX_CAUSES) return
    const holes = this.#holes([])
    this.#missed = this.#missed.filter((miss) => holes.some((hole) => meets(miss, hole))).slice(-MAX_CAUSES)
  }

  /** What lies between turned out to be wrong. False: that was known. */
  doubt(fromMs: number, toMs: number): boolean {
    if (this.#doubts.some((doubt) => doubt.fromMs === fromMs && doubt.toMs === toMs)) return false
    this.#doubts.push({ fromMs, toMs })
    if (this.#doubts.length > MAX_CAUSES) this.#mergeDoubts()
    return true
  }

  /** Two neighbours become one that holds both: less is vouched for, never more. */
  #mergeDoubts(): void {
    this.#doubts.sort((a, b) => a.fromMs - b.fromMs)
    const [first, second] = this.#doubts
    if (first === undefined || second === undefined) return
    const merged = { fromMs: first.fromMs, toMs: Math.max(first.toMs, second.toMs) }
    this.#doubts.splice(0, 2, merged)
  }

  /** Whether the state at that point was reached from a full frame; doubts aside. */
  isWhole(pointMs: number): boolean {
    const anchorMs = this.#whole.at(pointMs)?.anchorMs
    return anchorMs !== undefined && anchorMs !== null && anchorMs <= pointMs
  }

  /** Whether the state at `pointMs` would be, once `steps` are applied; a step of one point is a full frame. */
  leadsToWhole(steps: Iterable<Interval>, pointMs: number): boolean {
    const whole = Intervals.fromJSON(this.#whole.toJSON())
    for (const { fromMs, toMs } of steps) {
      if (fromMs === toMs) whole.anchor(toMs)
      else whole.add(fromMs, toMs)
    }
    const anchorMs = whole.at(pointMs)?.anchorMs
    return anchorMs !== undefined && anchorMs !== null && anchorMs <= pointMs
  }

  /** Up to where links lead from that point. */
  linkedUpTo(pointMs: number): number | undefined {
    return this.#whole.at(pointMs)?.toMs
  }

  /** The latest full frame on the way to that point. */
  lastFullBefore(pointMs: number): number | undefined {
    const part = this.#whole.at(pointMs)
    if (part === undefined || part.anchorMs === null) return undefined
    const { anchorMs, lastAnchorMs } = part
    return lastAnchorMs !== null && lastAnchorMs <= pointMs ? lastAnchorMs : anchorMs
  }

  #isBreak(atMs: number): boolean {
    return this.#known.at(atMs)?.fromMs === atMs
  }

  /** @param pending frames that are known and neither applied nor given up */
  report(pending: readonly Interval[]): CoverageReport {
    if (this.#firstMs === null || this.#lastMs === null) return { seen: undefined, covered: [], holes: [] }
    const seen = { fromMs: this.#firstMs, toMs: this.#lastMs }
    return { seen, covered: this.#covered(), holes: this.#holes(pending) }
  }

  #covered(): Interval[] {
    const spans: Interval[] = []
    for (const { anchorMs, toMs } of this.#whole.parts) {
      if (anchorMs !== null) spans.push({ fromMs: anchorMs, toMs })
    }
    return this.#doubts.reduce(without, spans)
  }

  #holes(pending: readonly Interval[]): Hole[] {
    if (this.#firstMs === null || this.#lastMs === null) return []
    const gaps: Interval[] = []
    let atMs = this.#firstMs
    const covered = this.#covered()
    for (const { fromMs, toMs } of covered) {
      if (fromMs > atMs) gaps.push({ fromMs: atMs, toMs: fromMs })
      atMs = toMs
    }
    if (this.#lastMs > atMs || covered.length === 0) gaps.push({ fromMs: atMs, toMs: this.#lastMs })
    return gaps.map((gap) => ({ ...gap, causes: this.#causesOf(gap, pending) }))
  }

  #causesOf(gap: Interval, pending: readonly Interval[]): HoleCause[] {
    const causes = new Set<HoleCause>()
    for (const [atMs, cause] of this.#breaks) {
      if (atMs > gap.fromMs && atMs <= gap.toMs && this.#isBreak(atMs)) causes.add(cause)
    }
    for (const miss of this.#missed) if (meets(miss, gap)) causes.add(miss.cause)
    if (this.#doubts.some((doubt) => meets(doubt, gap))) causes.add('mismatch')
    if (pending.some((frame) => meets(frame, gap))) causes.add('pending')
    if (causes.size === 0) causes.add('no-full-frame')
    return [...causes]
  }

  toJSON(): CoverageState {
    return {
      known: this.#known.toJSON(),
      whole: this.#whole.toJSON(),
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      breaks: [...this.#breaks],
      missed: this.#missed,
      doubts: this.#doubts,
    }
  }

  static fromJSON(state: CoverageState): Coverage {
    const coverage = new Coverage()
    coverage.#known = Intervals.fromJSON(state.known)
    coverage.#whole = Intervals.fromJSON(state.whole)
    coverage.#firstMs = state.firstMs
    coverage.#lastMs = state.lastMs
    coverage.#breaks = new Map(state.breaks)
    coverage.#missed = [...state.missed]
    coverage.#doubts = [...state.doubts]
    return coverage
  }
}

export interface CoverageState {
  readonly known: (number | null)[][]
  readonly whole: (number | null)[][]
  readonly firstMs: number | null
  readonly lastMs: number | null
  readonly breaks: readonly [number, HoleCause][]
  readonly missed: readonly Cause[]
  readonly doubts: readonly Interval[]
}

/** A point meets a gap if it lies in it or ends it; a span, if they share more than a point. */
function meets({ fromMs, toMs }: Interval, gap: Interval): boolean {
  if (fromMs === toMs || gap.fromMs === gap.toMs) return toMs >= gap.fromMs && fromMs <= gap.toMs
  return toMs > gap.fromMs && fromMs < gap.toMs
}

/** The spans without what lies strictly inside the doubt. */
function without(spans: readonly Interval[], doubt: Interval): Interval[] {
  return spans.flatMap((span) => {
    if (doubt.toMs <= span.fromMs || doubt.fromMs >= span.toMs) return [span]
    const parts: Interval[] = []
    if (doubt.fromMs >= span.fromMs) parts.push({ fromMs: span.fromMs, toMs: doubt.fromMs })
    if (doubt.toMs <= span.toMs) parts.push({ fromMs: doubt.toMs, toMs: span.toMs })
    return parts
  })
}
