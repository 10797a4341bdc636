import type { FrameCells } from './picture.ts'

/** Gathers the cells of a picture. Room for a row is made first, then they are written at `count`. */
export class CellColumns {
  count = 0
  at = new Uint32Array(4096)
  rgb = new Uint32Array(4096)
  readonly #most: number

  /** @param most cells of the whole picture */
  constructor(most: number) {
    this.#most = most
  }

  reserve(more: number): void {
    if (this.count + more <= this.at.length) return
    // What has many more than a diff of an r/place is mostly a full frame.
    const length = Math.max(this.#most, this.count + more)
    this.at = copyOf(this.at, length)
    this.rgb = copyOf(this.rgb, length)
  }

  finish(): Pick<FrameCells, 'count' | 'at' | 'rgb'> {
    const { count, at, rgb } = this
    if (count === at.length) return { count, at, rgb }
    return { count, at: at.slice(0, count), rgb: rgb.slice(0, count) }
  }
}

function copyOf(column: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(length)
  copy.set(column)
  return copy
}
