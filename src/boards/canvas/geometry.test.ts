import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { area } from '../../../test/support/boards.ts'
import {
  cellInChunk,
  chunkIndex,
  chunkOrigin,
  chunksOf,
  contains,
  containsWrapped,
  hullOf,
  intersection,
  MAX_SIDE,
  unwrap,
  wrap,
} from './geometry.ts'

const coordinate = fc.integer({ min: -(2 ** 24), max: 2 ** 24 })
const side = fc.oneof(fc.integer({ min: 1, max: 600 }), fc.constant(MAX_SIDE), fc.constant(MAX_SIDE - 1))
const anyArea = fc.record({ left: coordinate, top: coordinate, width: side, height: side })

test('[C1] a wrapped coordinate names one cell of any span of 65,536', () => {
  fc.assert(
    fc.property(coordinate, fc.nat(MAX_SIDE - 1), (start, offset) => {
      assert.equal(unwrap(wrap(start + offset), start), start + offset)
    }),
  )
})

test('[C1] an area holds a wrapped cell exactly when it holds the cell', () => {
  fc.assert(
    fc.property(anyArea, fc.nat(MAX_SIDE - 1), fc.nat(MAX_SIDE - 1), (within, dx, dy) => {
      const [x, y] = [within.left + dx, within.top + dy]
      assert.equal(containsWrapped(within, wrap(x), wrap(y)), contains(within, x, y))
    }),
  )
})

test('[C2] a cell has one place in one chunk', () => {
  assert.deepEqual([chunkIndex(0, 0), cellInChunk(0, 0)], [0, 0])
  assert.deepEqual([chunkIndex(255, 255), cellInChunk(255, 255)], [0, 65_535])
  assert.deepEqual([chunkIndex(256, 0), cellInChunk(256, 1)], [1, 256])
  assert.deepEqual([chunkIndex(0, 256), chunkIndex(wrap(-1), wrap(-1))], [256, 65_535])
  fc.assert(
    fc.property(fc.nat(65_535), fc.nat(65_535), (x, y) => {
      const origin = chunkOrigin(chunkIndex(x, y))
      const cell = cellInChunk(x, y)
      assert.deepEqual([origin.x | (cell & 0xff), origin.y | (cell >>> 8)], [x, y])
    }),
  )
})

test('[C2] the chunks of an area are those of its cells, each once', () => {
  assert.deepEqual(chunksOf(area(0, 0, 256, 256)), [0])
  assert.deepEqual(chunksOf(area(-1, -1, 2, 2)), [65_535, 0xff00, 0xff, 0])
  assert.equal(new Set(chunksOf(area(-7, 9, MAX_SIDE, MAX_SIDE))).size, 65_536)
  const small = fc.record({
    left: coordinate,
    top: coordinate,
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
  })
  fc.assert(
    fc.property(small, (of) => {
      const expected = new Set<number>()
      for (let y = of.top; y < of.top + of.height; y++) {
        for (let x = of.left; x < of.left + of.width; x++) expected.add(chunkIndex(wrap(x), wrap(y)))
      }
      const chunks = chunksOf(of)
      assert.deepEqual(chunks.toSorted(), [...expected].toSorted())
    }),
  )
})

test('[C3] the hull of two areas is the smallest that holds both', () => {
  assert.deepEqual(hullOf(area(0, 0, 10, 10), area(-5, 2, 3, 20)), area(-5, 0, 15, 22))
  fc.assert(
    fc.property(anyArea, anyArea, (a, b) => {
      const hull = hullOf(a, b)
      assert.deepEqual(hullOf(hull, a), hull)
      assert.deepEqual(hullOf(hull, b), hull)
      assert.ok(hull.left === a.left || hull.left === b.left)
      assert.ok(hull.top + hull.height === a.top + a.height || hull.top + hull.height === b.top + b.height)
    }),
  )
})

test('[C3] areas meet in what both hold', () => {
  assert.deepEqual(intersection(area(0, 0, 10, 10), area(5, -5, 10, 10)), area(5, 0, 5, 5))
  assert.equal(intersection(area(0, 0, 10, 10), area(10, 0, 5, 5)), undefined)
})
