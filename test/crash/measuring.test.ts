import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { NODE_ENV, NODE_FLAGS } from '../../scripts/node.mjs'
import { systemClock } from '../../src/base/clock.ts'
import type { CrashPoint } from '../../src/base/crash.ts'
import { Canvas } from '../../src/boards/canvas/canvas.ts'
import { Changes } from '../../src/boards/canvas/changes.ts'
import { Strokes } from '../../src/boards/canvas/strokes.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { type LogRecord, START } from '../../src/log/port.ts'
import { LmdbMeterStore } from '../../src/meters/lmdb.ts'
import { Measurer } from '../../src/stats/measurer.ts'
import { Kv } from '../../src/store/kv.ts'
import { memoryKv } from '../support/memory-kv.ts'
import { tempFolder } from '../support/tmp.ts'

const SPACE = 'board/board'
const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
const DEATHS: readonly (readonly [point: CrashPoint, visit: number])[] = [
  ['stats.before-commit', 1],
  ['stats.after-commit', 1],
  ['stats.before-commit', 3],
  ['snapshot.before-commit', 1],
  ['stats.after-commit', 2],
  ['snapshot.after-commit', 1],
]

async function measure(
  folder: string,
  records: number,
  crashAt: string,
): Promise<{ code: number | null; signal: string | null }> {
  const file = join(import.meta.dirname, 'measuring.ts')
  const child = spawn(process.execPath, [...NODE_FLAGS, file, folder, String(records)], {
    env: { ...NODE_ENV, PATH: process.env.PATH ?? '', SPATE_CRASH_AT: crashAt },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code, signal] = await once(child, 'exit')
  return { code, signal }
}

/** What the meters of these records are, made in one go. */
async function madeAnew(records: readonly LogRecord[]): Promise<string> {
  const canvas = new Canvas()
  const strokes = new Strokes(START, 0)
  for (const record of records) canvas.apply(record, new Changes(), strokes)
  const store = new LmdbMeterStore(memoryKv(), SPACE)
  const measurer = await Measurer.open(store, '', new AbortController().signal, assert.ifError)
  await measurer.measure(strokes)
  return store.digest()
}

test('[M37] killed at any point of measuring, a board and its meters go on with nothing twice and nothing missing', async (t) => {
  const folder = tempFolder(t)
  for (const [point, visit] of DEATHS) {
    const ended = await measure(folder, 40, `${point}:${visit}`)
    assert.deepEqual(ended, { code: null, signal: 'SIGKILL' }, `${point}:${visit} was reached`)
  }
  assert.deepEqual(await measure(folder, 0, ''), { code: 0, signal: null })
  await using log = LmdbLog.open(join(folder, 'log'), systemClock)
  await using kv = Kv.open(join(folder, 'board-meters'), 16)
  const records = await log.read('board/board', START, ALL)
  assert.ok(records.length > 20)
  assert.equal(await new LmdbMeterStore(kv, SPACE).digest(), await madeAnew(records))
})
