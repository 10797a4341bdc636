import gifenc from 'gifenc'
import { durationIn, type FilmSize, type Still, type StillWriter, samePalette } from './film.ts'

/** GIF counts hundredths of a second, in 16 bits. */
const PER_SECOND = 100
const MAX_DELAY = 0xffff
const LEAVE = 1
const MAX_COLORS = 256

/**
 * An animated GIF that repeats for ever. Colours are exact. A palette of fewer than 256 colours leaves room for one
 * that is transparent, so that only what changed is written.
 */
export class GifFilm implements StillWriter {
  readonly #size: FilmSize
  readonly #gif = gifenc.GIFEncoder()
  #before: Still | undefined

  constructor(size: FilmSize) {
    this.#size = size
  }

  async still(still: Still): Promise<Uint8Array<ArrayBuffer>> {
    const { width, height, fps } = this.#size
    const { pixels, palette } = still
    const before = this.#before
    const isDelta =
      before !== undefined && palette.length < MAX_COLORS && samePalette(before.palette, palette)
    const table = tableOf(palette)
    this.#gif.writeFrame(isDelta ? changed(before.pixels, pixels, palette.length) : pixels, width, height, {
      palette: table,
      colorDepth: Math.max(2, Math.ceil(Math.log2(table.length))),
      transparent: isDelta,
      transparentIndex: isDelta ? palette.length : 0,
      delay: Math.min(MAX_DELAY, durationIn(PER_SECOND, fps, still)) * (1000 / PER_SECOND),
      dispose: LEAVE,
    })
    this.#before = still
    return this.#taken()
  }

  end(): Uint8Array<ArrayBuffer> {
    this.#gif.finish()
    return this.#taken()
  }

  #taken(): Uint8Array<ArrayBuffer> {
    const bytes = this.#gif.bytes()
    this.#gif.stream.reset()
    return bytes
  }
}

/** With an entry for the transparent colour where there is room. */
function tableOf(palette: readonly number[]): number[][] {
  const table = palette.map((rgb) => [rgb >>> 16, (rgb >>> 8) & 0xff, rgb & 0xff])
  return table.length < MAX_COLORS ? [...table, [0, 0, 0]] : table
}

function changed(before: Uint8Array, pixels: Uint8Array, transparent: number): Uint8Array {
  const delta = new Uint8Array(pixels.length)
  for (let i = 0; i < pixels.length; i++) {
    const color = pixels[i] ?? 0
    delta[i] = color === before[i] ? transparent : color
  }
  return delta
}
