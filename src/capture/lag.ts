/** Four buckets for each doubling: a quantile is at most 19 % too high. */
const BUCKETS_A_DOUBLING = 4
const BUCKETS = 128

/** How late things were, as counts in buckets that grow by a fixed factor. */
export class Lag {
  readonly #counts = new Array<number>(BUCKETS).fill(0)
  count = 0

  /** Negative where the clocks differ: counted as 0. */
  add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(0, ms) + 1) * BUCKETS_A_DOUBLING)
    const index = Math.min(bucket, BUCKETS - 1)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.count += 1
  }

  /** The upper bound of the bucket in which the quantile lies, ms; 0 where nothing was counted. */
  quantile(share: number): number {
    let left = this.count * share
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count
      if (count > 0 && left <= 0) return Math.ceil(2 ** ((bucket + 1) / BUCKETS_A_DOUBLING) - 1)
    }
    return 0
  }

  toJSON(): number[] {
    const last = this.#counts.findLastIndex((count) => count > 0)
    return this.#counts.slice(0, last + 1)
  }

  static fromJSON(counts: readonly number[]): Lag {
    const lag = new Lag()
    for (const [bucket, count] of counts.entries()) {
      lag.#counts[bucket] = count
      lag.count += count
    }
    return lag
  }
}
