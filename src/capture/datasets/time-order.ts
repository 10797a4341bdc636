const DIGIT_VALUES = 1 << 16
const LOW_RANGE = 2 ** 32

/**
 * Stable order of rows by time: least significant digit radix sort, three digits of 16 bits, since times are
 * whole and below 2^48. A digit that all rows share costs one pass over them and no move. Keeps its buffers for
 * the next run: 14 bytes a row.
 */
export class TimeOrder {
  readonly #low: Uint32Array
  readonly #high: Uint16Array
  #order: Uint32Array<ArrayBuffer>
  #spare: Uint32Array<ArrayBuffer>
  readonly #starts = new Uint32Array(DIGIT_VALUES)

  constructor(maxRows: number) {
    this.#low = new Uint32Array(maxRows)
    this.#high = new Uint16Array(maxRows)
    this.#order = new Uint32Array(maxRows)
    this.#spare = new Uint32Array(maxRows)
  }

  /** Row numbers in time order; the array is valid until the next call. */
  of(timeMs: Float64Array, n: number): Uint32Array {
    let ordered = true
    let earliest = Number.POSITIVE_INFINITY
    for (let row = 0; row < n; row += 1) {
      this.#order[row] = row
      if (timeMs[row]! < earliest) earliest = timeMs[row]!
      if (row > 0 && timeMs[row]! < timeMs[row - 1]!) ordered = false
    }
    if (ordered) return this.#order
    for (let row = 0; row < n; row += 1) {
      const elapsed = timeMs[row]! - earliest
      this.#low[row] = elapsed
      this.#high[row] = elapsed / LOW_RANGE
    }
    this.#pass(this.#low, 0, n)
    this.#pass(this.#low, 16, n)
    this.#pass(this.#high, 0, n)
    return this.#order
  }

  #pass(keys: Uint32Array | Uint16Array, shift: number, n: number): void {
    const starts = this.#starts.fill(0)
    for (let row = 0; row < n; row += 1) {
      const digit = (keys[row]! >>> shift) & 0xffff
      starts[digit] = starts[digit]! + 1
    }
    if (starts[(keys[0]! >>> shift) & 0xffff] === n) return
    let start = 0
    for (let digit = 0; digit < DIGIT_VALUES; digit += 1) {
      const count = starts[digit]!
      starts[digit] = start
      start += count
    }
    const from = this.#order
    const to = this.#spare
    for (let i = 0; i < n; i += 1) {
      const row = from[i]!
      const digit = (keys[row]! >>> shift) & 0xffff
      const place = starts[digit]!
      to[place] = row
      starts[digit] = place + 1
    }
    this.#order = to
    this.#spare = from
  }
}
