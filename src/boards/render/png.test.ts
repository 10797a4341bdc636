import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { encodeIndexedPng } from './png.ts'

function paletteOf(size: number): number[] {
  return Array.from({ length: size }, (_, i) => (i * 0x9e3779) & 0xffffff)
}

test('[B23] a PNG shows each pixel in its colour of the palette, in any size and with any palette', async () => {
  const side = fc.integer({ min: 1, max: 70 })
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      fc.integer({ min: 2, max: 256 }),
      fc.nat(),
      async (width, height, size, seed) => {
        const palette = paletteOf(size)
        const pixels = Uint8Array.from({ length: width * height }, (_, i) => (i * 31 + seed) % size)
        const { data, info } = await sharp(encodeIndexedPng(pixels, width, height, palette))
          .removeAlpha()
          .raw()
          .toBuffer({ resolveWithObject: true })
        assert.deepEqual([info.width, info.height, info.channels], [width, height, 3])
        const expected = Buffer.alloc(width * height * 3)
        pixels.forEach((index, i) => {
          expected.writeUIntBE(palette[index] ?? 0, i * 3, 3)
        })
        assert.ok(data.equals(expected))
      },
    ),
    { numRuns: 150 },
  )
})

test('[B23] a pixel takes as few bits as the palette allows', () => {
  const depths = [2, 3, 4, 5, 16, 17, 256].map((size) => {
    const png = encodeIndexedPng(new Uint8Array(30), 6, 5, paletteOf(size))
    assert.equal(png.toString('latin1', 12, 16), 'IHDR')
    return png[24]
  })
  assert.deepEqual(depths, [1, 2, 2, 4, 4, 8, 8])
})
