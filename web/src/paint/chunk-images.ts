import { CHUNK_SIDE } from '../../../src/boards/canvas/geometry.ts'
import type { Replica } from '../../../src/client/replica.ts'
import type { ChunkEdits } from '../../../src/live/protocol.ts'

interface ChunkImage {
  readonly canvas: HTMLCanvasElement
  readonly context: CanvasRenderingContext2D
  /** Rows to draw again: from `first` up to, not including, `end`. */
  first: number
  end: number
}

/** Opaque pixels as ImageData holds them on a little-endian machine, which all that run browsers are. */
export function pixelsOf(palette: readonly number[]): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const rgb = palette[i] ?? 0
    return 0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >>> 16)
  })
}

/** The chunks of a replica as images. A change costs nothing until its chunk is looked at. */
export class ChunkImages {
  #replica: Replica
  #pixels: Uint32Array
  readonly #images = new Map<number, ChunkImage>()
  readonly #scratch = new ImageData(CHUNK_SIDE, CHUNK_SIDE)
  readonly #scratchPixels = new Uint32Array(this.#scratch.data.buffer)

  constructor(replica: Replica, palette: readonly number[]) {
    this.#replica = replica
    this.#pixels = pixelsOf(palette)
  }

  /** Undefined where all is background as far as is known. */
  image(index: number): HTMLCanvasElement | undefined {
    const colors = this.#replica.chunk(index)
    if (colors === undefined) {
      this.#images.delete(index)
      return undefined
    }
    const image = this.#images.get(index) ?? this.#create(index)
    if (image.first < image.end) this.#draw(image, colors)
    return image.canvas
  }

  #create(index: number): ChunkImage {
    const canvas = document.createElement('canvas')
    canvas.width = CHUNK_SIDE
    canvas.height = CHUNK_SIDE
    const context = canvas.getContext('2d', { alpha: false })
    if (context === null) throw new Error('the browser has no more canvases to give')
    const image = { canvas, context, first: 0, end: CHUNK_SIDE }
    this.#images.set(index, image)
    return image
  }

  #draw(image: ChunkImage, colors: Uint8Array): void {
    const { first, end } = image
    const pixels = this.#pixels
    const target = this.#scratchPixels
    for (let i = first * CHUNK_SIDE; i < end * CHUNK_SIDE; i++) target[i] = pixels[colors[i] ?? 0] ?? 0
    image.context.putImageData(this.#scratch, 0, 0, 0, first, CHUNK_SIDE, end - first)
    image.first = CHUNK_SIDE
    image.end = 0
  }

  cells(groups: readonly ChunkEdits[]): void {
    for (const { chunk, count, cells } of groups) {
      const image = this.#images.get(chunk)
      if (image === undefined) continue
      for (let i = 0; i < count; i++) {
        const row = (cells[i] ?? 0) >>> 8
        image.first = Math.min(image.first, row)
        image.end = Math.max(image.end, row + 1)
      }
    }
  }

  chunk(index: number): void {
    const image = this.#images.get(index)
    if (image === undefined) return
    image.first = 0
    image.end = CHUNK_SIDE
  }

  /** Other colours, or other chunks: keeps only the images of chunks that there still are. */
  reset(replica: Replica, palette: readonly number[]): void {
    this.#replica = replica
    this.#pixels = pixelsOf(palette)
    for (const index of this.#images.keys()) {
      if (replica.chunk(index) === undefined) this.#images.delete(index)
      else this.chunk(index)
    }
  }
}
