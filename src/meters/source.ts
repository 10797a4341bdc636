import type { Position } from '../log/port.ts'
import type { Questions } from './questions.ts'

/** Meters that can be asked, whatever stream they are fed from. */
export interface MeterSource {
  readonly questions: Questions
  /** In that stream: what the answers are as of. */
  readonly position: Position
  /** Has `listener` called after each commit, with what it brought to be seen, until the returned function is. */
  onChange(listener: () => void): () => void
}

/** Who is told of each commit. A listener must not throw. */
export class Listeners {
  readonly #all = new Set<{ readonly listener: () => void }>()

  /** The same function given twice is called twice, and ended one by one. */
  add(listener: () => void): () => void {
    const entry = { listener }
    this.#all.add(entry)
    return () => void this.#all.delete(entry)
  }

  tell(): void {
    for (const { listener } of this.#all) listener()
  }
}
