import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Area, chunksOf, intersection } from '../../../src/boards/canvas/geometry.ts'
import { chunksToWatch, isSmall, MOST_WATCHED } from './watching.ts'

const small: Area = { left: 0, top: 0, width: 1000, height: 1000 }
const large: Area = { left: 0, top: 0, width: 65_536, height: 65_536 }
const nothing = new Set<number>()

const coordinate = fc.integer({ min: -40_000, max: 40_000 })
const side = fc.integer({ min: 1, max: 65_536 })
const area: fc.Arbitrary<Area> = fc.record({ left: coordinate, top: coordinate, width: side, height: side })

test('a small board is followed whole, wherever one looks', () => {
  assert.ok(isSmall(small))
  const { chunks, leftOut } = chunksToWatch(small, { left: 9000, top: 9000, width: 10, height: 10 }, nothing)
  assert.deepEqual(chunks, chunksOf(small))
  assert.deepEqual(leftOut, nothing)
})

test('of a large board what is seen is followed, and one chunk around it', () => {
  const { chunks, leftOut } = chunksToWatch(large, { left: 512, top: 512, width: 256, height: 256 }, nothing)
  assert.deepEqual(chunks, chunksOf({ left: 256, top: 256, width: 768, height: 768 }))
  assert.deepEqual(leftOut, nothing)
})

test('from far above, the painted chunks are followed before the others', () => {
  const painted = new Set([0, 255, 0x8080, 0xff00, 0xffff])
  const { chunks, leftOut } = chunksToWatch(large, large, painted)
  assert.equal(chunks.length, MOST_WATCHED)
  for (const chunk of painted) assert.ok(chunks.includes(chunk))
  assert.deepEqual(leftOut, nothing)
})

test('painted chunks that are too many are named, the farthest from the middle', () => {
  const painted = new Set(chunksOf(large))
  const { chunks, leftOut } = chunksToWatch(large, large, painted)
  assert.equal(chunks.length, MOST_WATCHED)
  assert.equal(leftOut.size, 65_536 - MOST_WATCHED)
  assert.ok(chunks.includes(0x8080))
  assert.ok(leftOut.has(0))
})

test('never too many, never one twice, never one that the board has not, and all that is seen or said', () => {
  const painted = fc.uniqueArray(fc.integer({ min: 0, max: 0xffff }), { maxLength: 50 })
  fc.assert(
    fc.property(area, area, painted, (extent, visible, list) => {
      const { chunks, leftOut } = chunksToWatch(extent, visible, new Set(list))
      const ofBoard = new Set(chunksOf(extent))
      assert.ok(chunks.length <= MOST_WATCHED)
      assert.equal(new Set(chunks).size, chunks.length)
      assert.ok(chunks.every((chunk) => ofBoard.has(chunk)))
      const part = intersection(extent, visible)
      const seen = part === undefined ? [] : chunksOf(part)
      const told = new Set([...chunks, ...leftOut])
      assert.ok(seen.every((chunk) => !list.includes(chunk) || told.has(chunk)))
    }),
    { numRuns: 200 },
  )
})
