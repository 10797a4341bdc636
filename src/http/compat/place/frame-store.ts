import type { Clock } from '../../../base/clock.ts'

const KEEP_MS = 300_000
const MAX_BYTES = 128 << 20

interface Kept {
  readonly png: Buffer
  readonly untilMs: number
}

/** Frames by the last part of their URL, for five minutes; of more than 128 MiB the oldest go. */
export class FrameStore implements Disposable {
  readonly #clock: Clock
  readonly #maxBytes: number
  readonly #frames = new Map<string, Kept>()
  #bytes = 0
  #cancel: (() => void) | undefined
  #isClosed = false

  constructor(clock: Clock, maxBytes = MAX_BYTES) {
    this.#clock = clock
    this.#maxBytes = maxBytes
  }

  /** One that is known is kept anew; one that was being made at the end is not kept. */
  put(name: string, png: Buffer): void {
    if (this.#isClosed) return
    this.#drop(name)
    this.#frames.set(name, { png, untilMs: this.#clock.elapsedMs() + KEEP_MS })
    this.#bytes += png.length
    this.#forget()
  }

  get(name: string): Buffer | undefined {
    return this.#frames.get(name)?.png
  }

  get bytes(): number {
    return this.#bytes
  }

  #drop(name: string): void {
    this.#bytes -= this.#frames.get(name)?.png.length ?? 0
    this.#frames.delete(name)
  }

  /** They lie in the order in which they end. */
  #forget(): void {
    const nowMs = this.#clock.elapsedMs()
    for (const [name, { untilMs }] of this.#frames) {
      if (untilMs > nowMs && this.#bytes <= this.#maxBytes) break
      this.#drop(name)
    }
    const [oldest] = this.#frames.values()
    if (oldest === undefined || this.#cancel !== undefined) return
    this.#cancel = this.#clock.after(oldest.untilMs - nowMs, () => {
      this.#cancel = undefined
      this.#forget()
    })
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#cancel?.()
    this.#frames.clear()
    this.#bytes = 0
  }
}
