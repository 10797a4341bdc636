import { type Signal, signal } from '@preact/signals'
import { type Problem, ProblemError } from '../../../src/client/api.ts'

/** What a panel shows of a question: the last answer, why there is none, and whether one is awaited. */
export class Question<T> {
  readonly answer: Signal<T | undefined> = signal(undefined)
  /** Of the last answer's question, not of the one that is awaited. */
  readonly problem: Signal<Problem | undefined> = signal(undefined)
  readonly isBusy: Signal<boolean> = signal(false)
  readonly #load: (path: string) => Promise<T>
  readonly #onAway: (error: unknown) => void
  #path: string | undefined
  #turn = 0

  /** @param onAway told when the server could not be asked; what was known stays */
  constructor(load: (path: string) => Promise<T>, onAway: (error: unknown) => void) {
    this.#load = load
    this.#onAway = onAway
  }

  get path(): string | undefined {
    return this.#path
  }

  /** Asks unless it is the same question; undefined: none, and no answer. */
  ask(path: string | undefined): void {
    if (path === this.#path) return
    this.#path = path
    if (path === undefined) {
      this.#turn += 1
      this.answer.value = undefined
      this.problem.value = undefined
      this.isBusy.value = false
    } else void this.again()
  }

  /** Puts a newer answer in the place of the one that is known, if there is one and none is awaited. */
  renew(path: string, newer: (answer: T) => T): void {
    const answer = this.answer.value
    if (path === this.#path && answer !== undefined && !this.isBusy.value) this.answer.value = newer(answer)
  }

  /** The same once more. */
  async again(): Promise<void> {
    const path = this.#path
    if (path === undefined) return
    this.#turn += 1
    const turn = this.#turn
    this.isBusy.value = true
    try {
      const answer = await this.#load(path)
      if (turn !== this.#turn) return
      this.answer.value = answer
      this.problem.value = undefined
      this.isBusy.value = false
    } catch (error) {
      if (turn !== this.#turn) return
      if (isAway(error)) this.#onAway(error)
      else {
        this.answer.value = undefined
        // Everything else is away.
        this.problem.value = (error as ProblemError).problem
        this.isBusy.value = false
      }
    }
  }
}

/** The server cannot be reached, or cannot answer now. */
function isAway(error: unknown): boolean {
  return !(error instanceof ProblemError) || error.problem.status >= 500 || error.problem.status === 429
}
