import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Area, chunkIndex, chunksOf, wrap } from '../../../src/boards/canvas/geometry.ts'
import { chunkPlaces } from './chunk-places.ts'

test('a chunk left of and above zero lies there, cut to the board', () => {
  const extent = { left: -10, top: -300, width: 20, height: 600 }
  assert.deepEqual(chunkPlaces(chunkIndex(wrap(-1), wrap(-1)), extent), [
    { origin: { x: -256, y: -256 }, part: { left: -10, top: -256, width: 10, height: 256 } },
  ])
})

test('a chunk that the board does not touch lies nowhere', () => {
  assert.deepEqual(chunkPlaces(5, { left: 0, top: 0, width: 256, height: 256 }), [])
})

test('on the widest board that begins inside a chunk, this chunk is at both ends', () => {
  const places = chunkPlaces(0, { left: 10, top: 0, width: 65_536, height: 10 })
  assert.deepEqual(
    places.map(({ part }) => part),
    [
      { left: 10, top: 0, width: 246, height: 10 },
      { left: 65_536, top: 0, width: 10, height: 10 },
    ],
  )
})

test('the places of all chunks cover the board once', () => {
  const coordinate = fc.integer({ min: -70_000, max: 70_000 })
  const side = fc.integer({ min: 1, max: 3000 })
  const area: fc.Arbitrary<Area> = fc.record({
    left: coordinate,
    top: coordinate,
    width: fc.oneof(side, fc.constant(65_536)),
    height: side,
  })
  fc.assert(
    fc.property(area, (extent) => {
      const parts = chunksOf(extent).flatMap((index) =>
        chunkPlaces(index, extent).map((place) => ({ index, ...place })),
      )
      const cells = parts.reduce((sum, { part }) => sum + part.width * part.height, 0)
      assert.equal(cells, extent.width * extent.height)
      for (const { index, origin, part } of parts) {
        assert.equal(chunkIndex(wrap(part.left), wrap(part.top)), index)
        assert.equal(wrap(part.left - origin.x), wrap(part.left) & 0xff)
      }
    }),
    { numRuns: 50 },
  )
})
