import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cellInChunk, chunkIndex, wrap } from '../canvas/geometry.ts'
import { crop } from './crop.ts'

test('[B23] an area is cut out of its chunks, background where there is none', () => {
  const start = fc.oneof(fc.integer({ min: -700, max: 700 }), fc.integer({ min: 65_000, max: 66_000 }))
  const size = fc.integer({ min: 1, max: 300 })
  fc.assert(
    fc.property(start, start, size, size, fc.nat(200), (left, top, width, height, background) => {
      const chunks = new Map<number, Uint8Array>()
      const chunk = (index: number): Uint8Array | undefined => {
        if (index % 3 === 0) return undefined
        const known =
          chunks.get(index) ?? Uint8Array.from({ length: 65_536 }, (_, i) => (i * 7 + index) & 0xff)
        chunks.set(index, known)
        return known
      }
      const pixels = crop({ left, top, width, height }, chunk, background)
      assert.equal(pixels.length, width * height)
      for (let i = 0; i < pixels.length; i += 13) {
        const [x, y] = [wrap(left + (i % width)), wrap(top + Math.floor(i / width))]
        assert.equal(pixels[i], chunk(chunkIndex(x, y))?.[cellInChunk(x, y)] ?? background)
      }
    }),
    { numRuns: 60 },
  )
})
