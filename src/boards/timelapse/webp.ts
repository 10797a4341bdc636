import sharp from 'sharp'
import { assert } from '../../base/assert.ts'
import { durationIn, type FilmSize, type Still, type StillWriter, samePalette } from './film.ts'

const MAX_DURATION_MS = 0xffffff
const ANIMATED = 0x02
const HAS_ALPHA = 0x10
const OPAQUE = 0xff
const EFFORT = 1

/**
 * An animated, lossless WebP that repeats for ever. sharp encodes each still on its own, on a thread of its own, so
 * that memory does not grow with the film but by what is encoded; only the rectangle that changed is written, and in
 * it what did not change is transparent.
 *
 * RIFF(WEBP): VP8X, ANIM, then for each still ANMF with its VP8L (WebP Container Specification).
 */
export class WebpFilm implements StillWriter {
  readonly #size: FilmSize
  readonly #stills: Buffer[] = []
  #before: Still | undefined

  constructor(size: FilmSize) {
    this.#size = size
  }

  async still(still: Still): Promise<Uint8Array<ArrayBuffer>> {
    const before = this.#before
    this.#before = still
    const delta = before !== undefined && samePalette(before.palette, still.palette) ? before : undefined
    const { left, top, width, height } = this.#changed(still, delta)
    const rgba = new Uint32Array(width * height)
    const colors = Uint32Array.from(still.palette, littleEndianRgba)
    for (let y = 0; y < height; y++) {
      const row = (top + y) * this.#size.width + left
      for (let x = 0; x < width; x++) {
        const color = still.pixels[row + x] ?? 0
        if (delta === undefined || delta.pixels[row + x] !== color) rgba[y * width + x] = colors[color] ?? 0
      }
    }
    const image = await sharp(Buffer.from(rgba.buffer), { raw: { width, height, channels: 4 } })
      .webp({ lossless: true, effort: EFFORT })
      .toBuffer()
    const head = Buffer.alloc(16)
    // Offsets are stored in halves.
    head.writeUIntLE(left / 2, 0, 3)
    head.writeUIntLE(top / 2, 3, 3)
    head.writeUIntLE(width - 1, 6, 3)
    head.writeUIntLE(height - 1, 9, 3)
    head.writeUIntLE(Math.min(MAX_DURATION_MS, durationIn(1000, this.#size.fps, still)), 12, 3)
    this.#stills.push(chunk('ANMF', Buffer.concat([head, bitstreamOf(image)])))
    return new Uint8Array(0)
  }

  end(): Uint8Array<ArrayBuffer> {
    const { width, height } = this.#size
    const extended = Buffer.alloc(10)
    extended[0] = ANIMATED | HAS_ALPHA
    extended.writeUIntLE(width - 1, 4, 3)
    extended.writeUIntLE(height - 1, 7, 3)
    const body = [
      Buffer.from('WEBP', 'latin1'),
      chunk('VP8X', extended),
      // Background transparent, repeats for ever.
      chunk('ANIM', Buffer.alloc(6)),
      ...this.#stills,
    ]
    return chunk('RIFF', Buffer.concat(body))
  }

  /** Begins at even coordinates; a pixel at least. */
  #changed(still: Still, before: Still | undefined) {
    const { width, height } = this.#size
    if (before === undefined) return { left: 0, top: 0, width, height }
    let [left, top, right, bottom] = [width, height, 0, 0]
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (still.pixels[i] === before.pixels[i]) continue
        if (x < left) left = x
        if (x >= right) right = x + 1
        if (y < top) top = y
        bottom = y + 1
      }
    }
    assert(right > left, 'a still that shows what the one before it showed')
    left &= ~1
    top &= ~1
    return { left, top, width: right - left, height: bottom - top }
  }
}

/** As four bytes in memory: red, green, blue, alpha. */
function littleEndianRgba(rgb: number): number {
  return ((OPAQUE << 24) | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >>> 16)) >>> 0
}

/** The VP8L chunk of a WebP of one picture. */
function bitstreamOf(image: Buffer): Buffer {
  for (let at = 12; at + 8 <= image.length; ) {
    const end = at + 8 + image.readUInt32LE(at + 4)
    if (image.toString('latin1', at, at + 4) === 'VP8L') return padded(image.subarray(at, end))
    at = end + (end & 1)
  }
  assert(false, 'a lossless WebP without VP8L')
}

function chunk(name: string, data: Buffer): Buffer<ArrayBuffer> {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(data.length, 4)
  return padded(Buffer.concat([head, data]))
}

function padded(bytes: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([bytes, Buffer.alloc(bytes.length & 1)])
}
