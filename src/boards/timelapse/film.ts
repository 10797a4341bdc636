/**
 * A film of a board, as it is written down: a picture for each frame, of which those that show the same as the
 * one before it are one *still*. Pure.
 */
export interface FilmSize {
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly fps: number
}

/** What is seen from one frame to another. */
export interface Still {
  /** Palette indexes, row by row. */
  readonly pixels: Uint8Array<ArrayBuffer>
  /** 0xRRGGBB. */
  readonly palette: readonly number[]
  /** The first frame that shows it, and the first that does not. */
  readonly from: number
  readonly to: number
}

/** Writes stills down, in order; what it answers with are the next bytes of the file. */
export interface StillWriter {
  still(still: Still): Promise<Uint8Array<ArrayBuffer>>
  end(): Uint8Array<ArrayBuffer>
}

const NOTHING = new Uint8Array(0)

/** From frames to stills: each is written when the next frame shows something else. */
export class Film {
  readonly #writer: StillWriter
  #still: Still | undefined

  constructor(writer: StillWriter) {
    this.#writer = writer
  }

  /** Takes the pixels over. */
  async frame(pixels: Uint8Array<ArrayBuffer>, palette: readonly number[]): Promise<Uint8Array<ArrayBuffer>> {
    const last = this.#still
    if (last === undefined) {
      this.#still = { pixels, palette, from: 0, to: 1 }
      return NOTHING
    }
    if (showsSame(last, pixels, palette)) {
      this.#still = { ...last, to: last.to + 1 }
      return NOTHING
    }
    this.#still = { pixels, palette, from: last.to, to: last.to + 1 }
    return this.#writer.still(last)
  }

  async end(): Promise<Uint8Array<ArrayBuffer>> {
    const last = this.#still
    const bytes = last === undefined ? NOTHING : await this.#writer.still(last)
    return Buffer.concat([bytes, this.#writer.end()])
  }
}

/** A palette that has grown shows the same wherever the new colours are not used. */
function showsSame(last: Still, pixels: Uint8Array, palette: readonly number[]): boolean {
  if (samePalette(last.palette, palette)) return Buffer.compare(last.pixels, pixels) === 0
  return pixels.every((color, i) => palette[color] === last.palette[last.pixels[i] ?? 0])
}

export function samePalette(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((rgb, i) => rgb === b[i]))
}

/** How long a still lasts when time is counted in `perSecond` steps. Rounding does not add up over a film. */
export function durationIn(perSecond: number, fps: number, { from, to }: Still): number {
  return Math.round((to * perSecond) / fps) - Math.round((from * perSecond) / fps)
}

/** The moments of `count` frames from the first moment to the last, both included; of one frame: the last. */
export function momentsOf(fromMs: number, toMs: number, count: number): number[] {
  const step = count > 1 ? (toMs - fromMs) / (count - 1) : 0
  return Array.from({ length: count }, (_, i) => Math.round(toMs - (count - 1 - i) * step))
}

/** Pixels for so many cells; never none. */
export function scaledSide(cells: number, scale: number): number {
  return Math.max(1, Math.round(cells * scale))
}

/** Each pixel shows the cell that its middle lies in. */
export function scaled(
  cells: Uint8Array<ArrayBuffer>,
  { width, height }: { readonly width: number; readonly height: number },
  scale: number,
): Uint8Array<ArrayBuffer> {
  if (scale === 1) return cells
  const columns = sources(width, scaledSide(width, scale))
  const rows = sources(height, scaledSide(height, scale))
  const pixels = new Uint8Array(columns.length * rows.length)
  for (let y = 0; y < rows.length; y++) {
    const to = y * columns.length
    const from = (rows[y] ?? 0) * width
    if (y > 0 && rows[y - 1] === rows[y]) pixels.copyWithin(to, to - columns.length, to)
    else for (let x = 0; x < columns.length; x++) pixels[to + x] = cells[from + (columns[x] ?? 0)] ?? 0
  }
  return pixels
}

function sources(cells: number, pixels: number): Uint32Array {
  return Uint32Array.from({ length: pixels }, (_, i) =>
    Math.min(cells - 1, Math.floor(((i + 0.5) * cells) / pixels)),
  )
}

/** A side of a lossless WebP. */
export const MAX_WEBP_SIDE = 16_383
