import { open } from 'node:fs/promises'
import sharp from 'sharp'
import { messageOf, SpateError } from '../../base/errors.ts'

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** 8192 × 8192: 268 MB as they lie in memory. */
const MAX_PIXELS = 1 << 26
/** Of 255; what is more transparent than that is left as it is on the board. */
const OPAQUE_FROM = 128

export interface Pixels {
  readonly width: number
  readonly height: number
  /** Four bytes a pixel: red, green, blue, alpha. */
  readonly rgba: Buffer
}

export async function isPng(file: string): Promise<boolean> {
  try {
    await using handle = await open(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SIGNATURE.length), 0)
    return bytesRead === SIGNATURE.length && buffer.equals(SIGNATURE)
  } catch {
    // Whoever reads the file as a dataset says what is wrong with it.
    return false
  }
}

/** Errors: `invalid` for what is no picture, is broken or has too many pixels. */
export async function readPixels(file: string): Promise<Pixels> {
  try {
    // As the file says it, without a profile's idea of how it should look.
    const { data, info } = await sharp(file, { limitInputPixels: MAX_PIXELS, ignoreIcc: true })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return { width: info.width, height: info.height, rgba: data }
  } catch (cause) {
    throw new SpateError('invalid', `cannot read ${file}: ${messageOf(cause)}`, { cause })
  }
}

/** 0xRRGGBB. */
export function rgbAt(rgba: Buffer, pixel: number): number {
  return rgba.readUIntBE(pixel * 4, 3)
}

export function isOpaque(rgba: Buffer, pixel: number): boolean {
  return rgba[pixel * 4 + 3]! >= OPAQUE_FROM
}

/** The picture's colours, in the order of their first pixel. */
export class ColorCounts {
  transparent = 0
  readonly counts = new Map<number, number>()

  constructor({ width, height, rgba }: Pixels) {
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      if (!isOpaque(rgba, pixel)) {
        this.transparent += 1
        continue
      }
      const rgb = rgbAt(rgba, pixel)
      this.counts.set(rgb, (this.counts.get(rgb) ?? 0) + 1)
    }
  }
}
