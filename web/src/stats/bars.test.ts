import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { barsOf, fillBars } from './bars.ts'

test('bars stand in the middle of their periods, with some air between', () => {
  assert.deepEqual(barsOf(2, 50, 40, 1), { lefts: [53, 73], width: 14 })
})

test('bars lie on whole pixels within their chart, in order, and none covers the next where there is room', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 1, max: 4_000 }),
      fc.constantFrom(1, 1.5, 2),
      (count, left, width, pixelRatio) => {
        const bars = barsOf(count, left, width, pixelRatio)
        assert.equal(bars.lefts.length, count)
        assert.ok(bars.width >= 1 && bars.width <= 72 * pixelRatio)
        for (const [i, at] of bars.lefts.entries()) {
          assert.ok(Number.isInteger(at) && at >= left - 1 && at + bars.width <= left + width + 1)
          const next = bars.lefts[i + 1]
          if (next !== undefined && width >= 2 * count) assert.ok(at + bars.width <= next)
        }
      },
    ),
  )
})

test('bars go up or down from 0; nothing is drawn of nothing, and edges lie on their ends', () => {
  const drawn: unknown[] = []
  const context = {
    fillStyle: '' as unknown, // as a canvas has it: more than words
    fillRect(...rectangle: number[]): void {
      drawn.push([this.fillStyle, ...rectangle])
    },
  }
  fillBars(context, { lefts: [0, 10, 20], width: 7 }, [40.4, 100, 130], 100, 'blue', 'grey')
  assert.deepEqual(drawn, [
    ['blue', 0, 40, 7, 60],
    ['blue', 20, 130, 7, -30],
    ['grey', 0, 40, 7, 1],
    ['grey', 20, 130, 7, 1],
  ])
})
