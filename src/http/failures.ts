import type { Logger } from 'pino'
import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import type { ProblemDocument } from './problem.ts'

/** The same failure is logged no more often than this, with a count: a full disk fails every write. */
const LOG_AGAIN_AFTER_MS = 10_000

interface Reported {
  untilMs: number
  suppressed: number
}

/** Counts every problem that was answered, and tells the operator of those that are the server's own. */
export class Failures {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #reported = new Map<string, Reported>()
  /** Problems answered, by code. */
  readonly counts = new Map<string, number>()

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  answered({ code, status }: ProblemDocument, error: unknown): void {
    this.counts.set(code, (this.counts.get(code) ?? 0) + 1)
    if (status < 500) return
    if (!(error instanceof SpateError)) {
      this.#logger.error(error)
      return
    }
    const nowMs = this.#clock.elapsedMs()
    const before = this.#reported.get(code)
    if (before !== undefined && nowMs < before.untilMs) {
      before.suppressed += 1
      return
    }
    this.#reported.set(code, { untilMs: nowMs + LOG_AGAIN_AFTER_MS, suppressed: 0 })
    const again = before === undefined ? {} : { suppressed: before.suppressed }
    this.#logger.warn({ code, err: error, ...again }, 'requests are failing')
  }
}
