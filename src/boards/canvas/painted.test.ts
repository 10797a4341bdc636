import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { area, BLANK, Fold, type Painting, T0 } from '../../../test/support/boards.ts'
import type { Cell } from './chunk.ts'

test('[C29] painted cells were judged elsewhere: only extent and palette count', () => {
  const cooldown = { kind: 'stack', seconds: 60, blankSeconds: 60, stack: 1, activity: null } as const
  const fold = new Fold({ rules: { cooldown, undoSeconds: 60, activeZone: area(0, 0, 1, 1) } })
  fold.lock('all', area(0, 0, 100, 100))
  fold.ban(7)
  assert.deepEqual(fold.paint([7, 5, 5, 1, T0], [7, 6, 5, 2, T0], [7, 100, 5, 1, T0], [7, 7, 5, 16, T0]), [
    'accepted',
    'accepted',
    'outOfRange',
    'wrongColor',
  ])
  assert.deepEqual(fold.cell(5, 5), { color: 1, player: 7, timeMs: T0 })
  assert.equal(fold.canvas.nextMs(7, T0), T0)
  assert.equal(fold.canvas.undo.get(7), undefined)
})

test('[C29] a painted cell that looks as before has a new author and time, and shows nothing', () => {
  const fold = new Fold()
  fold.paint([1, 0, 0, 4, T0 - 10])
  assert.deepEqual(fold.paint([2, 0, 0, 4, T0 - 5]), ['accepted'])
  assert.deepEqual(fold.cell(0, 0), { color: 4, player: 2, timeMs: T0 - 5 })
  assert.deepEqual(fold.shown, [])
})

test('[C30] of painted cells the latest by time wins; of the same time the later in the log', () => {
  const fold = new Fold()
  assert.deepEqual(fold.paint([1, 0, 0, 1, 500], [2, 0, 0, 2, 499], [3, 0, 0, 3, 500]), [
    'accepted',
    'superseded',
    'accepted',
  ])
  assert.deepEqual(fold.cell(0, 0), { color: 3, player: 3, timeMs: 500 })
})

test('[C30] a placement takes a cell whatever time it was painted at', () => {
  const fold = new Fold()
  fold.paint([1, 0, 0, 1, T0 + 1000])
  assert.deepEqual(fold.place([2, 0, 0, 2]), ['accepted'])
  assert.deepEqual(fold.cell(0, 0), { color: 2, player: 2, timeMs: T0 })
})

test('[C30] whatever the order and the cut of painted records, a cell ends as the sorted whole would leave it', () => {
  const painting: fc.Arbitrary<Painting> = fc.tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.nat(3),
    fc.nat(3),
    fc.nat(15),
    fc.integer({ min: 1, max: 20 }),
  )
  fc.assert(
    fc.property(fc.array(fc.array(painting, { maxLength: 10 }), { maxLength: 10 }), (records) => {
      const fold = new Fold({ extent: area(0, 0, 4, 4) })
      for (const cells of records) fold.paint(...cells)
      const expected = new Map<string, Cell>()
      const sorted = records.flat().toSorted((a, b) => a[4] - b[4])
      for (const [player, x, y, color, timeMs] of sorted) expected.set(`${x},${y}`, { color, player, timeMs })
      for (let x = 0; x < 4; x++) {
        for (let y = 0; y < 4; y++) assert.deepEqual(fold.cell(x, y), expected.get(`${x},${y}`) ?? BLANK)
      }
    }),
  )
})

const RED = { color: 5, player: 1, timeMs: T0 }
const BLUE = { color: 13, player: 2, timeMs: T0 - 100 }

test('[C31] a cell is put back only if it holds just what is expected', () => {
  const fold = new Fold()
  fold.place([1, 0, 0, 5], [1, 1, 0, 5], [1, 2, 0, 5], [1, 3, 0, 5])
  assert.deepEqual(
    fold.restore(
      'rollback',
      { x: 0, y: 0, expected: RED, becomes: BLUE },
      { x: 1, y: 0, expected: { ...RED, color: 6 }, becomes: BLUE },
      { x: 2, y: 0, expected: { ...RED, player: 2 }, becomes: BLUE },
      { x: 3, y: 0, expected: { ...RED, timeMs: T0 - 1 }, becomes: BLUE },
      { x: 4, y: 0, expected: BLANK, becomes: BLUE },
    ),
    ['accepted', 'superseded', 'superseded', 'superseded', 'accepted'],
  )
  assert.deepEqual(fold.cell(0, 0), BLUE)
  assert.deepEqual(fold.row(0, 0, 5), [13, 5, 5, 5, 13])
  assert.deepEqual(fold.shown, [
    [0, 0, 13],
    [4, 0, 13],
  ])
})

test('[C31] zone, locks, bans and cooldowns do not hold a restore up, the palette does', () => {
  const fold = new Fold()
  fold.place([1, 0, 0, 5])
  fold.lock('all', area(0, 0, 100, 100))
  fold.ban(2)
  const beyond = { x: 1, y: 0, expected: BLANK, becomes: { ...BLUE, color: 16 } }
  assert.deepEqual(fold.restore('reinstate', { x: 0, y: 0, expected: RED, becomes: BLUE }, beyond), [
    'accepted',
    'wrongColor',
  ])
})

test('[C31] cells that lie outside since a resize are put back too; what never was the board’s is not', () => {
  const fold = new Fold({ extent: area(0, 0, 100, 100) })
  fold.place([1, 90, 90, 5])
  fold.resize(area(0, 0, 50, 50))
  assert.deepEqual(
    fold.restore(
      'rollback',
      { x: 90, y: 90, expected: RED, becomes: BLUE },
      { x: 100, y: 0, expected: BLANK, becomes: BLUE },
    ),
    ['accepted', 'outOfRange'],
  )
  fold.resize(area(0, 0, 100, 100))
  assert.deepEqual(fold.cell(90, 90), BLUE)
})
