import type { Clock } from '../../base/clock.ts'

/** Barks once, when it was not fed for a time. Feeding costs nothing: one timer looks when it was. */
export class Watchdog {
  readonly #clock: Clock
  readonly #ms: number
  readonly #bark: () => void
  #fedAtMs: number
  #cancel: () => void

  /** @param ms 0: never */
  constructor(clock: Clock, ms: number, bark: () => void) {
    this.#clock = clock
    this.#ms = ms
    this.#bark = bark
    this.#fedAtMs = clock.elapsedMs()
    this.#cancel = ms === 0 ? () => {} : clock.after(ms, () => this.#look())
  }

  feed(): void {
    this.#fedAtMs = this.#clock.elapsedMs()
  }

  #look(): void {
    const leftMs = this.#fedAtMs + this.#ms - this.#clock.elapsedMs()
    if (leftMs <= 0) this.#bark()
    else this.#cancel = this.#clock.after(Math.ceil(leftMs), () => this.#look())
  }

  stop(): void {
    this.#cancel()
  }
}
