import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import sharp, { type PngOptions } from 'sharp'
import { PALETTE_2022 } from '../datasets/palettes.ts'
import type { FrameCells } from './picture.ts'
import { cellsOfPng } from './png.ts'

const MAX_PIXELS = 4096 * 4096
/** What r/places send, what else is read, and what is left to a library. */
const FORMATS: readonly (PngOptions & { readonly isRead: boolean })[] = [
  { isRead: true },
  { isRead: true, adaptiveFiltering: true },
  { isRead: true, palette: true, colours: 256, dither: 0 },
  { isRead: true, palette: true, colours: 256, dither: 0, adaptiveFiltering: true },
  { isRead: false, progressive: true },
]

/** Of a library that reads any. */
async function expected(png: Buffer): Promise<FrameCells> {
  const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const at: number[] = []
  const rgb: number[] = []
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 0) continue
    at.push(i / 4)
    rgb.push(data.readUIntBE(i, 3))
  }
  const { width, height } = info
  return { width, height, count: at.length, at: Uint32Array.from(at), rgb: Uint32Array.from(rgb) }
}

const side = fc.integer({ min: 1, max: 40 })
/** Few colours make indexes of less than a byte; many rows are blank. */
const picture = fc.record({
  width: side,
  height: side,
  colors: fc.integer({ min: 1, max: 32 }),
  share: fc.constantFrom(0, 0.02, 0.5, 1),
  hasAlpha: fc.boolean(),
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
})

function pngOf(
  { width, height, colors, share, hasAlpha, seed }: typeof picture extends fc.Arbitrary<infer T> ? T : never,
  options: PngOptions,
): Promise<Buffer> {
  let state = seed
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const rgba = Buffer.alloc(width * height * 4)
  for (let at = 0; at < rgba.length; at += 4) {
    if (hasAlpha && below(1000) >= share * 1000) continue
    rgba.writeUInt32BE(PALETTE_2022[below(colors)]! * 256 + 255, at)
  }
  const image = sharp(rgba, { raw: { width, height, channels: 4 } })
  return (hasAlpha ? image : image.removeAlpha()).png(options).toBuffer()
}

for (const { isRead, ...options } of FORMATS) {
  test(`[K11] a picture of ${JSON.stringify(options)} has the cells that a library finds in it`, async () => {
    await fc.assert(
      fc.asyncProperty(picture, async (shape) => {
        const png = await pngOf(shape, options)
        const found = cellsOfPng(png, MAX_PIXELS)
        if (isRead) assert.deepEqual(found, await expected(png))
        else assert.equal(found, undefined)
      }),
      { numRuns: 60 },
    )
  })
}

test('[K11] a colour under which nothing shows is no cell, whatever its index', async () => {
  const rgba = Buffer.alloc(9 * 9 * 4)
  for (let at = 0; at < 81; at++) rgba.writeUInt32BE(0xffffff00, at * 4)
  rgba.writeUInt32BE(0x123456ff, 40 * 4)
  const png = await sharp(rgba, { raw: { width: 9, height: 9, channels: 4 } })
    .png({ palette: true, dither: 0 })
    .toBuffer()
  const { at, rgb } = cellsOfPng(png, MAX_PIXELS)!
  assert.deepEqual([[...at], [...rgb]], [[40], [0x123456]])
})

test('[K10] what is damaged anywhere, or larger than a canvas may be, is not read', async () => {
  const png = await pngOf({ width: 9, height: 9, colors: 9, share: 0.5, hasAlpha: true, seed: 7 }, {})
  assert.ok(cellsOfPng(png, 81) !== undefined)
  assert.equal(cellsOfPng(png, 80), undefined)
  for (let at = 0; at < png.length; at++) {
    assert.equal(cellsOfPng(png.subarray(0, at), MAX_PIXELS), undefined, `cut at ${at}`)
    const damaged = Buffer.from(png)
    damaged[at]! ^= 0x10
    assert.equal(cellsOfPng(damaged, MAX_PIXELS), undefined, `damaged at ${at}`)
  }
})
