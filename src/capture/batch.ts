import type { Recorder } from './recorder.ts'
import type { CaptureRecord } from './records.ts'

/** Gathers what comes until the recorder takes it into one record. */
export class Batch<Item> {
  readonly #recorder: Pick<Recorder, 'later'>
  readonly #recordOf: (items: Item[]) => CaptureRecord
  readonly #most: number
  #open: { readonly items: Item[]; readonly done: Promise<void> } | undefined

  /** @param most items in a record */
  constructor(recorder: Pick<Recorder, 'later'>, most: number, recordOf: (items: Item[]) => CaptureRecord) {
    this.#recorder = recorder
    this.#most = most
    this.#recordOf = recordOf
  }

  /** Resolves once it is durable. Errors: why nothing more is recorded. */
  add(item: Item): Promise<void> {
    if (this.#open === undefined || this.#open.items.length >= this.#most) this.#open = this.#opened()
    const { items, done } = this.#open
    items.push(item)
    return done
  }

  #opened(): { items: Item[]; done: Promise<void> } {
    const items: Item[] = []
    const done = this.#recorder.later(() => {
      if (this.#open?.items === items) this.#open = undefined
      return this.#recordOf(items)
    })
    // Who does not wait for it is not told by an unhandled rejection.
    done.catch(() => {})
    return { items, done }
  }
}
