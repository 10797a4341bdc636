import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Area } from '../../../src/boards/canvas/geometry.ts'
import {
  cellAt,
  clamped,
  dragged,
  fitted,
  insetsOf,
  leastScale,
  MOST_SCALE,
  pixelAt,
  pointAt,
  type Size,
  showing,
  type View,
  visibleArea,
  zoomed,
} from './view.ts'

const coordinate = fc.integer({ min: -65_536, max: 65_536 })
const scale = fc.double({ min: 1 / 64, max: 64, noNaN: true })
const view: fc.Arbitrary<View> = fc.record({ x: coordinate, y: coordinate, scale })
const size: fc.Arbitrary<Size> = fc.record({
  width: fc.integer({ min: 100, max: 4000 }),
  height: fc.integer({ min: 100, max: 4000 }),
})
const pixel = fc.record({ x: fc.integer({ min: 0, max: 4000 }), y: fc.integer({ min: 0, max: 4000 }) })
const side = fc.integer({ min: 1, max: 65_536 })
const extent: fc.Arbitrary<Area> = fc.record({ left: coordinate, top: coordinate, width: side, height: side })

function near(a: number, b: number, within: number): boolean {
  return Math.abs(a - b) <= within
}

test('a cell is where its pixels are', () => {
  const shown = { x: 10, y: 20, scale: 8 }
  const window = { width: 800, height: 600 }
  assert.deepEqual(pixelAt(shown, window, { x: 10, y: 20 }), { x: 400, y: 300 })
  assert.deepEqual(cellAt(shown, window, { x: 400, y: 300 }), { x: 10, y: 20 })
  assert.deepEqual(cellAt(shown, window, { x: 399, y: 299 }), { x: 9, y: 19 })
  assert.deepEqual(visibleArea(shown, window), { left: -40, top: -18, width: 100, height: 76 })
})

test('from a pixel to the board and back is where it began', () => {
  fc.assert(
    fc.property(view, size, pixel, (view, size, pixel) => {
      const back = pixelAt(view, size, pointAt(view, size, pixel))
      return near(back.x, pixel.x, 1e-6) && near(back.y, pixel.y, 1e-6)
    }),
  )
})

test('zooming keeps the point under the pointer, and takes the new scale', () => {
  fc.assert(
    fc.property(view, size, pixel, scale, (view, size, pixel, scale) => {
      const before = pointAt(view, size, pixel)
      const next = zoomed(view, size, pixel, scale)
      const after = pointAt(next, size, pixel)
      return next.scale === scale && near(before.x, after.x, 1e-5) && near(before.y, after.y, 1e-5)
    }),
  )
})

test('what is dragged follows the hand', () => {
  fc.assert(
    fc.property(view, size, pixel, pixel, (view, size, from, to) => {
      const point = pointAt(view, size, from)
      const now = pixelAt(dragged(view, to.x - from.x, to.y - from.y), size, point)
      return near(now.x, to.x, 1e-5) && near(now.y, to.y, 1e-5)
    }),
  )
})

test('a fitted board is seen whole, in the middle of what is free', () => {
  fc.assert(
    fc.property(extent, size, (extent, size) => {
      const view = fitted(extent, size)
      const { top, bottom, sides } = insetsOf(size)
      const start = pixelAt(view, size, { x: extent.left, y: extent.top })
      const end = pixelAt(view, size, { x: extent.left + extent.width, y: extent.top + extent.height })
      assert.ok(start.x >= sides - 1e-6 && end.x <= size.width - sides + 1e-6)
      assert.ok(start.y >= top - 1e-6 && end.y <= size.height - bottom + 1e-6)
      assert.ok(near(start.x + end.x, size.width, 1e-6))
      assert.ok(near(start.y - top, size.height - bottom - end.y, 1e-6))
    }),
  )
})

test('a clamped view has its middle on the board and its scale within the limits, and stays as it is', () => {
  fc.assert(
    fc.property(view, extent, size, (view, extent, size) => {
      const inside = clamped(view, extent, size)
      assert.ok(inside.x >= extent.left && inside.x <= extent.left + extent.width)
      assert.ok(inside.y >= extent.top && inside.y <= extent.top + extent.height)
      assert.ok(inside.scale >= leastScale(extent, size) && inside.scale <= MOST_SCALE)
      assert.deepEqual(clamped(inside, extent, size), inside)
    }),
  )
})

test('a shown cell lies inside the window, and one that did already moves nothing', () => {
  fc.assert(
    fc.property(view, size, fc.record({ x: coordinate, y: coordinate }), (view, size, cell) => {
      const next = showing(view, size, cell, 16)
      const start = pixelAt(next, size, cell)
      assert.ok(start.x >= -1e-5 && start.x + next.scale <= size.width + 1e-5)
      assert.ok(start.y >= -1e-5 && start.y + next.scale <= size.height + 1e-5)
      const again = showing(next, size, cell, 16)
      assert.ok(near(again.x, next.x, 1e-6) && near(again.y, next.y, 1e-6))
    }),
  )
})

test('every cell under a pixel of the window is visible', () => {
  fc.assert(
    fc.property(view, size, fc.double({ min: 0, max: 0.999, noNaN: true }), (view, size, along) => {
      const { x, y } = cellAt(view, size, { x: along * size.width, y: along * size.height })
      const { left, top, width, height } = visibleArea(view, size)
      return x >= left && x < left + width && y >= top && y < top + height
    }),
  )
})
