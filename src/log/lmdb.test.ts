import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { tempFolder } from '../../test/support/tmp.ts'
import { systemClock } from '../base/clock.ts'
import { describeLog, record } from './contract.ts'
import { LmdbLog } from './lmdb.ts'
import { START } from './port.ts'

const ALL = { records: 1e9, bytes: 1e9 }

async function openIn(t: TestContext, folder: string): Promise<LmdbLog> {
  const log = LmdbLog.open(folder, systemClock)
  t.after(() => log[Symbol.asyncDispose]())
  return log
}

describeLog('lmdb', async (t, clock) => {
  const log = LmdbLog.open(await tempFolder(t), clock)
  t.after(() => log[Symbol.asyncDispose]())
  return log
})

it('[L13] a log opened again goes on where it ended', async (t) => {
  const folder = await tempFolder(t)
  const before = await openIn(t, folder)
  const written = await before.append('board/a', [record('1'), record('2')])
  await before[Symbol.asyncDispose]()
  const after = await openIn(t, folder)
  assert.equal(await after.head('board/a'), written[1])
  const [next] = await after.append('board/a', [record('3')])
  assert.equal(next, (written[1] ?? START) + 1)
  assert.equal((await after.read('board/a', START, ALL)).length, 3)
})

it('[L11] what was given up is known after a restart, and its records stay away', async (t) => {
  const folder = await tempFolder(t)
  const before = await openIn(t, folder)
  const many = Array.from({ length: 25_000 }, (_, i) => record(`${i}`))
  const positions = await before.append('board/a', many)
  await before.trim('board/a', positions[20_000] ?? START)
  await before.trim('board/a', positions[10] ?? START)
  await before[Symbol.asyncDispose]()
  const after = await openIn(t, folder)
  assert.equal(await after.trimmed('board/a'), positions[20_000])
  assert.equal((await after.read('board/a', START, ALL)).length, 4_999)
  await after.trim('board/a', positions[24_999] ?? START)
  assert.equal(await after.trimmed('board/a'), positions[24_998])
  assert.equal((await after.read('board/a', START, ALL)).length, 1)
})

it('[L14] appends under way at disposal are finished', async (t) => {
  const folder = await tempFolder(t)
  const log = await openIn(t, folder)
  const appended = Promise.all(Array.from({ length: 50 }, () => log.append('board/a', [record('x')])))
  await log[Symbol.asyncDispose]()
  await appended
  const again = await openIn(t, folder)
  assert.equal((await again.read('board/a', START, ALL)).length, 50)
})
