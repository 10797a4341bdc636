import sharp from 'sharp'
import { assert } from '../../base/assert.ts'
import { messageOf, SpateError } from '../../base/errors.ts'
import { CellColumns } from './cell-columns.ts'
import { cellsOfPng, isPng } from './png.ts'

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

/** A board shows 256; some more may come from what scaled or converted it. */
const MAX_COLORS = 1024
/** Never more than a quarter full. */
const TABLE_BITS = 12
const TIMEOUT_S = 30

/**
 * Decodes a picture of an r/place, which is a PNG. A cell has changed where the picture is not wholly transparent
 * there, whatever its colour. Errors: `invalid` for what is no picture, and for one of more than 1,024 colours.
 */
export async function decodeFrame(bytes: Uint8Array): Promise<FrameCells> {
  if (!isPng(bytes)) throw new SpateError('invalid', 'not a picture: no PNG')
  const cells = cellsOfPng(bytes, MAX_PIXELS) ?? (await decodeAny(bytes))
  if (hasManyColors(cells)) throw new SpateError('invalid', `a picture of more than ${MAX_COLORS} colours`)
  return cells
}

/** A table of 16 KiB instead of a `Set`: a picture of a million cells is looked through in 2 ms instead of 20. */
function hasManyColors({ rgb, count }: FrameCells): boolean {
  const table = new Int32Array(1 << TABLE_BITS).fill(-1)
  let colors = 0
  for (let i = 0; i < count; i++) {
    const color = rgb[i]!
    let slot = Math.imul(color, 0x9e3779b1) >>> (32 - TABLE_BITS)
    while (table[slot] !== color && table[slot] !== -1) slot = (slot + 1) & (table.length - 1)
    if (table[slot] === color) continue
    table[slot] = color
    colors += 1
    if (colors > MAX_COLORS) return true
  }
  return false
}

async function decodeAny(bytes: Uint8Array): Promise<FrameCells> {
  const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'warning' })
    .timeout({ seconds: TIMEOUT_S })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new SpateError('invalid', `not a picture: ${messageOf(cause)}`, { cause })
    })
  const { width, height, channels } = info
  assert(channels === 4, 'an alpha channel was ensured')
  const rgba = new Uint32Array(data.buffer, data.byteOffset, width * height)
  return { width, height, ...cellsOf(rgba, width) }
}

/** The PNG that has these cells, and is transparent elsewhere. */
export function encodeCells({ width, height, count, at, rgb }: FrameCells): Promise<Uint8Array> {
  const rgba = Buffer.alloc(width * height * 4)
  for (let i = 0; i < count; i++) rgba.writeUInt32BE(((rgb[i]! << 8) | 0xff) >>> 0, at[i]! * 4)
  return sharp(rgba, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer()
}

/** @param rgba little-endian: red in the lowest byte */
function cellsOf(rgba: Uint32Array, width: number): Pick<FrameCells, 'count' | 'at' | 'rgb'> {
  const columns = new CellColumns(rgba.length)
  for (let from = 0; from < rgba.length; from += width) {
    columns.reserve(width)
    const { at, rgb } = columns
    let { count } = columns
    for (let i = from; i < from + width; i++) {
      const pixel = rgba[i]!
      if (pixel >>> 24 === 0) continue
      at[count] = i
      rgb[count++] = ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >>> 16) & 0xff)
    }
    columns.count = count
  }
  return columns.finish()
}
