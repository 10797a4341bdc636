import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pgliteFolder, pgliteTables } from '../../test/support/tables.ts'
import { describeJobs, TEST_LIMITS, testKind, working } from './contract.ts'
import { openJobs } from './open.ts'

describeJobs('PGlite', { skip: false }, async (lifetime) =>
  pgliteTables(lifetime, await pgliteFolder(lifetime)),
)

test('[J13] jobs go on in a new database when theirs had to be removed', async (t) => {
  const discarded: string[] = []
  const tables = pgliteTables(t, await pgliteFolder(t), (reason) => discarded.push(reason))
  const kind = testKind()
  // Before the tables, whose hook comes first.
  await using jobs = openJobs(tables, [kind], { limits: TEST_LIMITS, onError: () => {} })
  const { seen, until } = working(jobs, kind)
  await jobs.send(kind, { n: 1 })
  await until(1)
  const { database } = tables
  assert.ok(database.kind === 'pglite')
  const damage = database.statement(
    "do $$ begin raise exception 'a page is damaged' using errcode = 'data_corrupted'; end $$",
  )
  await assert.rejects(damage, /a page is damaged/)
  while ((await jobs.send(kind, { n: 2 }).catch(() => 'again')) === 'again');
  await until(2)
  assert.deepEqual(discarded, ['it is damaged'])
  assert.deepEqual(seen, [
    [1, 1],
    [2, 1],
  ])
})
