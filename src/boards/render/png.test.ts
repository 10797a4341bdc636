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

test('[B23] where the entry that shows what lies beneath is, a pixel is transparent, and nowhere else', async () => {
  for (const [size, transparent] of [
    [2, 1],
    [17, 16],
    [256, 40],
  ] as const) {
    const pixels = Uint8Array.from({ length: 30 * 40 }, (_, i) => (i * 7) % size)
    const png = encodeIndexedPng(pixels, 40, 30, paletteOf(size), transparent)
    const { data } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
    const alphas = Uint8Array.from(pixels, (_, i) => data[i * 4 + 3] ?? -1)
    assert.deepEqual(
      alphas,
      pixels.map((index) => (index === transparent ? 0 : 255)),
    )
    assert.ok(alphas.includes(0) && alphas.includes(255))
  }
})
