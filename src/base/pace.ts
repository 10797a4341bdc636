import { setImmediate } from 'node:timers/promises'

/** Lets long synchronous work share the thread: `await pace.turn()` between steps yields every `sliceMs`. */
export class Pace {
  readonly #sliceMs: number
  #since = performance.now()

  constructor(sliceMs = 12) {
    this.#sliceMs = sliceMs
  }

  async turn(): Promise<void> {
    if (performance.now() - this.#since < this.#sliceMs) return
    await setImmediate()
    this.#since = performance.now()
  }
}
