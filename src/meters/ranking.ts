/** Order among rows. Pure. */
import type { Tally } from './port.ts'

export interface Standing {
  readonly row: number
  readonly sum: bigint
  /** From 1 on; no two rows share one. */
  readonly rank: number
  /** The second of the row's last change in the range. */
  readonly lastSecond: number
}

/**
 * Whether `a` stands before `b`: the higher sum; of equal ones that whose last change in the range lies earlier, for it
 * was there first; then the lower number, which was given first.
 */
function isBefore({ sums, last }: Tally, a: number, b: number): boolean {
  const [left, right] = [sums[a] ?? 0, sums[b] ?? 0]
  if (left !== right) return left > right
  const [earlier, later] = [last[a] ?? 0, last[b] ?? 0]
  return earlier === later ? a < b : earlier < later
}

/** The first `most` rows of all to which anything happened. */
export function best(tally: Tally, most: number): number[] {
  const { sums } = tally
  const small = sums instanceof Float64Array ? sums : undefined
  return firstOf(tally, most, (a, b) => isBefore(tally, a, b), undefined, small)
}

/** How many rows stand before one, and its neighbours, nearest last before and nearest first after. */
export function around(
  tally: Tally,
  row: number,
  neighbours: number,
): { before: number[]; after: number[]; ahead: number } {
  const { last } = tally
  let ahead = 0
  for (let other = 1; other < last.length; other++) {
    if (last[other] !== 0 && isBefore(tally, other, row)) ahead += 1
  }
  return {
    before: firstOf(
      tally,
      neighbours,
      (a, b) => isBefore(tally, b, a),
      (other) => isBefore(tally, other, row),
    ).reverse(),
    after: firstOf(
      tally,
      neighbours,
      (a, b) => isBefore(tally, a, b),
      (other) => isBefore(tally, row, other),
    ),
    ahead,
  }
}

/** The ranks of these rows; of one to which nothing happened there is none. */
export function ranksOf(tally: Tally, rows: readonly number[]): Map<number, number> {
  const sorted = rows
    .filter((row) => (tally.last[row] ?? 0) !== 0)
    .sort((a, b) => (isBefore(tally, a, b) ? -1 : 1))
  // Rows that stand before the sorted ones from that index on.
  const ahead = new Uint32Array(sorted.length + 1)
  const { last } = tally
  for (let row = 1; row < last.length; row++) {
    if (last[row] === 0) continue
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(tally, row, sorted[middle] ?? 0)) high = middle
      else low = middle + 1
    }
    ahead[low] = (ahead[low] ?? 0) + 1
  }
  const ranks = new Map<number, number>()
  let count = 0
  for (const [i, row] of sorted.entries()) {
    count += ahead[i] ?? 0
    ranks.set(row, count + 1)
  }
  return ranks
}

export function standing({ sums, last }: Tally, row: number, rank: number): Standing {
  return { row, sum: BigInt(sums[row] ?? 0), rank, lastSecond: (last[row] ?? 0) - 1 }
}

export function countOf({ last }: Tally): number {
  let count = 0
  for (let row = 1; row < last.length; row++) if (last[row] !== 0) count += 1
  return count
}

/**
 * The first rows by `precedes`, in order; a heap whose top is the last of those kept.
 * @param ordering where given, a row whose number is lower than that of the top is not among the first
 */
function firstOf(
  { last }: Tally,
  most: number,
  precedes: (a: number, b: number) => boolean,
  takes?: (row: number) => boolean,
  ordering?: Float64Array,
): number[] {
  const heap: number[] = []
  if (most === 0) return heap
  const at = (i: number): number => heap[i] ?? 0
  const swap = (i: number, j: number): void => {
    const kept = at(i)
    heap[i] = at(j)
    heap[j] = kept
  }
  let least = Number.NEGATIVE_INFINITY
  for (let row = 1; row < last.length; row++) {
    if (ordering !== undefined && (ordering[row] ?? 0) < least) continue
    if (last[row] === 0) continue
    if (heap.length === most && !precedes(row, at(0))) continue
    if (takes !== undefined && !takes(row)) continue
    if (heap.length < most) {
      heap.push(row)
      for (let i = heap.length - 1; i > 0 && precedes(at((i - 1) >> 1), at(i)); i = (i - 1) >> 1) {
        swap(i, (i - 1) >> 1)
      }
    } else {
      heap[0] = row
      for (let i = 0; ; ) {
        let last = i
        for (const child of [2 * i + 1, 2 * i + 2]) {
          if (child < heap.length && precedes(at(last), at(child))) last = child
        }
        if (last === i) break
        swap(i, last)
        i = last
      }
    }
    if (ordering !== undefined && heap.length === most) least = ordering[at(0)] ?? least
  }
  return heap.sort((a, b) => (precedes(a, b) ? -1 : 1))
}
