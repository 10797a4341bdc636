/** Runs of periods, one after another, in each of which something happened to a row. Pure. */
import type { Tally } from './port.ts'

export interface Run {
  /** Periods, counted from 0 on. */
  readonly first: number
  readonly last: number
}

export interface RowRuns {
  readonly longest: Run
  /** That which the last period belongs to. */
  readonly current: Run | undefined
}

/**
 * Takes period by period what happened, and knows of every row its longest run, of equal ones the first. As a tally it
 * is ordered as leaderboards are: the longest first, of equal ones that which was complete earlier.
 */
export class Runs implements Tally {
  /** By row: the length of its longest run, and the period after it. */
  readonly sums: Float64Array
  readonly last: Uint32Array
  #period = -1
  /** By row: how long the run is that the row was last seen in, and the period after it. */
  readonly #length: Uint16Array
  readonly #end: Uint16Array

  /** Takes up to 65,534 periods. @param rows the highest row */
  constructor(rows: number) {
    this.#length = new Uint16Array(rows + 1)
    this.#end = new Uint16Array(rows + 1)
    this.sums = new Float64Array(rows + 1)
    this.last = new Uint32Array(rows + 1)
  }

  /** @param last by row: 0 where nothing happened in the next period */
  add(last: Uint32Array): void {
    this.#period += 1
    const end = this.#period + 1
    const rows = Math.min(this.last.length, last.length) - 1
    for (let row = 1; row <= rows; row++) {
      if (last[row] === 0) continue
      const length = this.#end[row] === this.#period ? (this.#length[row] ?? 0) + 1 : 1
      this.#length[row] = length
      this.#end[row] = end
      if (length > (this.sums[row] ?? 0)) {
        this.sums[row] = length
        this.last[row] = end
      }
    }
  }

  of(row: number): RowRuns | undefined {
    const longest = this.sums[row] ?? 0
    if (longest === 0) return undefined
    const isCurrent = this.#end[row] === this.#period + 1
    return {
      longest: runOf(longest, this.last[row] ?? 0),
      current: isCurrent ? runOf(this.#length[row] ?? 0, this.#end[row] ?? 0) : undefined,
    }
  }
}

function runOf(length: number, end: number): Run {
  return { first: end - length, last: end - 1 }
}
