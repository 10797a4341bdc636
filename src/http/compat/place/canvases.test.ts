import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contains } from '../../../boards/canvas/geometry.ts'
import { FREE_RULES } from '../../../boards/canvas/rules.ts'
import { activeZoneOf, canvasIndex, gridOf } from './canvases.ts'

function indexes(width: number, height: number): number[] {
  return gridOf({ left: 0, top: 0, width, height }).canvases.map(({ index }) => index)
}

test('[S44] a board grows from canvas 0 as the event did: to the right, then below', () => {
  assert.deepEqual(indexes(1000, 1000), [0])
  assert.deepEqual(indexes(2000, 1000), [0, 1])
  assert.deepEqual(indexes(2000, 2000), [0, 1, 2, 3])
  assert.deepEqual(indexes(3000, 2000), [0, 1, 4, 2, 3, 5])
  assert.deepEqual(
    indexes(4000, 4000).sort((a, b) => a - b),
    Array.from({ length: 16 }, (_, i) => i),
  )
})

test('[S44] no two canvases have the same number', () => {
  const seen = new Set<number>()
  for (let column = -70; column < 70; column++)
    for (let row = -70; row < 70; row++) seen.add(canvasIndex(column, row))
  assert.equal(seen.size, 140 * 140)
})

test('[S44] a board smaller than a canvas has one of its own size', () => {
  assert.deepEqual(gridOf({ left: 0, top: 0, width: 300, height: 20 }), {
    canvases: [{ index: 0, dx: 0, dy: 0 }],
    columns: 1,
    width: 300,
    height: 20,
  })
  assert.deepEqual(gridOf({ left: 1100, top: -20, width: 300, height: 30 }), {
    canvases: [
      { index: canvasIndex(1, -1), dx: 1000, dy: -1000 },
      { index: canvasIndex(1, 0), dx: 1000, dy: 0 },
    ],
    columns: 1,
    width: 400,
    height: 1000,
  })
})

test('[S44] every cell of a board is in exactly one canvas', () => {
  const start = fc.integer({ min: -3000, max: 3000 })
  const size = fc.integer({ min: 1, max: 4000 })
  fc.assert(
    fc.property(start, start, size, size, fc.nat(), (left, top, width, height, seed) => {
      const grid = gridOf({ left, top, width, height })
      const [x, y] = [left + (seed % width), top + (seed % height)]
      const holding = grid.canvases.filter(({ dx, dy }) =>
        contains({ left: dx, top: dy, width: grid.width, height: grid.height }, x, y),
      )
      assert.equal(holding.length, 1)
    }),
  )
})

test('[S44] the active zone names its corners, the last cell with them, and nothing beyond the board', () => {
  const info = {
    id: '',
    extent: { left: -100, top: 0, width: 300, height: 200 },
    palette: [],
    background: 0,
    rules: FREE_RULES,
    locks: [],
  }
  const zoned = (left: number, width: number) => ({
    ...info,
    rules: { ...FREE_RULES, activeZone: { left, top: 50, width, height: 900 } },
  })
  assert.deepEqual(activeZoneOf(info), { topLeft: { x: -100, y: 0 }, bottomRight: { x: 199, y: 199 } })
  assert.deepEqual(activeZoneOf(zoned(-500, 500)), {
    topLeft: { x: -100, y: 50 },
    bottomRight: { x: -1, y: 199 },
  })
  assert.equal(activeZoneOf(zoned(200, 10)), null)
})
