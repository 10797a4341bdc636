import { type Logger, pino } from 'pino'
import { SteadyClock, systemClock } from '../base/clock.ts'
import { messageOf, SpateError } from '../base/errors.ts'
import { openSourceFetch } from '../capture/source/fetch.ts'
import { openTables } from '../store/sql/open.ts'
import { TABLE_LIMITS } from '../store/sql/port.ts'
import type { Config } from './config.ts'
import { DataFolder } from './data-folder.ts'
import { openWork } from './jobs.ts'
import { openLastingLog } from './open-log.ts'

/**
 * Does jobs beside the servers that send them, and nothing else: for a log and a database that processes share. Ended in
 * order it gives back what it has not done.
 */
export class SpateWorker implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack

  private constructor(stack: AsyncDisposableStack) {
    this.#stack = stack
  }

  /** Errors: `invalid` for a log or database that only one process can have, `locked-data`, those of the stores. */
  static async start(
    config: Config,
    logger: Logger = pino({ level: config.logLevel }),
  ): Promise<SpateWorker> {
    const { log: place, db } = config
    if (typeof place === 'string' || db.kind !== 'postgres') throw new SpateError('invalid', NOT_SHARED)
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await DataFolder.claim(config.dataFolder))
    const clock = new SteadyClock(systemClock)
    const { archived: log, objects } = await openLastingLog(place, config, folder.path, clock, stack)
    const onDiscarded = (): void => {}
    const tables = stack.use(openTables(db, '', { limits: TABLE_LIMITS, onDiscarded }))
    const onError = (error: unknown): void => {
      logger.warn({ reason: messageOf(error) }, 'jobs: tried again')
    }
    const work = { log, objects, tables, clock, onError }
    const jobs = stack.use(openWork({ ...work, fetch: openSourceFetch() }))
    // A database that is not there now is said to who starts this.
    await jobs.counts()
    jobs.start()
    return new SpateWorker(stack.move())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

const NOT_SHARED =
  'spate work shares a log and a database with servers: SPATE_LOG=kafka://… and SPATE_DB=postgres://…; ' +
  'with any others the server does its jobs itself'
