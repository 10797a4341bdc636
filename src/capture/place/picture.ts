import sharp from 'sharp'
import { assert } from '../../base/assert.ts'
import { messageOf, SpateError } from '../../base/errors.ts'

/** The cells that a frame holds: those that are not transparent. */
export interface FrameCells {
  readonly width: number
  readonly height: number
  readonly count: number
  /** Row by row: y × width + x. */
  readonly at: Uint32Array<ArrayBuffer>
  /** 0xRRGGBB. */
  readonly rgb: Uint32Array<ArrayBuffer>
}

/** As large as canvases may be said to be. */
const MAX_PIXELS = 4096 * 4096

/**
 * Decodes a picture of an r/place. A cell has changed where the picture is not wholly transparent
 * there, whatever its colour. Errors: `invalid` for what is no picture.
 */
export async function decodeFrame(bytes: Uint8Array): Promise<FrameCells> {
  const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'warning' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new SpateError('invalid', `not a picture: ${messageOf(cause)}`, { cause })
    })
  const { width, height, channels } = info
  assert(channels === 4, 'an alpha channel was ensured')
  const rgba = new Uint32Array(data.buffer, data.byteOffset, width * height)
  return { width, height, ...cellsOf(rgba) }
}

/** @param rgba little-endian: red in the lowest byte */
function cellsOf(rgba: Uint32Array): Pick<FrameCells, 'count' | 'at' | 'rgb'> {
  let count = 0
  // What begins with a cell is mostly a full frame.
  const first = (rgba[0] ?? 0) === 0 ? Math.min(FIRST_CELLS, rgba.length) : rgba.length
  let at = new Uint32Array(first)
  let rgb = new Uint32Array(first)
  for (let i = 0; i < rgba.length; i++) {
    const pixel = rgba[i]!
    if (pixel === 0 || pixel >>> 24 === 0) continue
    if (count === at.length) {
      at = larger(at)
      rgb = larger(rgb)
    }
    at[count] = i
    rgb[count] = ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >>> 16) & 0xff)
    count += 1
  }
  if (count === at.length) return { count, at, rgb }
  return { count, at: at.slice(0, count), rgb: rgb.slice(0, count) }
}

const FIRST_CELLS = 4096

function larger(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(column.length * 4)
  copy.set(column)
  return copy
}
