/** Time as a dependency, so that simulations own it. Milliseconds since the Unix epoch. */
export interface Clock {
  now(): number
  /** Never goes back; for durations. */
  elapsedMs(): number
  /** Calls `task` once after `delayMs`; the returned function cancels. */
  after(delayMs: number, task: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
}

/**
 * A clock whose `now` never goes back and never stands still: it is another's, and where that is set back it
 * goes on from where it was, second by second, until the other has caught up. So a cooldown or a ban lasts as
 * long as it was meant to, whatever is done to the machine's clock.
 */
export class SteadyClock implements Clock {
  readonly #clock: Clock
  #latestMs = 0
  #latestAtMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    // In this order: a pause between the two readings must not move the clock forward.
    const nowMs = this.#clock.now()
    const elapsedMs = this.#clock.elapsedMs()
    this.#latestMs = Math.max(nowMs, this.#latestMs + elapsedMs - this.#latestAtMs)
    this.#latestAtMs = elapsedMs
    return Math.floor(this.#latestMs)
  }

  /** Goes on from `timeMs` if that is later than now: what was recorded before lies in the past. */
  notBefore(timeMs: number): void {
    if (this.now() < timeMs) this.#latestMs = timeMs
  }

  elapsedMs(): number {
    return this.#clock.elapsedMs()
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#clock.after(delayMs, task)
  }
}
