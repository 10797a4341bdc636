import { setTimeout as delay } from 'node:timers/promises'
import { messageOf, SpateError } from '../base/errors.ts'
import type { AnyKind } from './kind.ts'
import { type Handler, type JobLimits, MAX_REASON_CHARACTERS } from './port.ts'
import type { Attempt, Fetched, JobStore } from './store.ts'

/** Done but not written down yet; at so many nothing more is begun. */
const MAX_UNSETTLED = 1000
/** What a handler gets to notice that it was aborted. */
const ABORT_MS = 500
const RETRY_MS = 1000
const FREED_MS = 5

interface Running {
  readonly attempt: Attempt
  readonly abort: AbortController
}

/**
 * Does the jobs of one kind in this process.
 *
 *     fetch ──▶ running ──▶ done, waiting to be settled ──▶ settled
 *                  └─▶ failed: written down at once ─────────▶
 *
 * While the database is away what runs goes on, what is done waits to be settled, and nothing is begun. A job whose
 * settling comes after its lease was handed out again is left to who has it now.
 */
export class JobWorker {
  readonly #kind: AnyKind
  readonly #handler: Handler<object>
  readonly #store: () => Promise<JobStore>
  readonly #limits: JobLimits
  readonly #onError: (error: unknown) => void
  readonly #running = new Map<string, Running>()
  #done: Attempt[] = []
  readonly #stop = new AbortController()
  readonly #end = new SpateError('unavailable', 'the process ends')
  /** Resolved when there may be something to do. */
  #wake = Promise.withResolvers<void>()
  #freed = Promise.withResolvers<void>()
  #settling: Promise<void> | undefined
  readonly #loops: Promise<unknown>

  constructor(
    kind: AnyKind,
    handler: Handler<object>,
    store: () => Promise<JobStore>,
    limits: JobLimits,
    onError: (error: unknown) => void,
  ) {
    this.#kind = kind
    this.#handler = handler
    this.#store = store
    this.#limits = limits
    this.#onError = onError
    this.#loops = Promise.all([this.#fetching(), this.#touching()])
  }

  /** Jobs have been sent. */
  wake(): void {
    this.#wake.resolve()
  }

  /** No more is begun. Resolves once what runs has ended, or `limitMs` are over: that is aborted and given back. */
  async drain(limitMs: number): Promise<void> {
    this.#stop.abort()
    await this.#loops
    await this.#idle(limitMs)
    for (const { abort } of this.#running.values()) abort.abort(this.#end)
    await this.#idle(Number.POSITIVE_INFINITY)
    await this.#settling
    await this.#settleAll()
  }

  /** Whoever is aborted ends soon, so without a limit it ends, too. */
  async #idle(limitMs: number): Promise<void> {
    const over = Promise.withResolvers<'over'>()
    const timer = limitMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(over.resolve, limitMs, 'over')
    while (this.#running.size > 0) {
      this.#freed = Promise.withResolvers()
      if ((await Promise.race([over.promise, this.#freed.promise])) === 'over') break
    }
    clearTimeout(timer)
  }

  async #fetching(): Promise<void> {
    const { gatherMs, pollMs } = this.#limits
    while (!this.#stop.signal.aborted) {
      this.#wake = Promise.withResolvers()
      const free = this.#kind.concurrency - this.#running.size
      if (free <= 0 || this.#done.length >= MAX_UNSETTLED) {
        this.#freed = Promise.withResolvers()
        await Promise.race([this.#freed.promise, this.#pause(pollMs)])
        // Others end at the same time, and are replaced in one fetch.
        await this.#pause(FREED_MS)
        continue
      }
      const jobs = (await this.#tried(async () => (await this.#store()).fetch(this.#kind, free))) ?? []
      for (const job of jobs) void this.#run(job)
      if (jobs.length === free) continue
      // Spread, so that processes do not look all at once.
      const pause = new AbortController()
      await Promise.race([this.#wake.promise, this.#pause(pollMs * (0.75 + Math.random() / 2), pause.signal)])
      pause.abort()
      await this.#pause(gatherMs)
    }
  }

  async #run(job: Fetched): Promise<void> {
    const attempt = { id: job.id, retryCount: job.retryCount }
    const abort = new AbortController()
    this.#running.set(job.id, { attempt, abort })
    const { timeoutSeconds } = this.#kind
    const tooLong = new SpateError('unavailable', `took more than ${timeoutSeconds} s`)
    const timeout = setTimeout(() => abort.abort(tooLong), timeoutSeconds * 1000)
    const { signal } = abort
    const failure = await failureOf(signal, () =>
      this.#handler({ id: job.id, data: job.data, attempt: job.retryCount + 1, signal }),
    )
    clearTimeout(timeout)
    await this.#tried(() => this.#ended(attempt, failure))
    this.#running.delete(job.id)
    this.#freed.resolve()
  }

  async #ended(attempt: Attempt, failure: { readonly error: unknown } | undefined): Promise<void> {
    if (failure === undefined) {
      this.#done.push(attempt)
      this.#settling ??= this.#settleSoon()
      return
    }
    const store = await this.#store()
    if (failure.error === this.#end) return store.giveBack(this.#kind, [attempt])
    const isFinal = failure.error instanceof SpateError && !failure.error.retryable
    const reason = messageOf(failure.error).slice(0, MAX_REASON_CHARACTERS)
    await store.fail(this.#kind, attempt, reason, isFinal)
  }

  async #settleSoon(): Promise<void> {
    await this.#pause(this.#limits.gatherMs)
    await this.#settleAll()
    this.#settling = undefined
    this.#freed.resolve()
  }

  /** While the process is not to end it tries until it succeeds. */
  async #settleAll(): Promise<void> {
    while (this.#done.length > 0) {
      const done = this.#done.slice(0, MAX_UNSETTLED)
      try {
        await (await this.#store()).complete(this.#kind, done)
        this.#done = this.#done.slice(done.length)
      } catch (error) {
        this.#onError(error)
        if (this.#stop.signal.aborted) return
        await this.#pause(RETRY_MS)
      }
    }
  }

  async #touching(): Promise<void> {
    for (;;) {
      await this.#pause((this.#limits.leaseSeconds * 1000) / 3)
      if (this.#stop.signal.aborted) return
      const held = [...this.#running.values()]
      if (held.length === 0) continue
      const attempts = held.map(({ attempt }) => attempt)
      const still = await this.#tried(async () => (await this.#store()).touch(this.#kind, attempts))
      if (still === undefined) continue
      for (const { attempt, abort } of held) {
        if (!still.has(attempt.id)) abort.abort(new SpateError('gone', 'the job was given to somebody else'))
      }
    }
  }

  /** Undefined when it failed, which is said. */
  async #tried<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.#onError(error)
      return undefined
    }
  }

  /** Ends early when no more is to be begun. */
  async #pause(ms: number, signal?: AbortSignal): Promise<void> {
    const signals = signal === undefined ? [this.#stop.signal] : [this.#stop.signal, signal]
    await delay(ms, undefined, { signal: AbortSignal.any(signals) }).catch(() => {})
  }
}

/** Undefined if the handler did its work, aborted or not. One that is deaf to its signal is not waited for. */
async function failureOf(
  signal: AbortSignal,
  handler: () => Promise<void>,
): Promise<{ readonly error: unknown } | undefined> {
  const given = Promise.withResolvers<never>()
  let grace: NodeJS.Timeout | undefined
  signal.addEventListener(
    'abort',
    () => {
      grace = setTimeout(() => given.reject(signal.reason), ABORT_MS)
    },
    { once: true },
  )
  try {
    await Promise.race([handler(), given.promise])
    return undefined
  } catch (error) {
    return { error: signal.aborted ? signal.reason : error }
  } finally {
    clearTimeout(grace)
  }
}
