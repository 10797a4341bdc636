import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { area, Fold, folded, T0 } from '../../test/support/boards.ts'
import { stateOf } from '../../test/support/canvas-state.ts'
import { manySteps, STEPS_BOARD, take } from '../../test/support/canvas-steps.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { SpateError } from '../base/errors.ts'
import { positionOf } from '../log/port.ts'
import { Kv } from '../store/kv.ts'
import { Digests } from './digest.ts'
import { RefusalRun, refusalsIn } from './refusals.ts'
import { Snapshots } from './snapshots.ts'

function openKv(t: TestContext): Kv {
  const kv = Kv.open(join(tempFolder(t), 'state'), 8)
  t.after(() => kv[Symbol.asyncDispose]())
  return kv
}

const NO_REFUSALS = new RefusalRun()

test('[B5] a fold that was cut, saved, loaded and continued equals one that was not, in every field', async (t) => {
  const kv = openKv(t)
  let boards = 0
  await fc.assert(
    fc.asyncProperty(manySteps, fc.array(fc.nat(40), { maxLength: 4 }), async (steps, cuts) => {
      const board = `board-${boards++}`
      const whole = new Fold(STEPS_BOARD)
      const saved = new Snapshots(kv, board)
      for (const [i, step] of steps.entries()) {
        take(whole, step)
        if (cuts.includes(i)) await saved.save(whole.canvas, NO_REFUSALS, i % 2 === 0, 0)
      }
      const loaded = new Snapshots(kv, board).load()
      const tail = whole.records.filter(({ position }) => position > loaded.position)
      folded(tail, loaded)
      assert.deepEqual(stateOf(loaded), stateOf(whole.canvas))
      assert.equal(new Digests(loaded).get().state, new Digests(whole.canvas).get().state)
    }),
    { numRuns: 60 },
  )
})

/** A board with everything in it that a state can hold. */
function fullBoard(): Fold {
  const fold = new Fold({ background: 3, rules: { ...STEPS_BOARD.rules, undoSeconds: 9 } })
  fold.ban(1, { shadow: true, untilMs: T0 + 5 })
  fold.ban(2)
  fold.place([3, 0, 0, 1], [4_000_000, 99, 99, 2], [1, 5, 5, 5], [1, 4, 4, 4])
  fold.lock('a', area(1, 2, 3, 4))
  fold.resize(area(-300, -300, 350, 350))
  return fold
}

test('[B5] a snapshot holds all that a state can hold', async (t) => {
  const kv = openKv(t)
  const fold = fullBoard()
  await new Snapshots(kv, 'board').save(fold.canvas, NO_REFUSALS, false, 0)
  assert.deepEqual(stateOf(new Snapshots(kv, 'board').load()), stateOf(fold.canvas))
})

test('[B5] a board that was never saved, or in another layout, starts empty', async (t) => {
  const kv = openKv(t)
  const fold = fullBoard()
  await new Snapshots(kv, 'other').save(fold.canvas, NO_REFUSALS, false, 0)
  assert.equal(new Snapshots(kv, 'board').load().position, 0)
  const meta = kv.table('snapshots').get(['other', 'meta'])?.toString() ?? ''
  const newer = Buffer.from(meta.replace(/"layout":(\d+)/, (_, layout) => `"layout":${Number(layout) + 1}`))
  assert.notEqual(newer.toString(), meta)
  await kv.commit('visible', (changes) => changes.put(kv.table('snapshots'), ['other', 'meta'], newer))
  assert.equal(new Snapshots(kv, 'other').load().position, 0)
})

test('[B6] a snapshot is of one position, however far the fold goes on while it is written', async (t) => {
  const kv = openKv(t)
  const snapshots = new Snapshots(kv, 'board')
  const fold = fullBoard()
  const { position } = fold.canvas
  const state = stateOf(fold.canvas)
  const color = fold.cell(0, 0).color
  const saving = snapshots.save(fold.canvas, NO_REFUSALS, true, 0)
  fold.place([3, 0, 0, color + 1], [3, -300, -300, 1])
  fold.unban(1)
  await saving
  const again = new Snapshots(kv, 'board')
  assert.deepEqual(stateOf(again.load()), state)
  assert.deepEqual(again.keyframeBefore(positionOf(1e9))?.position, position)
  assert.equal(again.keyChunk(0, position)?.[0], color)
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  assert.deepEqual(stateOf(new Snapshots(kv, 'board').load()), stateOf(fold.canvas))
})

test('[B6] a snapshot that could not be written leaves the one before; the next includes it', async (t) => {
  const kv = openKv(t)
  const snapshots = new Snapshots(kv, 'board')
  const fold = fullBoard()
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  const before = stateOf(fold.canvas)
  fold.place([3, 0, 0, 9], [5000, -300, -300, 1])
  const full = new SpateError('storage-full', 'the disk is full')
  t.mock.method(kv, 'commit', () => Promise.reject(full), { times: 1 })
  await assert.rejects(snapshots.save(fold.canvas, NO_REFUSALS, true, 0), full)
  assert.deepEqual(stateOf(new Snapshots(kv, 'board').load()), before)
  assert.equal(snapshots.keyframeAt, 0)
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  assert.deepEqual(stateOf(new Snapshots(kv, 'board').load()), stateOf(fold.canvas))
})

/** Keys that are written from now on. */
function writtenTo(kv: Kv, t: TestContext): unknown[] {
  const { commit } = kv
  const written: unknown[] = []
  t.mock.method(kv, 'commit', (durability: 'visible', change: Parameters<Kv['commit']>[1]) =>
    commit.call(kv, durability, (changes) =>
      change({
        ...changes,
        put: (table, key, value) => {
          written.push(key)
          changes.put(table, key, value)
        },
      }),
    ),
  )
  return written
}

test('[B6] a snapshot writes only what has changed since the last', async (t) => {
  const kv = openKv(t)
  const snapshots = new Snapshots(kv, 'board')
  const fold = new Fold({ extent: area(0, 0, 512, 512), rules: STEPS_BOARD.rules })
  fold.place([1, 0, 0, 1], [5000, 300, 300, 1])
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  const written = writtenTo(kv, t)
  fold.place([1, 0, 255, 1])
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  assert.deepEqual(written, [
    ['board', 'delta', fold.canvas.position],
    ['board', 'meta'],
  ])
})

test('[B6] what is too much for a delta is written as the strips and pages that hold it', async (t) => {
  const kv = openKv(t)
  const snapshots = new Snapshots(kv, 'board')
  const fold = new Fold({ extent: area(0, 0, 512, 512), rules: STEPS_BOARD.rules })
  fold.place([1, 0, 0, 1], [5000, 300, 300, 1])
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  fold.place([1, 0, 255, 1])
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  const written = writtenTo(kv, t)
  fold.place([1, 1, 0, 2])
  fold.canvas.touched.everything()
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  assert.deepEqual(written, [
    ['board', 'cells', 0, 0],
    ['board', 'cells', 0, 15],
    ['board', 'players', 0],
    ['board', 'meta'],
  ])
  assert.deepEqual(new Digests(snapshots.load()).get(), new Digests(fold.canvas).get())
})

test('[B6] a second save at one position keeps what the first one wrote', async (t) => {
  const kv = openKv(t)
  const snapshots = new Snapshots(kv, 'board')
  const fold = new Fold({ rules: STEPS_BOARD.rules })
  fold.place([1, 0, 0, 1])
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  fold.place([2, 1, 1, 2])
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  await snapshots.save(fold.canvas, NO_REFUSALS, true, 0)
  assert.deepEqual(new Digests(snapshots.load()).get(), new Digests(fold.canvas).get())
})

test('[B7] a keyframe writes only the chunks that have changed since the one before', async (t) => {
  const kv = openKv(t)
  const snapshots = new Snapshots(kv, 'board')
  const fold = new Fold({ extent: area(0, 0, 512, 512) })
  fold.place([1, 0, 0, 1], [1, 300, 300, 1])
  await snapshots.save(fold.canvas, NO_REFUSALS, true, 0)
  fold.place([1, 0, 0, 2])
  await snapshots.save(fold.canvas, NO_REFUSALS, false, 0)
  const written = writtenTo(kv, t)
  await snapshots.save(fold.canvas, NO_REFUSALS, true, 0)
  const { position } = fold.canvas
  assert.deepEqual(written, [
    ['board', position],
    ['board', 0, position],
    ['board', 'meta'],
  ])
})

test('[B7] a keyframe is the last at or before a position or a time', async (t) => {
  const kv = openKv(t)
  const snapshots = new Snapshots(kv, 'board')
  const fold = new Fold()
  const positions: number[] = []
  for (const color of [1, 2, 3]) {
    fold.nowMs = T0 + color * 1000
    fold.place([1, 0, 0, color])
    positions.push(fold.canvas.position)
    await snapshots.save(fold.canvas, NO_REFUSALS, color !== 2, 0)
  }
  const at = (position: number) => snapshots.keyframeBefore(positionOf(position))?.position
  assert.deepEqual([1, 2, 3, 4, 100].map(at), [
    undefined,
    positions[0],
    positions[0],
    positions[2],
    positions[2],
  ])
  const atTime = (ms: number) => snapshots.keyframeBeforeTime(T0 + ms)?.position
  assert.deepEqual([999, 1000, 2999, 3000].map(atTime), [undefined, positions[0], positions[0], positions[2]])
  const color = (position: number) => snapshots.keyChunk(0, positionOf(position))?.[0]
  assert.deepEqual([positions[0] ?? 0, positions[2] ?? 0].map(color), [1, 3])
})

test('[B7] boards keep their snapshots, keyframes and refusals apart', async (t) => {
  const kv = openKv(t)
  for (const [board, color] of [
    ['a', 1],
    ['a-b', 2],
    ['b', 3],
  ] as const) {
    const fold = new Fold()
    fold.place([1, 0, 0, color])
    const refusals = new RefusalRun()
    refusals.add(fold.canvas.position, Uint8Array.of(0, 0, color))
    await new Snapshots(kv, board).save(fold.canvas, refusals, true, 0)
  }
  const snapshots = new Snapshots(kv, 'a-b')
  assert.equal(snapshots.load().cellAt(0, 0).color, 2)
  assert.equal(snapshots.keyChunk(0, positionOf(2))?.[0], 2)
  const at = (position: number) =>
    refusalsIn(snapshots.refusalsIn(positionOf(0), positionOf(9)), positionOf(position))
  assert.deepEqual([1, 2, 3].map(at), [undefined, new Uint8Array([0b100]), undefined])
})
