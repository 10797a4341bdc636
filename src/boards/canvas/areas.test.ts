import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { area, Fold, type Placement } from '../../../test/support/boards.ts'
import { type Area, contains, MAX_SIDE } from './geometry.ts'
import { MAX_COLORS, MAX_LOCKS } from './rules.ts'

test('[C21] outside the active zone nobody places', () => {
  const fold = new Fold()
  fold.rule({ activeZone: area(10, 10, 5, 5) })
  assert.deepEqual(fold.place([1, 9, 10, 1], [1, 10, 10, 1], [1, 14, 14, 1], [1, 15, 14, 1]), [
    'inactive',
    'accepted',
    'accepted',
    'inactive',
  ])
  fold.rule({ activeZone: null })
  assert.deepEqual(fold.place([1, 9, 10, 1]), ['accepted'])
})

test('[C22] in a locked area nobody places, until it is unlocked', () => {
  const fold = new Fold()
  assert.equal(fold.lock('logo', area(10, 10, 5, 5)), 'accepted')
  assert.deepEqual(fold.place([1, 10, 10, 1], [1, 9, 10, 1]), ['locked', 'accepted'])
  assert.equal(fold.unlock('logo'), 'accepted')
  assert.deepEqual(fold.place([1, 10, 10, 1]), ['accepted'])
  assert.equal(fold.unlock('logo'), 'impossible')
})

test('[C22] a lock of a known name replaces it', () => {
  const fold = new Fold()
  fold.lock('a', area(0, 0, 1, 1))
  fold.lock('b', area(1, 0, 1, 1))
  fold.lock('a', area(2, 0, 1, 1))
  assert.deepEqual(
    fold.canvas.info.locks.map(({ id, left }) => [id, left]),
    [
      ['b', 1],
      ['a', 2],
    ],
  )
  assert.deepEqual(fold.place([1, 0, 0, 1], [1, 1, 0, 1], [1, 2, 0, 1]), ['accepted', 'locked', 'locked'])
})

test('[C22] a board has at most 256 locks', () => {
  const fold = new Fold()
  for (let i = 0; i < MAX_LOCKS; i++) assert.equal(fold.lock(`${i}`, area(i, 0, 1, 1)), 'accepted')
  assert.equal(fold.lock('one more', area(0, 0, 1, 1)), 'impossible')
  assert.equal(fold.lock('7', area(0, 50, 1, 1)), 'accepted')
})

test('[C23] zone and locks name cells: those outside the board lock nothing inside it', () => {
  const fold = new Fold()
  fold.lock('far', area(MAX_SIDE, MAX_SIDE, 100, 100))
  assert.deepEqual(fold.place([1, 0, 0, 1]), ['accepted'])
  fold.rule({ activeZone: area(-MAX_SIDE, 0, 10, 10) })
  assert.deepEqual(fold.place([1, 0, 0, 2]), ['inactive'])
})

test('[C23] zone and locks may lie left of and above the origin', () => {
  const fold = new Fold({ extent: area(-100, -100, 200, 200) })
  fold.lock('a', area(-10, -10, 5, 5))
  fold.rule({ activeZone: area(-20, -20, 40, 40) })
  assert.deepEqual(fold.place([1, -10, -6, 1], [1, -5, -5, 1], [1, -21, 0, 1], [1, 19, 19, 1]), [
    'locked',
    'accepted',
    'inactive',
    'accepted',
  ])
})

test('[C23] a lock keeps its cells when the board grows to the left and top', () => {
  const fold = new Fold()
  fold.lock('a', area(0, 0, 10, 10))
  fold.resize(area(-300, -300, 400, 400))
  assert.deepEqual(fold.place([1, 0, 0, 1], [1, 9, 9, 1], [1, -1, 0, 1], [1, 10, 9, 1]), [
    'locked',
    'locked',
    'accepted',
    'accepted',
  ])
})

test('[C38] a resize keeps what was painted, under its name; what lies outside is kept unseen', () => {
  const fold = new Fold({ extent: area(0, 0, 10, 10) })
  fold.place([1, 0, 0, 1], [2, 9, 9, 2])
  assert.equal(fold.resize(area(5, 5, 10, 10)), 'accepted')
  assert.deepEqual(fold.shown, [])
  assert.deepEqual(fold.place([3, 0, 0, 3], [3, 9, 9, 2], [3, 14, 14, 3]), [
    'outOfRange',
    'unchanged',
    'accepted',
  ])
  assert.deepEqual(fold.cell(0, 0), { color: 1, player: 1, timeMs: fold.nowMs })
  fold.resize(area(-10, -10, 20, 20))
  assert.deepEqual(fold.place([3, 0, 0, 1], [3, -10, -10, 1]), ['unchanged', 'accepted'])
})

const anySide = fc.oneof(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: MAX_SIDE }))
const anyExtent: fc.Arbitrary<Area> = fc.record(
  {
    left: fc.integer({ min: -40_000, max: 40_000 }),
    top: fc.integer({ min: -40_000, max: 40_000 }),
    width: anySide,
    height: anySide,
  },
  { noNullPrototype: true },
)

test('[C38] [C39] through any resizes every painted cell keeps its colour under its name', () => {
  const paint = fc.record({ dx: fc.nat(699), dy: fc.nat(699), color: fc.nat(15) })
  const step = fc.tuple(anyExtent, fc.array(paint, { maxLength: 10 }))
  fc.assert(
    fc.property(anyExtent, fc.array(step, { maxLength: 8 }), (first, steps) => {
      const fold = new Fold({ extent: first })
      const colors = new Map<string, Placement>()
      for (const [extent, paints] of steps) {
        const before = fold.canvas.info.extent
        const verdict = fold.resize(extent)
        assert.deepEqual(fold.canvas.info.extent, verdict === 'accepted' ? extent : before)
        const { left, top } = fold.canvas.info.extent
        for (const { dx, dy, color } of paints) {
          const [x, y] = [left + dx, top + dy]
          const [placed] = fold.place([1, x, y, color])
          assert.equal(placed === 'outOfRange', !contains(fold.canvas.info.extent, x, y))
          if (placed !== 'outOfRange') colors.set(`${x},${y}`, [1, x, y, color])
        }
        for (const [, x, y, color] of colors.values()) {
          assert.equal(fold.cell(x, y).color, color)
          assert.deepEqual(fold.canvas.signed(x & 0xffff, y & 0xffff), { x, y })
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('[C39] all that ever belonged to a board spans at most 65,536 cells a side', () => {
  const fold = new Fold({ extent: area(0, 0, 100, 100) })
  assert.equal(fold.resize(area(-(MAX_SIDE - 100), 0, 10, 10)), 'accepted')
  assert.deepEqual(fold.canvas.hull, area(-(MAX_SIDE - 100), 0, MAX_SIDE, 100))
  assert.equal(fold.resize(area(50, 0, 51, 100)), 'impossible')
  assert.equal(fold.resize(area(0, -1, 1, MAX_SIDE)), 'accepted')
  assert.equal(fold.resize(area(0, 0, 1, MAX_SIDE)), 'impossible')
  assert.deepEqual(fold.canvas.info.extent, area(0, -1, 1, MAX_SIDE))
})

test('[C40] a palette may change and grow, not shrink, up to 256 colours', () => {
  const fold = new Fold({ palette: [1, 2, 3] })
  fold.place([1, 0, 0, 2])
  assert.equal(fold.repaint([7, 8]), 'impossible')
  assert.equal(fold.repaint([7, 8, 9]), 'accepted')
  assert.equal(fold.cell(0, 0).color, 2)
  assert.deepEqual(fold.place([1, 1, 0, 3]), ['wrongColor'])
  const full = Array.from({ length: MAX_COLORS }, (_, i) => i)
  assert.equal(fold.repaint(full), 'accepted')
  assert.deepEqual(fold.place([1, 1, 0, 255]), ['accepted'])
  assert.equal(fold.repaint([...full, 256]), 'impossible')
})

test('[C41] only records that change what everybody may know of the board say so', () => {
  const fold = new Fold()
  const { infoAt } = fold.canvas
  fold.place([1, 0, 0, 1])
  fold.ban(1)
  fold.unban(1)
  fold.unlock('none')
  fold.repaint([1])
  assert.equal(fold.canvas.infoAt, infoAt)
  for (const change of [
    () => fold.lock('a', area(0, 0, 1, 1)),
    () => fold.unlock('a'),
    () => fold.resize(area(0, 0, 5, 5)),
    () => fold.rule({ undoSeconds: 1 }),
    () => fold.repaint(fold.canvas.info.palette),
  ]) {
    assert.equal(change(), 'accepted')
    assert.equal(fold.canvas.infoAt, fold.canvas.position)
  }
})
