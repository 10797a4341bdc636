import type { Recorder } from './recorder.ts'
import type { CaptureRecord } from './records.ts'

/** Gathers what comes while a record is under way into the next one. */
export class Batch<Item> {
  readonly #recorder: Pick<Recorder, 'later'>
  readonly #recordOf: (items: Item[]) => CaptureRecord
  readonly #most: number
  #waiting: { item: Item; done: PromiseWithResolvers<void> }[] = []
  #isRunning = false

  /** @param most items in a record */
  constructor(recorder: Pick<Recorder, 'later'>, most: number, recordOf: (items: Item[]) => CaptureRecord) {
    this.#recorder = recorder
    this.#most = most
    this.#recordOf = recordOf
  }

  /** Resolves once it is durable. Errors: why nothing more is recorded. */
  add(item: Item): Promise<void> {
    const done = Promise.withResolvers<void>()
    done.promise.catch(() => {})
    this.#waiting.push({ item, done })
    if (!this.#isRunning) {
      this.#isRunning = true
      setImmediate(() => void this.#run())
    }
    return done.promise
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, this.#most)
      try {
        await this.#recorder.later(this.#recordOf(taken.map(({ item }) => item)))
        for (const { done } of taken) done.resolve()
      } catch (error) {
        for (const { done } of taken) done.reject(error)
      }
    }
    this.#isRunning = false
  }
}
