import type { Clock } from '../base/clock.ts'

const LOOK_AGAIN_MS = 1000
/** What is kept free of the disk for raw messages: some hours of them. */
export const RAW_RESERVE_BYTES = 256 << 20

/** Keeps the last of a disk for the raw messages: while less than a reserve is free, everything else waits here. */
export class Room {
  readonly #clock: Clock
  readonly #freeBytes: () => Promise<number>
  readonly #reserveBytes: number
  isScarce = false

  constructor(clock: Clock, freeBytes: () => Promise<number>, reserveBytes: number) {
    this.#clock = clock
    this.#freeBytes = freeBytes
    this.#reserveBytes = reserveBytes
  }

  /** Resolves once there is room, or the signal aborts. */
  async enough(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.#look())) {
      await pause(this.#clock, LOOK_AGAIN_MS, signal)
    }
  }

  async #look(): Promise<boolean> {
    this.isScarce = (await this.#freeBytes()) < this.#reserveBytes
    return this.isScarce
  }
}

/** Resolves after the time, or when the signal aborts. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(ms, resolve)
  const stop = (): void => resolve()
  signal.addEventListener('abort', stop, { once: true })
  await promise
  signal.removeEventListener('abort', stop)
  cancel()
}
