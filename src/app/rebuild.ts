import { join } from 'node:path'
import { SteadyClock, systemClock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { capturedKind } from '../capture/captured-stream.ts'
import { sendLost } from '../capture/place/lost-frames.ts'
import { captureStream } from '../capture/records.ts'
import { captureTables } from '../capture/tables.ts'
import { openJobs } from '../jobs/open.ts'
import { JOB_LIMITS, type Jobs } from '../jobs/port.ts'
import { FOLLOW_LIMIT, type Log, type LogRecord, positionOf } from '../log/port.ts'
import { openTables } from '../store/sql/open.ts'
import { TABLE_LIMITS, type Tables } from '../store/sql/port.ts'
import { project, reset } from '../store/sql/projection.ts'
import type { Config } from './config.ts'
import { DataFolder } from './data-folder.ts'
import { JOB_KINDS } from './jobs.ts'
import { openLastingLog } from './open-log.ts'

const PREFIX = 'capture/'

export interface RebuildProgress {
  begin(capture: string, head: number): void
  reached(position: number): void
  end(): void
}

/**
 * Makes the tables of captures anew from their streams: of those named, or of all. Resolves with their names. Jobs that
 * wait stay; those that a lost database took with it are made again. Errors: `locked-data` while a server has the
 * folder, `not-found`, `invalid` for a log in memory, those of the stores.
 */
export async function rebuildTables(
  config: Config,
  named: readonly string[],
  progress: RebuildProgress,
): Promise<string[]> {
  if (config.log === 'memory') throw new SpateError('invalid', 'a log in memory ended with its server')
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await DataFolder.claim(config.dataFolder))
  const clock = new SteadyClock(systemClock)
  const { archived: log } = await openLastingLog(config.log, config, folder.path, clock, stack)
  const onDiscarded = (): void => {}
  const path = join(folder.path, 'state', 'tables')
  const tables = stack.use(openTables(config.db, path, { limits: TABLE_LIMITS, onDiscarded }))
  // None is done here, so nothing fails that nobody waits for.
  const jobs = stack.use(openJobs(tables, JOB_KINDS, { limits: JOB_LIMITS, onError: () => {} }))
  const captures = await capturesIn(log, named)
  for (const capture of captures) await rebuild(capture, log, tables, jobs, progress)
  return captures
}

async function capturesIn(log: Log, named: readonly string[]): Promise<string[]> {
  const streams = (await log.streams()).filter((stream) => stream.startsWith(PREFIX))
  const all = streams.map((stream) => stream.slice(PREFIX.length)).sort()
  for (const name of named) {
    if (!all.includes(name))
      throw new SpateError('not-found', `the log has no capture ${JSON.stringify(name)}`)
  }
  const wanted = named.length > 0 ? named : all
  const kinds = await Promise.all(wanted.map((name) => capturedKind(log, name)))
  return wanted.filter((_, i) => kinds[i] !== 'feed')
}

async function rebuild(
  capture: string,
  log: Log,
  tables: Tables,
  jobs: Jobs,
  progress: RebuildProgress,
): Promise<void> {
  const projection = captureTables(capture)
  const stream = captureStream(capture)
  progress.begin(capture, await log.head(stream))
  try {
    await reset(tables, projection)
    await project(tables, projection, (after) => batches(after))
  } finally {
    progress.end()
  }

  async function* batches(after: number): AsyncGenerator<LogRecord[]> {
    for (let at = positionOf(after); ; ) {
      const records = await log.read(stream, at, FOLLOW_LIMIT)
      const last = records.at(-1)
      if (last === undefined) return
      await sendLost(jobs, capture, records)
      yield records
      at = last.position
      progress.reached(at)
    }
  }
}
