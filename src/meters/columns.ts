/**
 * The sums of all rows in one bucket, for questions about everybody. Pure.
 *
 * A bucket of at most 8,192 rows is one value; a larger one is cut into values of 4,096 neighbouring rows. Which it
 * is depends on the rows alone, not on the order in which they came.
 *
 *     part 0      vector by row; or the byte 255, which begins none: the rows lie in the parts from 1 on
 *     part n + 1  vector by row, counted from 4,096 × n
 */
import { columnsOf, decodeVector, encodeVector, merged, type Vector, vectorSlice } from './vector.ts'

const MAX_TOGETHER = 8192
const ROWS_A_PART = 4096
const CUT = 255

/** The value with the lowest rows: all of them, or that the bucket is cut. */
export const HEAD = 0

export interface Part {
  /** From 1 on. */
  readonly at: number
  readonly vector: Vector
}

/**
 * What a bucket's head becomes: its new bytes, unless they stay, and the rows that belong into parts. Where both are
 * given the bucket was cut just now and has no parts yet.
 */
export function addedToHead(
  head: Uint8Array | undefined,
  added: Vector,
): { readonly bytes?: Uint8Array; readonly rest?: Vector } {
  if (head !== undefined && head[0] === CUT) return { rest: added }
  const all = head === undefined ? added : merged(decodeVector(head, 0), added)
  if (all.index.length <= MAX_TOGETHER) return { bytes: encodeVector(all, 0) }
  return { bytes: Uint8Array.of(CUT), rest: all }
}

export function* partsOf(rows: Vector): Iterable<Part> {
  const { index } = rows
  for (let from = 0; from < index.length; ) {
    const number = Math.floor((index[from] ?? 0) / ROWS_A_PART)
    const base = number * ROWS_A_PART
    let to = from
    while (to < index.length && (index[to] ?? 0) < base + ROWS_A_PART) to += 1
    yield { at: number + 1, vector: vectorSlice(rows, from, to, base) }
    from = to
  }
}

export function addedToPart(stored: Uint8Array | undefined, { vector }: Part): Uint8Array {
  const all = stored === undefined ? vector : merged(decodeVector(stored, 0), vector)
  return encodeVector(all, 0)
}

/** The last part that a row up to `rows` can be in. */
export function lastPart(rows: number): number {
  return Math.floor(rows / ROWS_A_PART) + 1
}

export function isCut(head: Uint8Array): boolean {
  return head[0] === CUT
}

/** Sums by row that grow bucket by bucket: numbers while that is exact, then bigints. */
export class Tallying {
  readonly last: Uint32Array
  #small: Float64Array
  #big: BigInt64Array | undefined
  /** No sum is further from 0. */
  #bound = 0

  /** @param rows the highest row */
  constructor(rows: number) {
    this.last = new Uint32Array(rows + 1)
    this.#small = new Float64Array(rows + 1)
  }

  get sums(): Float64Array | BigInt64Array {
    return this.#big ?? this.#small
  }

  /** @param start the bucket's first second */
  add(part: number, bytes: Uint8Array, start: number): void {
    if (bytes[0] === CUT) return
    const { index: stored, sums, last } = columnsOf(bytes, 0)
    const base = part === 0 ? 0 : (part - 1) * ROWS_A_PART
    const known = this.last
    const index = upTo(stored, known.length - base)
    if (last === undefined) {
      for (let i = 0; i < index.length; i++) {
        const row = base + (index[i] ?? 0)
        if ((known[row] ?? 0) <= start) known[row] = start + 1
      }
    } else {
      for (let i = 0; i < index.length; i++) {
        const row = base + (index[i] ?? 0)
        const changed = start + (last[i] ?? 0) + 1
        if ((known[row] ?? 0) < changed) known[row] = changed
      }
    }
    if (this.#big === undefined && !(sums instanceof BigInt64Array)) {
      this.#bound += boundOf(sums)
      if (this.#bound <= Number.MAX_SAFE_INTEGER) {
        addSums(this.#small, index, base, sums)
        return
      }
    }
    this.#big ??= BigInt64Array.from(this.#small, BigInt)
    for (let i = 0; i < index.length; i++) {
      const row = base + (index[i] ?? 0)
      this.#big[row] = (this.#big[row] ?? 0n) + BigInt(sums[i] ?? 0)
    }
  }
}

/** Of ascending indexes those below `end`. */
function upTo<Index extends Uint8Array | Uint16Array | Uint32Array>(index: Index, end: number): Index {
  if ((index.at(-1) ?? 0) < end) return index
  // A subarray of an array is of its own kind.
  return index.subarray(
    0,
    Math.max(
      0,
      index.findIndex((each) => each >= end),
    ),
  ) as Index
}

function boundOf(sums: Int8Array | Int16Array | Int32Array | Float64Array): number {
  if (!(sums instanceof Float64Array)) return 2 ** (sums.BYTES_PER_ELEMENT * 8 - 1)
  return sums.reduce((most, sum) => Math.max(most, Math.abs(sum)), 0)
}

function addSums(
  into: Float64Array,
  index: Uint8Array | Uint16Array | Uint32Array,
  base: number,
  sums: Int8Array | Int16Array | Int32Array | Float64Array,
): void {
  for (let i = 0; i < index.length; i++) {
    const row = base + (index[i] ?? 0)
    into[row] = (into[row] ?? 0) + (sums[i] ?? 0)
  }
}
