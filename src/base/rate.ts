import { keepNewest } from './keep-newest.ts'

/**
 * Limits how often each of many keys may act: a token bucket a key, kept as the one time at which the
 * bucket will be full again (the generic cell rate algorithm, ITU-T I.371). Memory is bounded: of more than
 * `maxKeys` keys the longest unseen are forgotten.
 */
export class RateLimit {
  readonly #perSecond: number
  readonly #burst: number
  readonly #maxKeys: number
  readonly #fullAtMs = new Map<string | number, number>()

  /** @param perSecond 0: no limit */
  constructor(perSecond: number, burst: number, maxKeys = 65_536) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#maxKeys = maxKeys
  }

  /** 0 when `cost` tokens were taken, else the ms after which to try again (nothing was taken). */
  take(key: string | number, cost: number, nowMs: number): number {
    if (this.#perSecond === 0) return 0
    const tokenMs = 1000 / this.#perSecond
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? 0, nowMs) + cost * tokenMs
    const waitMs = fullAtMs - nowMs - this.#burst * tokenMs
    if (waitMs > 0) return Math.ceil(waitMs)
    this.#fullAtMs.delete(key)
    this.#fullAtMs.set(key, fullAtMs)
    keepNewest(this.#fullAtMs, this.#maxKeys)
    return 0
  }
}
