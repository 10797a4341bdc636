import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { area, Fold, folded, type Placement, placed } from '../../test/support/boards.ts'
import { stateOf } from '../../test/support/canvas-state.ts'
import { manySteps, STEPS_BOARD, take } from '../../test/support/canvas-steps.ts'
import { TestBoard } from '../../test/support/test-board.ts'
import { SpateError } from '../base/errors.ts'
import { positionOf, START } from '../log/port.ts'
import type { Changes } from './canvas/changes.ts'
import { RecordType } from './canvas/records.ts'
import { Verdict } from './canvas/verdict.ts'
import { boardStream } from './host.ts'
import { refusalsIn } from './refusals.ts'
import { Snapshots } from './snapshots.ts'

const ALL = { records: 1e9, bytes: 1e9 }
const BIG = area(0, 0, 256, 256)

/** A run of placements, each of a colour that its cell does not have. */
function run(count: number, color: number): Placement[] {
  return Array.from({ length: count }, (_, i) => [1, i & 0xff, (i >>> 8) & 0xff, color])
}

test('[B8] a board that opens has folded all that its log held', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1], [2, 1, 0, 1])
  const other = await board.another()
  t.after(() => other[Symbol.asyncDispose]())
  assert.deepEqual(stateOf(other.canvas), stateOf(board.host.canvas))
})

test('[B8] a host goes on from snapshot and tail to what a rebuild from the log gives', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1])
  await board.ban(1, true)
  await board.host.save(false)
  await board.place([1, 1, 0, 1], [2, 2, 0, 1], [2, 2, 0, 1])
  await board.reopen()
  await board.place([1, 1, 0, 1], [2, 3, 0, 1])
  const records = await board.log.read(boardStream('board'), START, ALL)
  assert.deepEqual(stateOf(board.host.canvas), stateOf(folded(records)))
})

test('[B8] whatever happened and wherever it was saved, a host that crashed goes on as a rebuild would', async (t) => {
  await fc.assert(
    fc.asyncProperty(manySteps, fc.array(fc.nat(40), { maxLength: 4 }), async (steps, saves) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      const board = await TestBoard.create(t, STEPS_BOARD)
      for (const [i, { type, timeMs, body }] of fold.records.slice(1).entries()) {
        await board.log.append(boardStream('board'), [{ type, timeMs, body }])
        if (!saves.includes(i)) continue
        await board.clock.settle()
        await board.host.save(i % 3 === 0)
      }
      await board.clock.settle()
      const restarted = await board.another(board.kv)
      const rebuilt = stateOf(folded(fold.records))
      assert.deepEqual(stateOf(board.host.canvas), rebuilt)
      assert.deepEqual(stateOf(restarted.canvas), rebuilt)
      await restarted[Symbol.asyncDispose]()
      await board.close()
    }),
    { numRuns: 25 },
  )
})

test('[B9] what changed is saved within 10 s; what did not is not', async (t) => {
  const board = await TestBoard.create(t)
  const stored = () => new Snapshots(board.kv, 'board').load().position
  await board.place([1, 0, 0, 1])
  await board.clock.advance(9_999)
  assert.equal(stored(), 0)
  await board.clock.advance(1)
  assert.equal(stored(), 2)
  const save = t.mock.method(board.kv, 'commit')
  await board.clock.advance(30_000)
  assert.equal(save.mock.callCount(), 0)
})

test('[B9] 50,000 placements are saved without waiting for the time', async (t) => {
  const board = await TestBoard.create(t, { extent: BIG })
  const stored = () => new Snapshots(board.kv, 'board').load().position
  await board.place(...run(49_998, 1))
  await board.clock.settle()
  assert.equal(stored(), 0)
  await board.place([1, 0, 0, 2])
  await board.clock.settle()
  assert.equal(stored(), board.host.canvas.position)
})

test('[B9] a keyframe is kept after 400,000 placements, counted over restarts', async (t) => {
  const board = await TestBoard.create(t, { extent: BIG })
  const keyframes = () =>
    new Snapshots(board.kv, 'board').keyframeBefore(board.host.canvas.position)?.position
  for (const color of [1, 2, 3, 4]) await board.place(...run(60_000, color))
  await board.reopen()
  for (const color of [5, 6]) await board.place(...run(60_000, color))
  await board.clock.settle()
  assert.equal(keyframes(), undefined)
  await board.place(...run(40_000, 7))
  await board.host.save(false)
  assert.equal(keyframes(), board.host.canvas.position)
})

test('[B10] a snapshot that fails is reported, costs nothing, and the next includes it', async (t) => {
  const board = await TestBoard.create(t)
  const full = new SpateError('storage-full', 'the disk is full')
  t.mock.method(board.kv, 'commit', () => Promise.reject(full), { times: 1 })
  await board.place([1, 0, 0, 1], [1, 0, 0, 1])
  await board.host.save(true)
  assert.deepEqual(board.snapshotErrors, [full])
  await board.place([1, 1, 0, 1])
  await board.reopen()
  assert.deepEqual(board.snapshotErrors, [full])
  const records = await board.log.read(boardStream('board'), START, ALL)
  assert.deepEqual(stateOf(board.host.canvas), stateOf(folded(records)))
  const runs = new Snapshots(board.kv, 'board').refusalsIn(START, positionOf(2))
  assert.deepEqual(refusalsIn(runs, positionOf(2)), Uint8Array.of(0b10))
})

test('[B11] listeners hear of every record, in order, with what it changed', async (t) => {
  const board = await TestBoard.create(t)
  const heard: unknown[] = []
  const unlisten = board.host.listen((position, { count, color }: Changes, infoChanged) => {
    heard.push([position, [...color.subarray(0, count)], infoChanged])
  })
  await board.place([1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 0, 2])
  await board.append({ type: RecordType.resized, body: { extent: area(0, 0, 5, 5) } })
  unlisten()
  await board.place([1, 3, 0, 1])
  assert.deepEqual(heard, [
    [2, [1, 2], false],
    [3, [], true],
  ])
})

test('[B12] an append is answered with the verdicts of each of its records', async (t) => {
  const board = await TestBoard.create(t)
  const count = 5000
  const outcomes = await board.host.append(
    Array.from({ length: count }, (_, i) => ({
      type: RecordType.placed,
      body: placed([1, i % 100, Math.floor(i / 100), 1], [1, 100, 0, 1]),
    })),
  )
  assert.deepEqual(
    outcomes.map(({ position }) => position),
    Array.from({ length: count }, (_, i) => i + 2),
  )
  for (const { verdicts } of outcomes) assert.deepEqual([...verdicts], [Verdict.accepted, Verdict.outOfRange])
})

test('[B12] what other hosts append is folded too, and not kept for nobody', async (t) => {
  const board = await TestBoard.create(t)
  const other = await board.another()
  t.after(() => other[Symbol.asyncDispose]())
  const [outcome] = await other.append([{ type: RecordType.placed, body: placed([1, 0, 0, 1]) }])
  await board.clock.settle()
  assert.equal(board.host.canvas.position, outcome?.position)
  assert.equal(board.host.canvas.cellAt(0, 0).color, 1)
})

/** Appends what no release of today writes. */
async function appendForeign(board: TestBoard, type: number, body: string): Promise<void> {
  await board.log.append(boardStream('board'), [{ type, body: new TextEncoder().encode(body) }])
  await board.clock.settle()
}

test('[B13] a record of a newer version stops the fold: it says why, writes are refused, reads go on', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1])
  await appendForeign(board, 200, '')
  const { host } = board
  assert.equal(host.stopped?.code, 'newer-version')
  assert.match(host.stopped?.message ?? '', /upgrade Spate/)
  assert.deepEqual(board.stops, [host.stopped])
  await assert.rejects(host.submit(1, [{ x: 1, y: 0, color: 1 }]), host.stopped)
  await assert.rejects(board.place([1, 1, 0, 1]), host.stopped)
  assert.equal(host.now().chunk(0)?.[0], 1)
  assert.equal((await host.at(positionOf(2))).chunk(0)?.[0], 1)
  await board.reopen()
  assert.equal(board.host.stopped?.code, 'newer-version')
  assert.equal(board.stops.length, 2)
  assert.equal(board.host.canvas.position, 2)
})

test('[B13] who waits for a verdict hears why the fold stopped', async (t) => {
  const board = await TestBoard.create(t)
  const foreign = board.log.append(boardStream('board'), [{ type: 200, body: new Uint8Array(0) }])
  const refused = assert.rejects(board.host.submit(1, [{ x: 1, y: 0, color: 1 }]), { code: 'newer-version' })
  await foreign
  await refused
})

test('[B13] a canvas that failed half-way is not saved: no record is skipped after a restart', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1])
  await appendForeign(board, RecordType.locked, '\x01{}')
  assert.equal(board.host.stopped?.code, 'corrupt')
  await board.clock.advance(10_000)
  await board.reopen()
  assert.equal(board.host.stopped?.code, 'corrupt')
  assert.equal(new Snapshots(board.kv, 'board').load().position, 0)
})

test('[B14] a snapshot ahead of its log stops the board instead of skipping records', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1])
  await board.place([1, 0, 0, 2])
  await board.close()
  const younger = await TestBoard.create(t, {}, board.kv)
  assert.equal(younger.host.stopped?.code, 'corrupt')
  assert.match(younger.host.stopped?.message ?? '', /ahead of its log/)
  await assert.rejects(younger.place([1, 0, 0, 3]), younger.host.stopped)
})

test('[B15] a host that is closed has saved all that it folded', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1])
  await board.close()
  assert.equal(new Snapshots(board.kv, 'board').load().position, 2)
  assert.equal(board.clock.pending, 0)
})
