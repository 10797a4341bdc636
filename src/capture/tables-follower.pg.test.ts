import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { caughtUp, TestCapture } from '../../test/support/captures.ts'
import { FakePlace } from '../../test/support/fake-place.ts'
import { requires } from '../../test/support/requires.ts'
import { ownPostgres, pgliteFolder, postgresTables } from '../../test/support/tables.ts'
import { systemClock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { openJobs } from '../jobs/open.ts'
import { JOB_LIMITS } from '../jobs/port.ts'
import { openTables } from '../store/sql/open.ts'
import { TABLE_LIMITS, type Tables } from '../store/sql/port.ts'
import { LOST_FRAMES } from './place/lost-frames.ts'
import { TablesFollower } from './tables-follower.ts'

interface Harm {
  /** Resolves once the database is away. */
  readonly harm: () => Promise<void>
  /** @param noticed resolves once something failed for it */
  readonly mend: (noticed: Promise<void>) => Promise<void>
}

/** A capture goes on while its database is away; then the tables hold all, and what was lost meanwhile is a job. */
async function survives(t: TestContext, tables: Tables, { harm, mend }: Harm): Promise<void> {
  const source = await FakePlace.open(t)
  const capture = await TestCapture.open(t, source, { downloadTries: 1 })
  const errors: unknown[] = []
  let failed = Promise.withResolvers<void>()
  const onError = (error: unknown): void => {
    errors.push(error)
    failed.resolve()
  }
  await using jobs = openJobs(tables, [LOST_FRAMES], { limits: JOB_LIMITS, onError })
  const services = { log: capture.log, tables, jobs, clock: systemClock, random: () => 0.5, onError }
  await using follower = new TablesFollower('place', services)
  await capture.connected()
  await source.tick(0)
  await capture.settled()
  await caughtUp(follower)
  const before = await follower.urls()
  assert.deepEqual([before.waiting, before.failed], [0, 0])

  failed = Promise.withResolvers<void>()
  await harm()
  await source.tickWithFault(0, 500)
  const last = await source.tick(0)
  await capture.settled()
  assert.deepEqual(capture.shown(), source.colors(last))
  await mend(failed.promise)
  const { stored } = capture.canvas()!.counts
  await caughtUp(follower)
  assert.deepEqual(await follower.urls(), { ...before, stored, failed: 1 })
  const waiting = await jobs.list({ kind: undefined, state: 'waiting', limit: 10 })
  assert.equal(waiting.length, 1)
  assert.ok(errors.every((error) => error instanceof SpateError && error.retryable))
  assert.deepEqual(capture.stops, [])
}

test('[K24] a Postgres that goes away and comes back holds nothing up, and has all in the end', {
  skip: requires('postgres'),
}, async (t) => {
  const own = await ownPostgres(t)
  await using tables = postgresTables({ after: () => {} }, own.place)
  await survives(t, tables, { harm: () => own.kill(), mend: (noticed) => noticed.then(() => own.start()) })
})

test('[K24] a database in a thread that ends holds nothing up, and has all in the end', async (t) => {
  const limits = { ...TABLE_LIMITS, statementMs: 2000 }
  const folder = await pgliteFolder(t)
  await using tables = openTables({ kind: 'pglite' }, folder, {
    limits,
    onDiscarded: (reason) => assert.fail(reason),
  })
  const { database } = tables
  assert.ok(database.kind === 'pglite')
  let ended: Promise<void> | undefined
  await survives(t, tables, {
    harm: async () => {
      const endless = database.statement('select count(*) from generate_series(1, 1e12::int8)')
      ended = assert.rejects(endless)
    },
    mend: () => ended ?? assert.fail('nothing was asked'),
  })
})
