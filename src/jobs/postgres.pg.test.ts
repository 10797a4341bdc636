import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requires } from '../../test/support/requires.ts'
import { ownPostgres, postgresPlace, postgresTables } from '../../test/support/tables.ts'
import { SpateError } from '../base/errors.ts'
import { describeJobs, eventually, open, TEST_LIMITS, testKind } from './contract.ts'
import { openJobs } from './open.ts'

const skip = requires('postgres')

describeJobs('Postgres', { skip }, async (lifetime) => postgresTables(lifetime, postgresPlace(lifetime)))

test('[J14] while the server is away nothing is begun and what is done is kept in mind; then all goes on', {
  skip,
}, async (t) => {
  const own = await ownPostgres(t)
  await using tables = postgresTables({ after: () => {} }, own.place)
  const kind = testKind({ concurrency: 4 })
  const away = Promise.withResolvers<void>()
  const errors: unknown[] = []
  const onError = (error: unknown): void => {
    errors.push(error)
    away.resolve()
  }
  await using jobs = openJobs(tables, [kind], { limits: TEST_LIMITS, onError })
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const seen: number[] = []
  jobs.work(kind, async ({ data }) => {
    if (seen.push(data.n) === 4) begun.resolve()
    await end.promise
  })
  jobs.start()
  await jobs.sendMany(
    kind,
    [0, 1, 2, 3, 4, 5].map((n) => ({ n })),
  )
  await begun.promise
  await own.kill()
  end.resolve()
  await away.promise
  await assert.rejects(jobs.send(kind, { n: 6 }), { code: 'unavailable', retryable: true })
  assert.equal(seen.length, 4)
  await own.start()
  await eventually(jobs, kind, (views) => views.length === 6 && views.every(({ state }) => state === 'done'))
  assert.deepEqual(seen.sort(), [0, 1, 2, 3, 4, 5])
  const codes = errors.map((error) => error instanceof SpateError && error.code)
  assert.deepEqual([...new Set(codes)], ['unavailable'])
})

test('[J15] jobs that a later release has changed are refused', { skip }, async (t) => {
  const tables = postgresTables(t, postgresPlace(t))
  const kind = testKind()
  {
    await using jobs = open(t, tables, [kind])
    await jobs.send(kind, { n: 1 })
  }
  const { database } = tables
  assert.ok(database.kind === 'postgres')
  await tables.change('change', async (db) => {
    // The version is pg-boss's, no table of the schema.
    const boss = db.withSchema(`${database.schema}_jobs`).withTables<{ version: { version: number } }>()
    await boss.updateTable('version').set({ version: 1000 }).execute()
  })
  const refused = { code: 'newer-version', retryable: false }
  await assert.rejects(open(t, tables, [kind]).counts(), refused)
})
