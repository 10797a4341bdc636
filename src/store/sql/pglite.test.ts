import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { NODE_FLAGS } from '../../../scripts/node.mjs'
import { fillDisk } from '../../../test/support/ballast.ts'
import { requires } from '../../../test/support/requires.ts'
import { copyTemplate, PGLITE, pgliteFolder, pgliteTables } from '../../../test/support/tables.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { tmpfs } from '../../../test/support/tmpfs.ts'
import { allPixels, batchesOf, describeTables, PIXEL, paintings, STREAM } from './contract.ts'
import { openTables } from './open.ts'
import { PgliteFolder } from './pglite-folder.ts'
import { upsertPixels } from './pixels.ts'
import { TABLE_LIMITS, type Tables } from './port.ts'
import { project } from './projection.ts'

describeTables('PGlite', { skip: false }, async (t) => {
  const folder = await pgliteFolder(t)
  return { open: () => pgliteTables(t, folder) }
})

const fold = (tables: Tables): Promise<number> =>
  project(tables, paintings(1), (after) => batchesOf(STREAM, after))

/** A folder with the projection of the stream, and what is in it. */
async function folded(t: TestContext): Promise<{ folder: string; pixels: object[] }> {
  const folder = await pgliteFolder(t)
  await using tables = pgliteTables(t, folder)
  await fold(tables)
  const pixels = await allPixels(tables)
  assert.equal(pixels.length, 7)
  return { folder, pixels }
}

test('[D10] nothing is made or opened before the first use', async (t) => {
  const folder = join(tempFolder(t), 'tables')
  const tables = pgliteTables(t, folder)
  await tables[Symbol.asyncDispose]()
  assert.equal(existsSync(folder), false)
})

test('[D10] whoever can open tables and jobs has loaded no database', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const packages = new Set()
    registerHooks({
      load(url, context, next) {
        const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? []
        if (name !== undefined) packages.add(name)
        return next(url, context)
      },
    })
    const { openTables } = await import('./src/store/sql/open.ts')
    const { openJobs } = await import('./src/jobs/open.ts')
    openJobs(openTables({ kind: 'pglite' }, '/nowhere', {}), [], {})
    console.log(JSON.stringify([...packages]))`
  const root = join(import.meta.dirname, '../../..')
  const flags = [...NODE_FLAGS, '--input-type=module-typescript', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, flags, { cwd: root, encoding: 'utf8' })
  assert.equal(stdout, '[]\n', stderr)
})

test('[D11] a deleted database comes back the same', async (t) => {
  const { folder, pixels } = await folded(t)
  rmSync(folder, { recursive: true })
  await using tables = pgliteTables(t, folder)
  await fold(tables)
  assert.deepEqual(await allPixels(tables), pixels)
})

test('[D12] a database that was open when the machine stopped is made anew, and so is one half made or half removed', async (t) => {
  const { folder, pixels } = await folded(t)
  writeFileSync(join(folder, 'open'), 'another run of the machine')
  for (const name of ['database.new', 'database.old']) writeFileSync(join(folder, name), 'half')
  const reasons: string[] = []
  await using tables = pgliteTables(t, folder, (reason) => reasons.push(reason))
  assert.deepEqual(await allPixels(tables), [])
  assert.deepEqual(reasons, ['it was open when the machine stopped, and is not synced while it is open'])
  await fold(tables)
  assert.deepEqual(await allPixels(tables), pixels)
  assert.deepEqual(readdirSync(folder).sort(), ['database', 'open'])
})

test('[D12] the mark of an open database is there while it is open, and gone once it is closed', async (t) => {
  const folder = await pgliteFolder(t)
  {
    await using tables = pgliteTables(t, folder)
    await allPixels(tables)
    assert.ok(existsSync(join(folder, 'open')))
  }
  assert.deepEqual(readdirSync(folder), ['database'])
})

test('[D13] a database that does not open is noticed, said, and made anew', async (t) => {
  const { folder, pixels } = await folded(t)
  truncateSync(join(folder, 'database/global/pg_control'), 100)
  const reasons: string[] = []
  await using tables = pgliteTables(t, folder, (reason) => reasons.push(reason))
  assert.deepEqual(await allPixels(tables), [])
  assert.equal(reasons.length, 1)
  await fold(tables)
  assert.deepEqual(await allPixels(tables), pixels)
})

test('[D13] a database without its version, in which PGlite would make another one, is damaged', async (t) => {
  const folder = await pgliteFolder(t)
  rmSync(join(folder, 'database/PG_VERSION'))
  assert.equal(await new PgliteFolder(folder).prepare(), 'it is damaged')
})

test('[D13] a page that is damaged is noticed when it is read, and the tables are made anew', async (t) => {
  const { folder, pixels } = await folded(t)
  const file = await fileOfPixels(t, folder)
  const bytes = readFileSync(file)
  for (let i = 4000; i < 8192; i++) bytes[i]! ^= 0x55
  writeFileSync(file, bytes)
  const reasons: string[] = []
  await using tables = pgliteTables(t, folder, (reason) => reasons.push(reason))
  await assert.rejects(allPixels(tables), { code: 'unavailable', message: /made anew/ })
  assert.deepEqual(await allPixels(tables), [])
  assert.deepEqual(reasons, ['it is damaged'])
  await fold(tables)
  assert.deepEqual(await allPixels(tables), pixels)
})

async function fileOfPixels(t: TestContext, folder: string): Promise<string> {
  await using tables = pgliteTables(t, folder)
  const { rows } = await tables.read('find', (db) =>
    sql<{ path: string }>`select pg_relation_filepath('pixels') as path`.execute(db),
  )
  const file = join(folder, 'database', rows[0]?.path ?? '')
  assert.ok(statSync(file).isFile())
  return file
}

test('[D14] a statement that takes too long is ended, what waits behind it is told, and the next one works', async (t) => {
  const folder = await pgliteFolder(t)
  const limits = { ...TABLE_LIMITS, statementMs: 1500 }
  await using tables = openTables(PGLITE, folder, { limits, onDiscarded: (reason) => assert.fail(reason) })
  await tables.change('write', (db) => upsertPixels(db, [PIXEL]))
  const endless = tables.read('count', (db) =>
    sql`select count(*) from generate_series(1, 1e12::int8)`.execute(db),
  )
  const behind = allPixels(tables)
  await assert.rejects(endless, { code: 'unavailable', retryable: true, message: /1500 ms/ })
  await assert.rejects(behind, { code: 'unavailable' })
  assert.deepEqual(await allPixels(tables), [PIXEL])
})

test('[D15] a full disk refuses changes, leaves reading be, and takes them once there is room', {
  skip: requires('tmpfs'),
}, async (t) => {
  const disk = tmpfs(t, 256 << 20)
  const folder = join(disk, 'tables')
  await copyTemplate(folder)
  const tables = pgliteTables(t, folder)
  await tables.change('write', (db) => upsertPixels(db, [PIXEL]))
  const empty = fillDisk(disk)
  const write = (): Promise<void> => tables.change('write', (db) => upsertPixels(db, [{ ...PIXEL, x: 2 }]))
  await assert.rejects(write(), { code: 'storage-full', retryable: true })
  assert.deepEqual(await allPixels(tables), [PIXEL])
  empty()
  await write()
  assert.equal((await allPixels(tables)).length, 2)
})

test('[D20] a transaction in which nothing happens for too long is ended, and others go on', async (t) => {
  const limits = { ...TABLE_LIMITS, idleTransactionMs: 300 }
  await using tables = openTables(PGLITE, await pgliteFolder(t), {
    limits,
    onDiscarded: (reason) => assert.fail(reason),
  })
  await allPixels(tables)
  const idle = Promise.withResolvers<void>()
  const stuck = tables.change('write', async (db) => {
    await upsertPixels(db, [PIXEL])
    await idle.promise
    await upsertPixels(db, [{ ...PIXEL, x: 2 }])
  })
  const behind = allPixels(tables).catch(() => [])
  assert.deepEqual(await behind, [])
  await new Promise((resolve) => setTimeout(resolve, 500))
  idle.resolve()
  await assert.rejects(stuck, { code: 'unavailable', retryable: true })
  assert.deepEqual(await allPixels(tables), [])
})
