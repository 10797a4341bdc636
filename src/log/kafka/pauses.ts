import type { Clock } from '../../base/clock.ts'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/** Ends early when `signal` aborts. */
export async function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(ms, resolve)
  const wake = (): void => resolve()
  signal.addEventListener('abort', wake, { once: true })
  await promise
  signal.removeEventListener('abort', wake)
  cancel()
}

/** Between attempts: longer from one to the next, each a little different. */
export class Pauses {
  readonly #clock: Clock
  readonly #signal: AbortSignal
  #ms = FIRST_PAUSE_MS

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock
    this.#signal = signal
  }

  /** Resolves early when the signal aborts. */
  async next(): Promise<void> {
    await sleep(this.#clock, this.#ms * (0.5 + Math.random() / 2), this.#signal)
    this.#ms = Math.min(LONGEST_PAUSE_MS, this.#ms * 2)
  }

  reset(): void {
    this.#ms = FIRST_PAUSE_MS
  }
}
