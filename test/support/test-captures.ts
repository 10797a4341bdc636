import { openWork } from '../../src/app/jobs.ts'
import { Captures, type CapturesServices } from '../../src/capture/captures.ts'
import { openSourceSocket } from '../../src/capture/place/socket.ts'
import { openSourceFetch } from '../../src/capture/source/fetch.ts'
import type { Jobs } from '../../src/jobs/port.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'
import { openTables } from '../../src/store/sql/open.ts'
import { TABLE_LIMITS } from '../../src/store/sql/port.ts'
import { PGLITE } from './tables.ts'
import { type Lifetime, tempFolder } from './tmp.ts'

type Given = Pick<CapturesServices, 'log' | 'kv' | 'boards' | 'players' | 'clock' | 'onError' | 'onStopped'>

export interface TestCaptures {
  readonly captures: Captures
  readonly jobs: Jobs
}

/** Captures and jobs of a server of the test's, ended with the test. No database is opened before one is wanted. */
export async function openTestCaptures(
  t: Lifetime,
  given: Given,
  folder = tempFolder(t),
): Promise<TestCaptures> {
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  const tables = stack.use(
    openTables(PGLITE, `${folder}/tables`, { limits: TABLE_LIMITS, onDiscarded: () => {} }),
  )
  const objects = stack.use(FolderObjects.open(`${folder}/objects`))
  const shared = { log: given.log, clock: given.clock, objects, tables, fetch: openSourceFetch() }
  const jobs = stack.use(openWork({ ...shared, onError: () => {} }))
  const captures = stack.use(
    await Captures.open({
      ...given,
      ...shared,
      jobs,
      random: Math.random,
      openSocket: openSourceSocket,
      freeBytes: async () => Number.POSITIVE_INFINITY,
      folder: `${folder}/captures`,
    }),
  )
  return { captures, jobs }
}
