import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { PALETTE_2022 } from '../datasets/palettes.ts'
import { FrameDecoder } from './decoder.ts'

/** Opaque colours from the first cell on; the rest is transparent. */
function picture(colors: readonly number[], options: object): Promise<Buffer> {
  const rgba = Buffer.alloc(40 * 4)
  for (const [at, rgb] of colors.entries()) rgba.writeUInt32BE(rgb * 256 + 255, at * 4)
  return sharp(rgba, { raw: { width: 8, height: 5, channels: 4 } })
    .png(options)
    .toBuffer()
}

for (const [what, options] of [
  ['true colours', {}],
  ['a palette', { palette: true, colours: 64, dither: 0 }],
] as const) {
  test(`[K11] of a picture in ${what} every cell that is not transparent is one, in all 32 colours`, async (t) => {
    const decoder = new FrameDecoder()
    t.after(() => decoder[Symbol.asyncDispose]())
    const { width, height, count, at, rgb } = await decoder.decode(await picture(PALETTE_2022, options))
    assert.deepEqual([width, height, count], [8, 5, 32])
    assert.deepEqual([...at], [...PALETTE_2022.keys()])
    assert.deepEqual([...rgb], PALETTE_2022)
  })
}

test('[K11] a picture without alpha is full, one that shows nothing is no change', async (t) => {
  const decoder = new FrameDecoder()
  t.after(() => decoder[Symbol.asyncDispose]())
  const opaque = await sharp({ create: { width: 70, height: 80, channels: 3, background: '#123456' } })
    .png()
    .toBuffer()
  const { count, rgb, at } = await decoder.decode(opaque)
  assert.equal(count, 5600)
  assert.ok(rgb.every((each) => each === 0x123456) && at.every((each, i) => each === i))
  assert.equal((await decoder.decode(await picture([], {}))).count, 0)
})

test('[K10] what is no picture is refused, and the next is decoded', async (t) => {
  const decoder = new FrameDecoder()
  t.after(() => decoder[Symbol.asyncDispose]())
  const whole = await picture(PALETTE_2022, {})
  for (const bytes of [Buffer.alloc(0), Buffer.from('no picture'), whole.subarray(0, whole.length - 30)]) {
    await assert.rejects(decoder.decode(bytes), { code: 'invalid' })
  }
  const both = await Promise.all([decoder.decode(whole), decoder.decode(whole)])
  assert.deepEqual(
    both.map(({ count }) => count),
    [32, 32],
  )
})
