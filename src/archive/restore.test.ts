import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { anyRun, folderObjects, plain } from '../../test/support/archive.ts'
import { area, Fold } from '../../test/support/boards.ts'
import { stateOf } from '../../test/support/canvas-state.ts'
import { manySteps, STEPS_BOARD, take } from '../../test/support/canvas-steps.ts'
import { ManualClock } from '../../test/support/clock.ts'
import { memoryKv } from '../../test/support/memory-kv.ts'
import { TestBoard } from '../../test/support/test-board.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { Canvas } from '../boards/canvas/canvas.ts'
import { Changes } from '../boards/canvas/changes.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { Digests } from '../boards/digest.ts'
import { BoardHost, boardStream } from '../boards/host.ts'
import { planReinstate, planRollback, restoredRecords } from '../boards/restore.ts'
import { LmdbLog } from '../log/lmdb.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { START } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { restoreArchive } from './restore.ts'
import { SEAL_LIMITS, Sealer } from './sealer.ts'

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
const noProgress = (): void => {}

function openLog(t: TestContext, folder = join(tempFolder(t), 'log')): LmdbLog {
  const log = LmdbLog.open(folder, new ManualClock())
  t.after(() => log[Symbol.asyncDispose]())
  return log
}

async function seal(t: TestContext, log: Log, segmentBytes: number): Promise<ObjectStore> {
  const { objects } = folderObjects(t)
  const services = { log, objects, clock: new ManualClock(), onError: noProgress }
  await using sealer = new Sealer(services, { ...SEAL_LIMITS, segmentBytes })
  await sealer.sealAll()
  return objects
}

test('[A15] a board with bans, rollbacks, an undo and a resize is the same from the archive alone', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1], [2, 1, 0, 2], [3, 2, 0, 3], [9, 3, 0, 4])
  board.clock.spend(5_000)
  await board.append({ type: RecordType.resized, body: { extent: area(-50, -20, 200, 120) } })
  await board.place([1, -50, -20, 3], [9, 149, 99, 8], [9, 0, 0, 9])
  const banned = { player: 9, untilMs: null, shadow: true, reason: 'bot' }
  await board.append({ type: RecordType.banned, body: banned })
  await board.place([9, 5, 5, 5])
  const rolledBack = await planRollback(board.host, { player: 9 })
  assert.ok(rolledBack.length > 0)
  await board.host.append(restoredRecords('rollback', 9, 'bot', rolledBack))
  await board.place([2, 7, 7, 7], [3, 0, 0, 2])
  const back = await planReinstate(board.host, { player: 9 })
  await board.host.append(restoredRecords('reinstate', 9, '', back))
  await board.append({ type: RecordType.unbanned, body: { player: 9 } })
  await board.place([9, 9, 9, 9])

  const objects = await seal(t, board.log, 100)
  const log = openLog(t)
  const restored = await restoreArchive(objects, log, noProgress)
  assert.equal(restored.streams, 1)
  const fail = (reason: unknown): void => assert.fail(String(reason))
  const kv = memoryKv()
  await using host = await BoardHost.open('board', {
    log,
    kv,
    clock: board.clock,
    onSnapshotError: fail,
    onStopped: fail,
  })
  assert.deepEqual(new Digests(host.canvas).get(), new Digests(board.host.canvas).get())
  assert.deepEqual(stateOf(host.canvas), stateOf(board.host.canvas))
})

test('[A15] whatever happened to a board, wherever it was cut, its fold comes back', async (t) => {
  await fc.assert(
    fc.asyncProperty(manySteps, fc.integer({ min: 1, max: 2000 }), async (steps, segmentBytes) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      const original = openLog(t)
      await original.restore(boardStream('board'), fold.records)
      const log = openLog(t)
      await restoreArchive(await seal(t, original, segmentBytes), log, noProgress)
      const canvas = new Canvas()
      for (const record of await log.read(boardStream('board'), START, ALL)) {
        canvas.apply(record, new Changes())
      }
      assert.deepEqual(new Digests(canvas).get(), new Digests(fold.canvas).get())
    }),
    { numRuns: 12 },
  )
})

test('[A15] positions with gaps, times that go back and every stream are as they were, and the log goes on', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyRun, anyRun, async (one, other) => {
      const original = openLog(t)
      await original.restore('board/a', one)
      await original.restore('players', other)
      const folder = join(tempFolder(t), 'log')
      const log = openLog(t, folder)
      const told: number[][] = []
      const objects = await seal(t, original, 500)
      await restoreArchive(objects, log, (done, all) => told.push([done, all]))
      assert.deepEqual(told.at(-1), [one.length + other.length, one.length + other.length])
      await log[Symbol.asyncDispose]()
      const again = openLog(t, folder)
      assert.deepEqual((await again.streams()).sort(), ['board/a', 'players'])
      const streams: readonly (readonly [string, readonly LogRecord[]])[] = [
        ['board/a', one],
        ['players', other],
      ]
      for (const [stream, records] of streams) {
        assert.deepEqual(plain(await again.read(stream, START, ALL)), plain(records))
        const [next] = await again.append(stream, [{ type: 1, body: Uint8Array.of(1) }])
        assert.ok((next ?? 0) > (records.at(-1)?.position ?? 0))
      }
    }),
    { numRuns: 6 },
  )
})

test('[A15] nothing is restored below what a log holds, nor from an archive that holds nothing', async (t) => {
  const log = openLog(t)
  const [record] = await log
    .append('board/a', [{ type: 1, body: Uint8Array.of(1) }])
    .then(() => log.read('board/a', START, ALL))
  assert.ok(record !== undefined)
  await assert.rejects(log.restore('board/a', [record]), { code: 'conflict' })
  await assert.rejects(restoreArchive(folderObjects(t).objects, openLog(t), noProgress), {
    code: 'not-found',
  })
})

test('[A15] an archive that is damaged is not restored', async (t) => {
  const original = openLog(t)
  const many = Array.from({ length: 50 }, (_, i) => ({ type: 1, body: Uint8Array.of(i, 1, 2, 3) }))
  await original.append('board/a', many)
  const objects = await seal(t, original, 100)
  const keys = await Array.fromAsync(objects.list('segments/'), ({ key }) => key)
  const [key = ''] = keys
  const bytes = Uint8Array.from(await objects.get(key))
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  await objects.delete(key)
  await objects.put(key, bytes)
  await assert.rejects(restoreArchive(objects, openLog(t), noProgress), { code: 'corrupt' })
})
