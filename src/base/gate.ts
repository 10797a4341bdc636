import { SpateError } from './errors.ts'

/** Lets few do something costly at once; some wait for their turn, in order; the rest is refused. */
export class Gate {
  readonly #atOnce: number
  readonly #mayWait: number
  readonly #refusal: string
  readonly #waiting: PromiseWithResolvers<void>[] = []
  #inside = 0

  /** @param refusal what those are told who are too many */
  constructor(atOnce: number, mayWait: number, refusal: string) {
    this.#atOnce = atOnce
    this.#mayWait = mayWait
    this.#refusal = refusal
  }

  /** Errors: `overloaded`, and those of `work`. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#atOnce) {
      if (this.#waiting.length >= this.#mayWait) throw new SpateError('overloaded', this.#refusal)
      const turn = Promise.withResolvers<void>()
      this.#waiting.push(turn)
      // Whoever leaves hands the place over, so it is never free in between.
      await turn.promise
    } else {
      this.#inside += 1
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#inside -= 1
      else next.resolve()
    }
  }
}
