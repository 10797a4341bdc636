import assert from 'node:assert/strict'
import { test } from 'node:test'
import { area, BLANK, created, Fold, folded, placed, T0 } from '../../../test/support/boards.ts'
import { SpateError } from '../../base/errors.ts'
import { positionOf } from '../../log/port.ts'
import { Digests } from '../digest.ts'
import { Canvas } from './canvas.ts'
import { Changes } from './changes.ts'
import { encodeBody } from './codec.ts'
import { MAX_SIDE } from './geometry.ts'
import { RecordType } from './records.ts'

test('[C4] what nobody painted shows the background, and costs no memory', () => {
  const fold = new Fold({ extent: area(0, 0, MAX_SIDE, MAX_SIDE), background: 3 })
  assert.deepEqual(fold.cell(40_000, 5), { color: 3, player: 0, timeMs: 0 })
  fold.place([1, 40_000, 5, 2])
  assert.equal(Object.keys(fold.canvas.chunks).length, 1)
  assert.equal(fold.cell(40_001, 5).color, 3)
})

test('[C4] a refused intent allocates nothing', () => {
  const fold = new Fold()
  fold.place([1, 100, 0, 2], [1, 0, 0, 16], [1, 0, 0, 0])
  assert.deepEqual(Object.keys(fold.canvas.chunks), [])
})

test('[C5] a stream begins with its creation', () => {
  const canvas = new Canvas()
  const body = encodeBody({ type: RecordType.placed, body: placed([1, 0, 0, 1]) })
  const record = { position: positionOf(1), timeMs: T0, type: RecordType.placed, body }
  assert.throws(
    () => canvas.apply(record, new Changes()),
    (error) => error instanceof SpateError && error.code === 'corrupt',
  )
  assert.equal(canvas.position, 0)
})

test('[C5] a board is created once', () => {
  const fold = new Fold()
  const again = created({ extent: area(0, 0, 5, 5) })
  assert.deepEqual(fold.apply({ type: RecordType.created, body: again }), ['impossible'])
  assert.deepEqual(fold.canvas.info.extent, area(0, 0, 100, 100))
})

test('[C6] the board’s time is the latest of its records', () => {
  const fold = new Fold()
  fold.nowMs = T0 + 500
  fold.place([1, 0, 0, 1])
  fold.nowMs = T0 + 100
  fold.place([1, 1, 0, 1])
  assert.equal(fold.canvas.timeMs, T0 + 500)
  assert.equal(fold.cell(1, 0).timeMs, T0 + 500)
})

test('[C7] an accepted intent gives the cell its colour, player and time, and is shown', () => {
  const fold = new Fold()
  fold.nowMs = T0 + 7
  assert.deepEqual(fold.place([9, 99, 98, 15]), ['accepted'])
  assert.deepEqual(fold.cell(99, 98), { color: 15, player: 9, timeMs: T0 + 7 })
  assert.deepEqual(fold.shown, [[99, 98, 15]])
  assert.equal(fold.canvas.chunks[0]?.changedAt, fold.canvas.position)
})

test('[C8] outside the extent is out of range, on every side', () => {
  const fold = new Fold({ extent: area(-10, -20, 30, 40) })
  assert.deepEqual(fold.place([1, -11, 0, 1], [1, 20, 0, 1], [1, 0, -21, 1], [1, 0, 20, 1]), [
    'outOfRange',
    'outOfRange',
    'outOfRange',
    'outOfRange',
  ])
  assert.deepEqual(fold.place([1, -10, -20, 1], [1, 19, 19, 1]), ['accepted', 'accepted'])
})

test('[C8] a board of 65,536 × 65,536 has no outside', () => {
  const fold = new Fold({ extent: area(-5, 7, MAX_SIDE, MAX_SIDE) })
  assert.deepEqual(fold.place([1, -5, 7, 1], [1, -6 + MAX_SIDE, 6 + MAX_SIDE, 2], [1, 0, 0, 3]), [
    'accepted',
    'accepted',
    'accepted',
  ])
  assert.equal(fold.cell(-5, 7).color, 1)
  assert.equal(fold.cell(-6 + MAX_SIDE, 6 + MAX_SIDE).color, 2)
})

test('[C9] a colour that the palette does not have is wrong', () => {
  const fold = new Fold({ palette: [0x000000, 0xffffff, 0xff0000] })
  assert.deepEqual(fold.place([1, 0, 0, 2], [1, 1, 0, 3], [1, 2, 0, 255]), [
    'accepted',
    'wrongColor',
    'wrongColor',
  ])
})

test('[C9] all of 256 colours can be placed', () => {
  const fold = new Fold({ palette: Array.from({ length: 256 }, (_, i) => i), background: 255 })
  assert.deepEqual(fold.place([1, 0, 0, 0], [1, 1, 0, 254], [1, 2, 0, 255]), [
    'accepted',
    'accepted',
    'unchanged',
  ])
})

test('[C10] placing the colour already there changes and costs nothing', () => {
  const cooldown = { kind: 'stack', seconds: 5, blankSeconds: 5, stack: 1, activity: null } as const
  const fold = new Fold({ rules: { cooldown, undoSeconds: 5, activeZone: null } })
  fold.place([1, 0, 0, 4])
  const before = fold.cell(0, 0)
  fold.nowMs += 1
  assert.deepEqual(fold.place([2, 0, 0, 4]), ['unchanged'])
  assert.deepEqual(fold.cell(0, 0), before)
  assert.deepEqual(fold.shown, [])
  assert.equal(fold.canvas.undo.get(2), undefined)
  assert.deepEqual(fold.place([2, 1, 0, 4]), ['accepted'])
})

test('[C10] painting nothing’s colour on nothing is unchanged, even while cooling down', () => {
  const cooldown = { kind: 'stack', seconds: 5, blankSeconds: 5, stack: 1, activity: null } as const
  const fold = new Fold({ background: 2, rules: { cooldown, undoSeconds: 0, activeZone: null } })
  assert.deepEqual(fold.place([1, 0, 0, 3], [1, 1, 0, 2], [1, 0, 0, 3], [1, 1, 0, 3]), [
    'accepted',
    'unchanged',
    'unchanged',
    'coolingDown',
  ])
})

test('[C11] the first reason counts: banned, out of range, wrong colour, inactive, locked, unchanged, cooling down', () => {
  const cooldown = { kind: 'stack', seconds: 5, blankSeconds: 5, stack: 1, activity: null } as const
  const fold = new Fold({ rules: { cooldown, undoSeconds: 0, activeZone: area(0, 0, 50, 50) } })
  fold.lock('a', area(10, 0, 90, 10))
  fold.place([1, 0, 0, 1])
  fold.ban(2)
  assert.deepEqual(
    fold.place(
      [2, 200, 0, 99],
      [1, 200, 0, 99],
      [1, 60, 0, 99],
      [1, 60, 0, 0],
      [1, 10, 0, 0],
      [1, 0, 0, 1],
      [1, 0, 0, 2],
    ),
    ['banned', 'outOfRange', 'wrongColor', 'inactive', 'locked', 'unchanged', 'coolingDown'],
  )
})

test('[C12] intents of a record are judged in order, each on what the earlier left', () => {
  const fold = new Fold()
  assert.deepEqual(fold.place([1, 0, 0, 1], [2, 0, 0, 1], [3, 0, 0, 2], [1, 0, 0, 1]), [
    'accepted',
    'unchanged',
    'accepted',
    'accepted',
  ])
  assert.deepEqual(fold.shown, [
    [0, 0, 1],
    [0, 0, 2],
    [0, 0, 1],
  ])
  assert.equal(fold.cell(0, 0).player, 1)
})

test('[C13] two folds of the same records are equal', () => {
  const fold = new Fold()
  fold.place([1, 0, 0, 1], [2, 1, 0, 1])
  fold.ban(1, { shadow: true })
  fold.place([1, 5, 5, 5])
  const again = folded(fold.records)
  assert.deepEqual(new Digests(again).get(), new Digests(fold.canvas).get())
})

test('[C13] positions only go forward', () => {
  const fold = new Fold()
  const [first] = fold.records
  assert.ok(first !== undefined)
  assert.throws(() => fold.canvas.apply(first, new Changes()), /comes after/)
  assert.deepEqual(fold.cell(0, 0), BLANK)
})
