import { type Signal, signal } from '@preact/signals'
import {
  type JobsAnswer,
  type JobsAsked,
  jobsOf,
  type Settling,
  settleAllJobs,
  settleJobs,
} from '../../../src/client/jobs.ts'
import { sentenceOf } from '../words/problems.ts'
import type { Organiser } from './organiser.ts'

/** Between two looks. */
const LOOK_MS = 4000

/** The jobs that the organiser sees. Nothing is asked for anybody else. */
export class JobsList {
  readonly answer: Signal<JobsAnswer | undefined> = signal(undefined)
  readonly asked: Signal<JobsAsked> = signal({})
  /** Why they are not known. */
  readonly trouble: Signal<string | undefined> = signal(undefined)
  readonly #organiser: Organiser
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #looks = 0

  constructor(organiser: Organiser) {
    this.#organiser = organiser
  }

  ask(asked: JobsAsked): void {
    this.asked.value = asked
    void this.look()
  }

  /** If it is time. */
  async lookInTime(): Promise<void> {
    if (!this.#organiser.isIn.peek()) this.forget()
    else if (performance.now() - this.#lookedAtMs >= LOOK_MS) await this.look()
  }

  /** Of looks that overlap the last one counts. */
  async look(): Promise<void> {
    const { api } = this.#organiser
    const look = ++this.#looks
    const isLast = (): boolean => look === this.#looks && api === this.#organiser.api
    this.#lookedAtMs = Number.POSITIVE_INFINITY
    try {
      const answer = await jobsOf(api, this.asked.peek())
      if (!isLast()) return
      this.answer.value = answer
      this.trouble.value = undefined
    } catch (error) {
      if (!this.#organiser.refused(api, error) && isLast()) this.trouble.value = sentenceOf(error)
    } finally {
      if (look === this.#looks) this.#lookedAtMs = performance.now()
    }
  }

  forget(): void {
    this.#looks += 1
    this.#lookedAtMs = Number.NEGATIVE_INFINITY
    this.answer.value = undefined
    this.trouble.value = undefined
  }

  /** Resolves with how many were. Errors: those of the server. */
  async settle(how: Settling, ids: readonly string[]): Promise<number> {
    const count = await settleJobs(this.#organiser.api, how, ids)
    await this.look()
    return count
  }

  /** All that failed, of the chosen capture if one is. Errors: those of the server. */
  async retryFailed(): Promise<number> {
    const { capture } = this.asked.peek()
    const count = await settleAllJobs(this.#organiser.api, 'retry', { capture })
    await this.look()
    return count
  }
}
