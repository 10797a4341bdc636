import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { NODE_ENV, NODE_FLAGS } from '../../scripts/node.mjs'
import { ArchiveReader } from '../../src/archive/reader.ts'
import { verifyArchive } from '../../src/archive/verify.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { CrashPoint } from '../../src/base/crash.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { START } from '../../src/log/port.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'
import { plain } from '../support/archive.ts'
import { tempFolder } from '../support/tmp.ts'

const STREAM = 'board/a'
const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
const POINTS: readonly CrashPoint[] = ['seal.before-segment', 'seal.before-entry', 'seal.after-entry']

async function seal(
  folder: string,
  crashAt: string,
): Promise<{ code: number | null; signal: string | null }> {
  const child = spawn(process.execPath, [...NODE_FLAGS, join(import.meta.dirname, 'sealing.ts'), folder], {
    env: { ...NODE_ENV, PATH: process.env.PATH ?? '', SPATE_CRASH_AT: crashAt },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code, signal] = await once(child, 'exit')
  return { code, signal }
}

test('[A8] a sealer that is killed at any point of it leaves a whole chain, and the next one goes on', async (t) => {
  const folder = tempFolder(t)
  {
    await using log = LmdbLog.open(join(folder, 'log'), systemClock)
    for (let i = 0; i < 60; i++) {
      await log.append(STREAM, [{ type: 7, body: new Uint8Array(100).fill(i) }])
    }
  }
  const objects = FolderObjects.open(join(folder, 'objects'))
  let sealed = 0
  for (const point of POINTS) {
    assert.deepEqual(await seal(folder, `${point}:2`), { code: null, signal: 'SIGKILL' }, point)
    const { flaws, records } = await verifyArchive(objects, () => {})
    assert.deepEqual(flaws, [])
    assert.ok(records > sealed, `${records} records after ${point}`)
    sealed = records
  }
  assert.deepEqual(await seal(folder, ''), { code: 0, signal: null })
  await using log = LmdbLog.open(join(folder, 'log'), systemClock)
  const archived = await new ArchiveReader(objects).read(STREAM, START, ALL)
  assert.deepEqual(plain(archived), plain(await log.read(STREAM, START, ALL)))
  assert.deepEqual((await verifyArchive(objects, () => {})).flaws, [])
})
