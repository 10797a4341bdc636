const MAX_VARINT_BYTES = 5

/**
 * A few cells of a whole board: exact, and equal lists are equal bytes.
 *
 *     how far each lies beyond the one before, ascending, as varints (7 bits a byte, lowest first)
 */
export class CellList {
  #cells: Uint32Array
  count = 0

  constructor(stored: Uint8Array = new Uint8Array(0)) {
    this.#cells = new Uint32Array(Math.max(4, stored.length))
    let [cell, delta, shift] = [0, 0, 1]
    for (const byte of stored) {
      delta += (byte & 0x7f) * shift
      shift *= 0x80
      if (byte >= 0x80) continue
      cell += delta
      this.#cells[this.count++] = cell
      delta = 0
      shift = 1
    }
  }

  /** @param cell below 2^32. Returns whether it is new. */
  add(cell: number): boolean {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#cells[middle] ?? 0) < cell) low = middle + 1
      else high = middle
    }
    if (low < this.count && this.#cells[low] === cell) return false
    if (this.count === this.#cells.length) {
      const larger = new Uint32Array(this.count * 2)
      larger.set(this.#cells)
      this.#cells = larger
    }
    this.#cells.copyWithin(low + 1, low, this.count)
    this.#cells[low] = cell
    this.count += 1
    return true
  }

  /** Ascending. */
  get cells(): Uint32Array {
    return this.#cells.subarray(0, this.count)
  }

  encode(): Uint8Array {
    const bytes = new Uint8Array(this.count * MAX_VARINT_BYTES)
    let at = 0
    let before = 0
    for (const cell of this.cells) {
      let delta = cell - before
      before = cell
      while (delta >= 0x80) {
        bytes[at++] = (delta % 0x80) | 0x80
        delta = Math.floor(delta / 0x80)
      }
      bytes[at++] = delta
    }
    return bytes.slice(0, at)
  }
}
