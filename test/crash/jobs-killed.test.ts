import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { NODE_FLAGS } from '../../scripts/node.mjs'
import { eventually, open, testKind, working } from '../../src/jobs/contract.ts'
import type { JobKind } from '../../src/jobs/kind.ts'
import type { Tables } from '../../src/store/sql/port.ts'
import { requires } from '../support/requires.ts'
import { pgliteFolder, pgliteTables, postgresPlace, postgresTables } from '../support/tables.ts'

interface Errand {
  readonly n: number
}

/** A process that hangs in the jobs 3 and 4 with 0 to 2 done and 5 waiting, killed there. */
async function killedWorker(
  t: TestContext,
  place: string,
  folder: string,
  kind: JobKind<Errand>,
): Promise<void> {
  const script = join(import.meta.dirname, 'job-worker.ts')
  const child = spawn(process.execPath, [...NODE_FLAGS, script, place, folder, kind.name])
  t.after(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  const said = await Promise.race([once(child.stdout, 'data'), exit])
  assert.match(String(said[0]), /^stuck/)
  child.kill('SIGKILL')
  await exit
}

/** What is left is done, that in which the process hung as a second try. */
async function assertDone(t: TestContext, tables: Tables, kind: JobKind<Errand>): Promise<void> {
  // Before the tables, whose hook comes first.
  await using jobs = open(t, tables, [kind])
  const { seen } = working(jobs, kind)
  const views = await eventually(
    jobs,
    kind,
    (all) => all.length > 0 && all.every(({ state }) => state === 'done'),
  )
  assert.equal(views.length, 6)
  assert.deepEqual(seen.sort(), [
    [3, 2],
    [4, 2],
    [5, 1],
  ])
}

test('[J12] the jobs of a process that was killed are done by the next one, and what it had done is not done again', async (t) => {
  const folder = await pgliteFolder(t)
  const kind = testKind({ timeoutSeconds: 1000 })
  await killedWorker(t, 'pglite:', folder, kind)
  await assertDone(t, pgliteTables(t, folder), kind)
})

test('[J12] the jobs of a process that was killed are done by others after its lease', {
  skip: requires('postgres'),
}, async (t) => {
  const place = postgresPlace(t)
  const tables = postgresTables(t, place)
  const kind = testKind({ timeoutSeconds: 1000 })
  const sender = open(t, tables, [kind])
  await sender.sendMany(
    kind,
    [0, 1, 2, 3, 4, 5].map((n) => ({ n })),
  )
  await killedWorker(t, `${place.url()}?schema=${place.schema}`, '', kind)
  await age(place.url(), `${place.schema}_jobs`)
  await assertDone(t, tables, kind)
})

/** A minute that nobody waits for: the process has not been heard of for so long. */
async function age(url: string, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rowCount } = await client.query(
    `update ${schema}.job set heartbeat_on = heartbeat_on - interval '70 seconds' where state = 'active'`,
  )
  await client.end()
  assert.equal(rowCount, 2)
}
