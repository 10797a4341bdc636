import { Total } from './vector.ts'

/**
 * What a commit adds to the rows of one sheet: (row, second, amount), in the order of the log. Amounts beyond 2^53
 * take two entries, each of which is exact as a number.
 */
export class Amounts {
  count = 0
  rows = new Uint32Array(64)
  seconds = new Uint32Array(64)
  amounts = new Float64Array(64)
  /** Entries by row, once somebody has asked for a sum. */
  #byRow: Map<number, number[]> | undefined

  add(row: number, second: number, amount: number | bigint): void {
    if (typeof amount === 'number') this.#push(row, second, amount)
    else if (BigInt.asIntN(53, amount) === amount) this.#push(row, second, Number(amount))
    else {
      const low = BigInt.asUintN(32, amount)
      this.#push(row, second, Number(amount - low))
      this.#push(row, second, Number(low))
    }
  }

  #push(row: number, second: number, amount: number): void {
    if (this.count === this.rows.length) this.#grow()
    const at = this.count++
    this.rows[at] = row
    this.seconds[at] = second
    this.amounts[at] = amount
    if (this.#byRow !== undefined) this.#index(this.#byRow, at)
  }

  #grow(): void {
    const { rows, seconds, amounts } = this
    this.rows = new Uint32Array(this.count * 2)
    this.seconds = new Uint32Array(this.count * 2)
    this.amounts = new Float64Array(this.count * 2)
    this.rows.set(rows)
    this.seconds.set(seconds)
    this.amounts.set(amounts)
  }

  #index(byRow: Map<number, number[]>, at: number): void {
    const row = this.rows[at] ?? 0
    const entries = byRow.get(row)
    if (entries === undefined) byRow.set(row, [at])
    else entries.push(at)
  }

  /** What the seconds from `from` to before `end` get. */
  sum(row: number, from: number, end: number): bigint {
    if (this.#byRow === undefined) {
      this.#byRow = new Map()
      for (let at = 0; at < this.count; at++) this.#index(this.#byRow, at)
    }
    const total = new Total()
    for (const at of this.#byRow.get(row) ?? []) {
      const second = this.seconds[at] ?? 0
      if (second >= from && second < end) total.add(this.amounts[at] ?? 0)
    }
    return total.value
  }

  /** Forgets what was added after there were `count` entries. */
  cutTo(count: number): void {
    // Entries of a row are in order.
    for (let at = this.count - 1; at >= count; at--) this.#byRow?.get(this.rows[at] ?? 0)?.pop()
    this.count = count
  }
}
