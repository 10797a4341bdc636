import { JOB_KINDS } from '../../src/app/jobs.ts'
import { SpateError } from '../../src/base/errors.ts'
import { LOST_FRAMES, type LostFrame } from '../../src/capture/place/lost-frames.ts'
import { openJobs } from '../../src/jobs/open.ts'
import { JOB_LIMITS } from '../../src/jobs/port.ts'
import { openTables } from '../../src/store/sql/open.ts'
import { TABLE_LIMITS } from '../../src/store/sql/port.ts'
import { eventually } from './capturing.ts'
import { PGLITE } from './tables.ts'

/** Makes dead letters of jobs for these frames, in a database that nobody has open, for this reason. */
export async function deadFrames(
  tablesFolder: string,
  frames: readonly LostFrame[],
  reason: string,
): Promise<void> {
  const onDiscarded = (): void => {}
  await using tables = openTables(PGLITE, tablesFolder, { limits: TABLE_LIMITS, onDiscarded })
  const limits = { ...JOB_LIMITS, pollMs: 50, gatherMs: 5 }
  await using jobs = openJobs(tables, JOB_KINDS, { limits, onError: () => {} })
  jobs.work(LOST_FRAMES, async () => {
    throw new SpateError('not-found', reason)
  })
  await jobs.sendMany(LOST_FRAMES, frames)
  jobs.start()
  const dead = async (): Promise<number | undefined> => (await jobs.counts()).get(LOST_FRAMES.name)?.dead
  await eventually('dead letters', async () => (await dead()) === frames.length)
}
