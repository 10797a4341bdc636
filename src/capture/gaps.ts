import type { CoverageReport, Hole, HoleCause } from './coverage.ts'
import type { Interval } from './intervals.ts'

/** Holes kept at most. Beyond, the two oldest become one that holds both: less is vouched for, never more. */
const MAX_HOLES = 10_000

/** What of a source that tells everything in one line can be vouched for: all that was seen but for the holes in it. */
export class Gaps {
  #seen: { fromMs: number; toMs: number } | undefined
  readonly #holes: { fromMs: number; toMs: number; causes: HoleCause[] }[] = []

  /** It was listened to then. A time before the last one counts as that. */
  reached(atMs: number): void {
    this.#seen ??= { fromMs: atMs, toMs: atMs }
    this.#seen.toMs = Math.max(this.#seen.toMs, atMs)
  }

  get count(): number {
    return this.#holes.length
  }

  /** What lies between was not seen. Later than all holes before, or part of the last, or more of the same. */
  hole(fromMs: number, toMs: number, given: Iterable<HoleCause>): void {
    this.reached(toMs)
    const causes = [...new Set(given)]
    const last = this.#holes.at(-1)
    const isMore = last?.toMs === fromMs && causes.every((cause) => last.causes.includes(cause))
    if (last !== undefined && (fromMs < last.toMs || isMore)) {
      last.toMs = Math.max(last.toMs, toMs)
      last.causes = [...new Set([...last.causes, ...causes])]
      return
    }
    this.#holes.push({ fromMs, toMs: Math.max(fromMs, toMs), causes })
    if (this.#holes.length > MAX_HOLES) this.#mergeOldest()
  }

  #mergeOldest(): void {
    const [first, second] = this.#holes
    if (first === undefined || second === undefined) return
    const causes = [...new Set([...first.causes, ...second.causes])]
    this.#holes.splice(0, 2, { fromMs: first.fromMs, toMs: second.toMs, causes })
  }

  report(): CoverageReport {
    if (this.#seen === undefined) return { seen: undefined, covered: [], holes: [] }
    const covered: Interval[] = []
    let fromMs = this.#seen.fromMs
    for (const hole of this.#holes) {
      covered.push({ fromMs, toMs: hole.fromMs })
      fromMs = hole.toMs
    }
    covered.push({ fromMs, toMs: this.#seen.toMs })
    const holes: Hole[] = this.#holes.map((hole) => ({ ...hole }))
    return { seen: { ...this.#seen }, covered, holes }
  }

  toJSON(): GapsState {
    return { seen: this.#seen ?? null, holes: this.#holes }
  }

  static fromJSON({ seen, holes }: GapsState): Gaps {
    const gaps = new Gaps()
    gaps.#seen = seen === null ? undefined : { ...seen }
    for (const hole of holes) gaps.#holes.push({ ...hole, causes: [...hole.causes] })
    return gaps
  }
}

export interface GapsState {
  readonly seen: Interval | null
  readonly holes: readonly Hole[]
}
