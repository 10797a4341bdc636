import { CHUNK_CELLS } from '../boards/canvas/geometry.ts'

/** From so many cells on a bitmap is not larger than a list. */
const MAX_LISTED = 4096
const BITMAP_BYTES = CHUNK_CELLS / 8

/**
 * Which cells of a chunk a player has painted: exact, at most 8 KB, and equal sets are equal bytes.
 *
 *     fewer than 4,096 cells   cell u16 × cells, ascending
 *     else                     a bit a cell, lowest first: 8,192 bytes
 */
export class CellSet {
  /** Undefined while it is a list. */
  #bits: Uint8Array | undefined
  #cells: Uint16Array
  #count: number

  constructor(stored?: Uint8Array) {
    const isBitmap = stored?.length === BITMAP_BYTES
    this.#bits = isBitmap ? stored.slice() : undefined
    this.#cells =
      stored === undefined || isBitmap ? new Uint16Array(4) : new Uint16Array(new Uint8Array(stored).buffer)
    this.#count = stored === undefined || isBitmap ? 0 : this.#cells.length
  }

  /** @param cell its index in the chunk. Returns whether it is new. */
  add(cell: number): boolean {
    if (this.#bits !== undefined) return this.#mark(this.#bits, cell)
    const at = this.#placeOf(cell)
    if (at < this.#count && this.#cells[at] === cell) return false
    if (this.#count === this.#cells.length) {
      const larger = new Uint16Array(Math.min(Math.max(this.#count * 2, 4), MAX_LISTED))
      larger.set(this.#cells)
      this.#cells = larger
    }
    this.#cells.copyWithin(at + 1, at, this.#count)
    this.#cells[at] = cell
    this.#count += 1
    if (this.#count === MAX_LISTED) this.#toBits()
    return true
  }

  #mark(bits: Uint8Array, cell: number): boolean {
    const byte = bits[cell >>> 3] ?? 0
    const bit = 1 << (cell & 7)
    if ((byte & bit) !== 0) return false
    bits[cell >>> 3] = byte | bit
    return true
  }

  #placeOf(cell: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#cells[middle] ?? 0) < cell) low = middle + 1
      else high = middle
    }
    return low
  }

  #toBits(): void {
    const bits = new Uint8Array(BITMAP_BYTES)
    for (const cell of this.#cells) this.#mark(bits, cell)
    this.#bits = bits
    this.#cells = new Uint16Array(0)
  }

  /** A copy. */
  encode(): Uint8Array {
    if (this.#bits !== undefined) return this.#bits.slice()
    return new Uint8Array(this.#cells.slice(0, this.#count).buffer)
  }
}
