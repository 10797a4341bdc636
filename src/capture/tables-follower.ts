import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import type { Jobs } from '../jobs/port.ts'
import type { Log, LogRecord, Position } from '../log/port.ts'
import { cellHistory } from '../store/sql/pixels.ts'
import type { Tables } from '../store/sql/port.ts'
import { project } from '../store/sql/projection.ts'
import type { PixelRow, UrlStatus } from '../store/sql/schema.ts'
import { countUrls } from '../store/sql/urls.ts'
import { sendLost } from './place/lost-frames.ts'
import { captureStream } from './records.ts'
import { pause } from './room.ts'
import { captureTables } from './tables.ts'

/** Between two changes of the tables while a capture is live: what comes meanwhile is one change. */
const GATHER_MS = 1000
/** A batch of so many records has more behind it. */
const MANY_RECORDS = 256
const FIRST_RETRY_MS = 1000
const MOST_RETRY_MS = 60_000
/** What a question waits for rows that are on their way. */
const SETTLE_MS = 5000

export interface TablesFollowerServices {
  readonly log: Pick<Log, 'follow' | 'head'>
  readonly tables: Tables
  readonly clock: Clock
  readonly random: () => number
  readonly jobs: Pick<Jobs, 'sendMany'>
  /** Told of each failure; it is tried again. */
  readonly onError: (error: unknown) => void
}

/**
 * Keeps the tables of a capture up to its stream, at most a second behind while nothing fails. What fails is tried again
 * for ever: the stream has it all, so nothing waits for the tables.
 *
 * Frames that were given up become jobs before the tables know of them, so jobs that went with a database are made again
 * with its tables.
 */
export class TablesFollower implements AsyncDisposable {
  readonly #name: string
  readonly #services: TablesFollowerServices
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #position = 0
  /** Why the last try failed, until one does not. */
  failure: SpateError | undefined
  #hurry = Promise.withResolvers<void>()
  #moved = Promise.withResolvers<void>()

  constructor(name: string, services: TablesFollowerServices) {
    this.#name = name
    this.#services = services
    this.#running = this.#run()
  }

  /** Of the last record whose rows are there. */
  get position(): number {
    return this.#position
  }

  /** Who changed a cell when, as far as the source told, the latest first. Errors: those of `settled` and the tables. */
  async history(x: number, y: number, limit: number): Promise<PixelRow[]> {
    await this.settled()
    return this.#services.tables.read('look a pixel up', (db) => cellHistory(db, this.#name, x, y, limit))
  }

  /** What became of the frames that were named. Errors: those of `settled` and the tables. */
  async urls(): Promise<Record<UrlStatus, number>> {
    await this.settled()
    return this.#services.tables.read('count addresses', (db) => countUrls(db, this.#name))
  }

  /** Resolves when all that the stream holds now is in the tables. Errors: `unavailable` if that takes long. */
  async settled(): Promise<void> {
    const { log, clock } = this.#services
    const head = await log.head(captureStream(this.#name))
    const late = new AbortController()
    const cancel = clock.after(SETTLE_MS, () => late.abort())
    try {
      while (this.#position < head && !this.#stop.signal.aborted) {
        if (late.signal.aborted) throw this.#late(head)
        this.#hurry.resolve()
        const moved = this.#moved.promise
        await Promise.race([moved, pause(clock, SETTLE_MS, late.signal)])
      }
    } finally {
      cancel()
      late.abort()
    }
  }

  #late(head: Position): SpateError {
    const reason = this.failure === undefined ? '' : `: ${this.failure.message}`
    const message = `the tables of ${this.#name} are at ${this.#position} of ${head}${reason}`
    return new SpateError('unavailable', message, { cause: this.failure })
  }

  async #run(): Promise<void> {
    const { tables, clock, random, onError } = this.#services
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; ) {
      const before = this.#position
      try {
        await project(tables, captureTables(this.#name), (after) => this.#batches(after as Position))
      } catch (cause) {
        if (signal.aborted) return
        if (this.#position > before) failures = 0
        failures += 1
        onError(cause)
        this.failure =
          cause instanceof SpateError ? cause : new SpateError('corrupt', 'rows cannot be made', { cause })
        await pause(clock, backoffMs(failures, FIRST_RETRY_MS, MOST_RETRY_MS, random()), signal)
      }
    }
  }

  /** Asked for the next batch, the projection has applied the one before. */
  async *#batches(after: Position): AsyncGenerator<LogRecord[]> {
    const { log, jobs } = this.#services
    this.#reached(after)
    for await (const records of log.follow(captureStream(this.#name), after, this.#stop.signal)) {
      await sendLost(jobs, this.#name, records)
      yield records
      this.#reached(records.at(-1)?.position ?? after)
      if (records.length < MANY_RECORDS) await this.#gather()
    }
  }

  #reached(position: number): void {
    this.#position = position
    this.failure = undefined
    this.#moved.resolve()
    this.#moved = Promise.withResolvers<void>()
  }

  async #gather(): Promise<void> {
    this.#hurry = Promise.withResolvers<void>()
    const over = new AbortController()
    this.#hurry.promise.then(() => over.abort())
    await pause(this.#services.clock, GATHER_MS, AbortSignal.any([over.signal, this.#stop.signal]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}
