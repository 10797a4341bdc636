/**
 * A process that does jobs until it is killed: `node job-worker.ts PLACE FOLDER KIND`. It does those below 3, and
 * hangs in the others. With PGlite it sends them itself, for nobody else can.
 */
import { jobKind } from '../../src/jobs/kind.ts'
import { openJobs } from '../../src/jobs/open.ts'
import { JOB_LIMITS } from '../../src/jobs/port.ts'
import { openTables } from '../../src/store/sql/open.ts'
import { parseTablesPlace } from '../../src/store/sql/place.ts'
import { TABLE_LIMITS } from '../../src/store/sql/port.ts'

const [placeText = '', folder = '', name = ''] = process.argv.slice(2)
const place = parseTablesPlace(placeText)
const onError = (error: unknown): never => {
  throw error
}
const tables = openTables(place, folder, { limits: TABLE_LIMITS, onDiscarded: onError })
const kind = jobKind<{ n: number }>(name, { concurrency: 2, timeoutSeconds: 1000, backoffSeconds: 1 })
const jobs = openJobs(tables, [kind], { limits: { ...JOB_LIMITS, pollMs: 100 }, onError })
if (place.kind === 'pglite') {
  await jobs.sendMany(
    kind,
    [0, 1, 2, 3, 4, 5].map((n) => ({ n })),
  )
}
jobs.work(kind, async ({ data }) => {
  if (data.n >= 3) await new Promise(() => {})
})
jobs.start()
for (;;) {
  const views = await jobs.list({ kind: name, state: undefined, limit: 9 })
  const count = (state: string): number => views.filter((view) => view.state === state).length
  if (count('done') === 3 && count('running') === 2) console.log('stuck')
  await new Promise((resolve) => setTimeout(resolve, 50))
}
