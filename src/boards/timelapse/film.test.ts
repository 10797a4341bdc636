import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { SpateError } from '../../base/errors.ts'
import { durationIn, Film, momentsOf, type Still, type StillWriter, scaled, scaledSide } from './film.ts'
import { stillWriterOf } from './formats.ts'
import { type FilmHead, StillReader } from './stills.ts'

/** A palette whose colours differ in every channel. */
function colors(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i << 16) | (((i * 91 + 13) & 0xff) << 8) | (255 - i))
}

interface Frame {
  readonly pixels: Uint8Array<ArrayBuffer>
  readonly palette: readonly number[]
}

async function filmed(format: 'gif' | 'webp' | 'stills', head: FilmHead, frames: readonly Frame[]) {
  const film = new Film(stillWriterOf(format, head))
  const parts = []
  for (const { pixels, palette } of frames) parts.push(await film.frame(pixels, palette))
  return Buffer.concat([...parts, await film.end()])
}

/** The colours that somebody else's decoder shows at each frame. */
async function shown(file: Buffer, { width, height, fps }: FilmHead): Promise<number[][]> {
  const { pages = 1, delay = [] } = await sharp(file, { animated: true }).metadata()
  const rgb = await sharp(file, { animated: true }).removeAlpha().raw().toBuffer()
  return Array.from({ length: pages }, (_, page) => {
    const at = page * width * height * 3
    const picture = Array.from({ length: width * height }, (_, i) => rgb.readUIntBE(at + i * 3, 3))
    const frames = pages === 1 ? 1 : Math.round(((delay[page] ?? 0) * fps) / 1000)
    return Array.from({ length: frames }, () => picture)
  }).flat()
}

function seen({ pixels, palette }: Frame): number[] {
  return Array.from(pixels, (color) => palette[color] ?? -1)
}

const films = fc
  .record({
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
    count: fc.constantFrom(2, 3, 16, 255, 256),
    grown: fc.boolean(),
  })
  .chain(({ width, height, count, grown }) => {
    const palettes = [colors(count), grown ? colors(Math.min(256, count + 1)) : colors(count)]
    const cells = fc.uint8Array({ minLength: width * height, maxLength: width * height })
    const frame = fc.record({ cells, second: fc.boolean(), again: fc.boolean() })
    return fc.array(frame, { minLength: 1, maxLength: 6 }).map((made) => {
      const frames: Frame[] = []
      for (const { cells, second, again } of made) {
        const last = frames.at(-1)
        const pixels = Uint8Array.from(cells, (color) => color % count)
        const palette = palettes[second ? 1 : 0] ?? []
        frames.push(again && last !== undefined ? last : { pixels, palette })
      }
      return { head: { width, height, frames: frames.length, fps: 10 }, frames }
    })
  })

for (const format of ['gif', 'webp'] as const) {
  test(`[B40] every frame of an animated ${format} shows the exact colours of its moment`, async () => {
    await fc.assert(
      fc.asyncProperty(films, async ({ head, frames }) => {
        const file = await filmed(format, head, frames)
        const expected = frames.map(seen)
        const distinct = new Set(expected.map(String)).size
        // A picture that does not move has no time.
        assert.deepEqual(await shown(file, head), distinct === 1 ? expected.slice(0, 1) : expected)
      }),
      { numRuns: 60 },
    )
  })
}

test('[B40] stills are read as they were written, however their bytes come', async () => {
  await fc.assert(
    fc.asyncProperty(films, fc.integer({ min: 1, max: 700 }), async ({ head, frames }, size) => {
      const file = await filmed('stills', head, frames)
      const reader = await StillReader.open(cut(file, size))
      assert.deepEqual(reader.head, head)
      const read: number[][] = []
      for await (const { pixels, palette, from, to } of reader.stills()) {
        assert.equal(from, read.length)
        for (let i = from; i < to; i++) read.push(seen({ pixels, palette }))
      }
      assert.deepEqual(read, frames.map(seen))
      const broken = await StillReader.open(cut(file.subarray(0, -1), size))
      await assert.rejects(
        Array.fromAsync(broken.stills()),
        (error) => error instanceof SpateError && error.code === 'unavailable',
      )
    }),
    { numRuns: 60 },
  )
})

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('[B40] frames that show the same are one still; an encoder is given each picture once', async () => {
  const stills: Still[] = []
  const writer: StillWriter = {
    async still(still) {
      stills.push(still)
      return Uint8Array.of(stills.length)
    },
    end: () => Uint8Array.of(9),
  }
  const film = new Film(writer)
  const palette = colors(2)
  const bytes = []
  for (const color of [0, 0, 1, 1]) bytes.push(...(await film.frame(Uint8Array.of(color), palette)))
  for (const color of [1, 0])
    bytes.push(...(await film.frame(Uint8Array.of(color), [...palette, 0x12_34_56])))
  bytes.push(...(await film.end()))
  assert.deepEqual(
    stills.map(({ pixels, from, to }) => [...pixels, from, to]),
    [
      [0, 0, 2],
      [1, 2, 5],
      [0, 5, 6],
    ],
  )
  assert.deepEqual(bytes, [1, 2, 3, 9])
})

test('[B39] frames are spread evenly from the first moment to the last', () => {
  assert.deepEqual(momentsOf(1000, 2000, 5), [1000, 1250, 1500, 1750, 2000])
  assert.deepEqual(momentsOf(1000, 2000, 1), [2000])
  assert.deepEqual(momentsOf(7, 7, 3), [7, 7, 7])
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 2, max: 500 }), (fromMs, spanMs, count) => {
      const moments = momentsOf(fromMs, fromMs + spanMs, count)
      assert.deepEqual([moments[0], moments.at(-1), moments.length], [fromMs, fromMs + spanMs, count])
      assert.ok(moments.every((moment, i) => i === 0 || moment >= (moments[i - 1] ?? 0)))
    }),
  )
})

test('[B40] durations are rounded without adding up', () => {
  const still = (from: number) => ({ pixels: new Uint8Array(1), palette: [], from, to: from + 1 })
  const delays = Array.from({ length: 30 }, (_, i) => durationIn(100, 30, still(i)))
  assert.deepEqual([...new Set(delays)].sort(), [3, 4])
  assert.equal(
    delays.reduce((sum, delay) => sum + delay),
    100,
  )
})

test('[B39] a cell is as many pixels as the scale says, and below 1 the middle ones stay', () => {
  const cells = Uint8Array.of(1, 2, 3, 4, 5, 6)
  const area = { width: 3, height: 2 }
  assert.deepEqual(
    [...scaled(cells, area, 2)],
    [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 4, 4, 5, 5, 6, 6],
  )
  assert.deepEqual([...scaled(cells, area, 1)], [...cells])
  assert.deepEqual([...scaled(cells, area, 1 / 3)], [5])
  assert.equal(scaledSide(10, 1 / 64), 1)
})
