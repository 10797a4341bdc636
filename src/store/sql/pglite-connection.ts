import { Worker } from 'node:worker_threads'
import { messageOf, SpateError } from '../../base/errors.ts'
import type { Answer, Question, ThreadSettings } from './pglite-thread.ts'
import type { TableLimits } from './port.ts'

export interface Rows {
  readonly rows: unknown[]
  readonly affected: number
}

/** As the database says it, with its SQLSTATE where there is one. */
export class PgliteError extends Error {
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.code = code
  }
}

/** A first start makes some 1,000 files; a start after a kill replays up to 64 MiB. */
const OPEN_MS = 120_000
const CLOSE_MS = 30_000
/** Who may wait for their turn. */
const MAX_WAITING = 1000

/**
 * The one connection that PGlite has, in a thread. Whoever uses it takes a turn: for a statement, or for a transaction
 * from its begin to its end; turns come in the order in which they were asked for.
 *
 * A statement that takes too long ends the thread, for there is no other way to end it; a turn in which nothing is
 * asked for too long does, too, as it keeps everybody waiting. From then on, as when the thread dies by itself,
 * everything is refused as `unavailable`: the connection is lost.
 */
export class PgliteConnection {
  readonly #worker: Worker
  readonly #limits: TableLimits
  readonly #waiting = new Map<number, PromiseWithResolvers<Rows>>()
  #nextId = 1
  /** Who waits for the turn, while somebody has it. */
  #queue: PromiseWithResolvers<void>[] = []
  #isTaken = false
  /** Why nothing can be asked any more. */
  #lost: SpateError | undefined
  /** Runs while somebody has the turn and asks nothing. */
  #idle: NodeJS.Timeout | undefined

  private constructor(settings: ThreadSettings, limits: TableLimits) {
    this.#limits = limits
    this.#worker = new Worker(new URL('./pglite-thread.ts', import.meta.url), {
      workerData: settings,
      name: 'tables',
    })
    this.#worker.on('message', (answer: Answer) => this.#answered(answer))
    this.#worker.on('error', (error) => this.#lose(messageOf(error)))
    this.#worker.on('exit', () => this.#lose('its thread ended'))
  }

  /** Errors: PgliteError with what the database said, SpateError `unavailable`. */
  static async open(settings: ThreadSettings, limits: TableLimits): Promise<PgliteConnection> {
    const connection = new PgliteConnection(settings, limits)
    try {
      await connection.#answerTo(0, OPEN_MS, 'it did not open')
    } catch (error) {
      await connection.#worker.terminate()
      throw error
    }
    // From here on it is each question that keeps the process alive.
    connection.#worker.unref()
    return connection
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** Resolves with the end of the turn once it has begun. Errors: `overloaded`, `unavailable`. */
  async turn(): Promise<() => void> {
    if (this.#lost !== undefined) throw this.#lost
    if (this.#queue.length >= MAX_WAITING)
      throw new SpateError('overloaded', 'too much is asked of the tables')
    if (this.#isTaken) {
      const own = Promise.withResolvers<void>()
      this.#queue.push(own)
      await own.promise
    }
    this.#isTaken = true
    this.#startIdle()
    return () => {
      clearTimeout(this.#idle)
      const next = this.#queue.shift()
      if (next === undefined) this.#isTaken = false
      else next.resolve()
    }
  }

  #startIdle(): void {
    const { idleTransactionMs } = this.#limits
    this.#idle = setTimeout(
      () => this.#end(`a transaction was idle for ${idleTransactionMs} ms`),
      idleTransactionMs,
    )
    this.#idle.unref()
  }

  /** Only within a turn. Without values the text may be several statements. */
  async ask(text: string, values: readonly unknown[] | undefined): Promise<Rows> {
    clearTimeout(this.#idle)
    const { statementMs } = this.#limits
    try {
      return await this.#ask(text, values, statementMs, `a statement took more than ${statementMs} ms`)
    } finally {
      this.#startIdle()
    }
  }

  async #ask(
    text: string | null,
    values: readonly unknown[] | undefined,
    limitMs: number,
    tooLate: string,
  ): Promise<Rows> {
    if (this.#lost !== undefined) throw this.#lost
    const id = this.#nextId++
    this.#worker.ref()
    const question: Question = { id, text, values }
    this.#worker.postMessage(question)
    return this.#answerTo(id, limitMs, tooLate)
  }

  async #answerTo(id: number, limitMs: number, tooLate: string): Promise<Rows> {
    const answer = Promise.withResolvers<Rows>()
    this.#waiting.set(id, answer)
    const limit = setTimeout(() => this.#end(tooLate), limitMs)
    try {
      return await answer.promise
    } finally {
      clearTimeout(limit)
      if (this.#waiting.size === 0) this.#worker.unref()
    }
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('rows' in answer) waiting?.resolve(answer)
    else waiting?.reject(new PgliteError(answer.message, answer.state))
  }

  #end(reason: string): void {
    this.#lose(reason)
    void this.#worker.terminate()
  }

  #lose(reason: string): void {
    if (this.#lost !== undefined) return
    clearTimeout(this.#idle)
    this.#lost = new SpateError('unavailable', `the tables are opened again: ${reason}`)
    for (const { reject } of [...this.#waiting.values(), ...this.#queue]) reject(this.#lost)
    this.#waiting.clear()
    this.#queue = []
  }

  /** Whether the database was closed in order. */
  async close(): Promise<boolean> {
    try {
      await this.turn()
      await this.#ask(null, undefined, CLOSE_MS, 'it did not close')
      return true
    } catch {
      return false
    } finally {
      this.#lose('they were closed')
      await this.#worker.terminate()
    }
  }
}
