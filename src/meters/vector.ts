/**
 * Sparse sums: ascending indexes, each with a sum and, if kept, the offset of its last change. A stored vector is
 *
 *     widths u8 (index: 2 bits, sum: 3 bits, last: 2 bits) | reserved u8 = 0 | count u16 | sums | lasts | indexes
 *
 * little-endian, each column aligned to its width from the vector's first byte, in the least width that holds all:
 * index and last 1, 2 or 4 bytes (last: 0 for none), sums i8, i16, i32, f64 (up to 2^53) or i64.
 */

/** Sums are numbers where all of a vector are safe, else bigints. */
export type Sums = Float64Array | BigInt64Array

export interface Vector {
  readonly index: Uint32Array
  readonly sums: Sums
  /** Undefined where it would tell nothing. */
  readonly last: Uint32Array | undefined
}

const HEADER_BYTES = 4
/** From so many on, columns are written as a whole. */
const MANY = 32
/** Of the widest column. */
const ALIGNMENT = 8
const SAFE = Number.MAX_SAFE_INTEGER
/** Two of these add up exactly. */
const HALF = 2 ** 52
type Unsigned = Uint8Array | Uint16Array | Uint32Array
type Stored = Int8Array | Int16Array | Int32Array | Float64Array | BigInt64Array

/** The columns of a stored vector, in their own widths. */
export interface Columns {
  readonly index: Unsigned
  readonly sums: Stored
  readonly last: Unsigned | undefined
}

const SUM_BYTES = [1, 2, 4, 8, 8] as const
const UNSIGNED_BYTES = [0, 1, 2, 4] as const

export function encodeVector({ index, sums, last }: Vector, prefix: number): Buffer {
  const count = index.length
  const indexWidth = unsignedWidth(index[count - 1] ?? 0)
  const sumWidth = widthOfSums(sums)
  const lastWidth = last === undefined ? 0 : unsignedWidth(last.reduce((a, b) => Math.max(a, b), 0))
  const at = layout(count, sumWidth, lastWidth, indexWidth)
  const isMany = count >= MANY && prefix % ALIGNMENT === 0
  // Few come from Node's pool, without an allocation of their own.
  const bytes = isMany ? Buffer.from(new ArrayBuffer(prefix + at.end)) : pooled(prefix + at.end)
  bytes[prefix] = indexWidth | (sumWidth << 2) | (lastWidth << 5)
  bytes.writeUInt16LE(count, prefix + 2)
  if (isMany) {
    const { buffer } = bytes
    setSums(buffer, prefix + at.sums, sumWidth, count, sums)
    if (last !== undefined) unsignedAt(buffer, prefix + at.last, lastWidth, count).set(last)
    unsignedAt(buffer, prefix + at.index, indexWidth, count).set(index)
  } else {
    const view = new DataView(bytes.buffer, bytes.byteOffset + prefix, at.end)
    writeSums(view, at.sums, sumWidth, sums)
    if (last !== undefined) writeUnsigned(view, at.last, lastWidth, last)
    writeUnsigned(view, at.index, indexWidth, index)
  }
  return bytes
}

function pooled(length: number): Buffer {
  return Buffer.allocUnsafe(length).fill(0)
}

export function decodeVector(bytes: Uint8Array, prefix: number): Vector {
  const { index, sums, last } = columnsOf(bytes, prefix)
  return {
    // Copied at once, which `from` does one by one.
    index: new Uint32Array(index),
    sums: sums instanceof BigInt64Array ? sums : new Float64Array(sums),
    last: last === undefined ? undefined : new Uint32Array(last),
  }
}

export function columnsOf(bytes: Uint8Array, prefix: number): Columns {
  // A copy of its own, so that the columns are aligned.
  const start = bytes.byteOffset + prefix
  const memory = bytes.buffer.slice(start, bytes.byteOffset + bytes.length)
  const head = new DataView(memory)
  const widths = head.getUint8(0)
  const count = head.getUint16(2, true)
  const at = layout(count, (widths >> 2) & 7, widths >> 5, widths & 3)
  return {
    index: unsignedAt(memory, at.index, widths & 3, count),
    sums: sumsAt(memory, at.sums, (widths >> 2) & 7, count),
    last: widths >> 5 === 0 ? undefined : unsignedAt(memory, at.last, widths >> 5, count),
  }
}

function layout(
  count: number,
  sumWidth: number,
  lastWidth: number,
  indexWidth: number,
): { sums: number; last: number; index: number; end: number } {
  const sumBytes = SUM_BYTES[sumWidth] ?? 0
  const lastBytes = UNSIGNED_BYTES[lastWidth] ?? 0
  const indexBytes = UNSIGNED_BYTES[indexWidth] ?? 0
  const sums = aligned(HEADER_BYTES, sumBytes)
  const last = aligned(sums + sumBytes * count, lastBytes)
  const index = aligned(last + lastBytes * count, indexBytes)
  return { sums, last, index, end: index + indexBytes * count }
}

function aligned(at: number, width: number): number {
  return width <= 1 ? at : Math.ceil(at / width) * width
}

function unsignedWidth(most: number): number {
  return most < 0x100 ? 1 : most < 0x10000 ? 2 : 3
}

function widthOfSums(sums: Sums): number {
  if (sums instanceof BigInt64Array) return 4
  let least = 0
  let most = 0
  for (const sum of sums) {
    if (sum < least) least = sum
    else if (sum > most) most = sum
  }
  if (least >= -0x80 && most < 0x80) return 0
  if (least >= -0x8000 && most < 0x8000) return 1
  return least >= -0x8000_0000 && most < 0x8000_0000 ? 2 : 3
}

function writeUnsigned(view: DataView, at: number, width: number, values: Uint32Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    if (width === 1) view.setUint8(at + i, value)
    else if (width === 2) view.setUint16(at + i * 2, value, true)
    else view.setUint32(at + i * 4, value, true)
  }
}

function writeSums(view: DataView, at: number, width: number, sums: Sums): void {
  if (sums instanceof BigInt64Array) {
    for (let i = 0; i < sums.length; i++) view.setBigInt64(at + i * 8, sums[i] ?? 0n, true)
    return
  }
  for (let i = 0; i < sums.length; i++) {
    const sum = sums[i] ?? 0
    if (width === 0) view.setInt8(at + i, sum)
    else if (width === 1) view.setInt16(at + i * 2, sum, true)
    else if (width === 2) view.setInt32(at + i * 4, sum, true)
    else view.setFloat64(at + i * 8, sum, true)
  }
}

/** Converts all at once; the place is aligned. */
function setSums(memory: ArrayBufferLike, at: number, width: number, count: number, sums: Sums): void {
  const stored = sumsAt(memory, at, width, count)
  if (stored instanceof BigInt64Array) {
    if (sums instanceof BigInt64Array) stored.set(sums)
  } else if (sums instanceof Float64Array) stored.set(sums)
}

function unsignedAt(memory: ArrayBufferLike, at: number, width: number, count: number): Unsigned {
  if (width === 1) return new Uint8Array(memory, at, count)
  return width === 2 ? new Uint16Array(memory, at, count) : new Uint32Array(memory, at, count)
}

function sumsAt(memory: ArrayBufferLike, at: number, width: number, count: number): Stored {
  if (width === 0) return new Int8Array(memory, at, count)
  if (width === 1) return new Int16Array(memory, at, count)
  if (width === 2) return new Int32Array(memory, at, count)
  return width === 3 ? new Float64Array(memory, at, count) : new BigInt64Array(memory, at, count)
}

/** No index: reading outside of a typed array is slow. */
const ABSENT = -1
/** After every index: those of rows end before 2^27, those of seconds before 2^32 - 1. */
const NO_INDEX = 2 ** 32

/** Sums of the same index are added; of two last changes the later stays. */
export function merged(a: Vector, b: Vector): Vector {
  const most = a.index.length + b.index.length
  const index = new Uint32Array(most)
  const fromA = new Int32Array(most).fill(ABSENT)
  const fromB = new Int32Array(most).fill(ABSENT)
  let count = 0
  for (let i = 0, j = 0; i < a.index.length || j < b.index.length; count++) {
    const left = i < a.index.length ? (a.index[i] ?? 0) : NO_INDEX
    const right = j < b.index.length ? (b.index[j] ?? 0) : NO_INDEX
    index[count] = Math.min(left, right)
    if (left <= right) fromA[count] = i++
    if (right <= left) fromB[count] = j++
  }
  let last: Uint32Array | undefined
  if (a.last !== undefined && b.last !== undefined) {
    last = new Uint32Array(count)
    for (let k = 0; k < count; k++) {
      const left = fromA[k] ?? ABSENT
      const right = fromB[k] ?? ABSENT
      const before = left === ABSENT ? 0 : (a.last[left] ?? 0)
      const after = right === ABSENT ? 0 : (b.last[right] ?? 0)
      last[k] = Math.max(before, after)
    }
  }
  return { index: index.subarray(0, count), sums: added(a.sums, b.sums, fromA, fromB, count), last }
}

function added(a: Sums, b: Sums, fromA: Int32Array, fromB: Int32Array, count: number): Sums {
  if (a instanceof Float64Array && b instanceof Float64Array) {
    const sums = new Float64Array(count)
    let isSafe = true
    for (let k = 0; k < count; k++) {
      const left = fromA[k] ?? ABSENT
      const right = fromB[k] ?? ABSENT
      const sum = (left === ABSENT ? 0 : (a[left] ?? 0)) + (right === ABSENT ? 0 : (b[right] ?? 0))
      if (sum > SAFE || sum < -SAFE) isSafe = false
      sums[k] = sum
    }
    if (isSafe) return sums
  }
  const sums = new BigInt64Array(count)
  for (let k = 0; k < count; k++) {
    const left = fromA[k] ?? ABSENT
    const right = fromB[k] ?? ABSENT
    sums[k] = BigInt(left === ABSENT ? 0 : (a[left] ?? 0)) + BigInt(right === ABSENT ? 0 : (b[right] ?? 0))
  }
  return narrowed(sums)
}

/** Numbers, if all are safe: the same sums are the same bytes, however they came about. */
export function narrowed(sums: BigInt64Array): Sums {
  return sums.every((sum) => sum <= BigInt(SAFE) && sum >= -BigInt(SAFE))
    ? Float64Array.from(sums, Number)
    : sums
}

export function vectorSlice({ index, sums, last }: Vector, start: number, end: number, base: number): Vector {
  const part = sums.subarray(start, end)
  return {
    index: base === 0 ? index.subarray(start, end) : index.slice(start, end).map((each) => each - base),
    sums: part instanceof BigInt64Array ? narrowed(part) : part,
    last: last?.subarray(start, end),
  }
}

/** A sum that grows: small amounts as a number, so that most need no bigint. */
export class Total {
  #small = 0
  #big = 0n

  add(amount: number | bigint): void {
    if (typeof amount === 'bigint') this.#big += amount
    else if (amount > HALF || amount < -HALF) this.#big += BigInt(amount)
    else {
      this.#small += amount
      if (this.#small > HALF || this.#small < -HALF) {
        this.#big += BigInt(this.#small)
        this.#small = 0
      }
    }
  }

  get value(): bigint {
    return this.#big + BigInt(this.#small)
  }
}

/** Adds the sums of a stored vector whose index lies in [start, end). */
export function addBetween(
  bytes: Uint8Array,
  prefix: number,
  start: number,
  end: number,
  total: Total,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + prefix, bytes.length - prefix)
  const widths = view.getUint8(0)
  const count = view.getUint16(2, true)
  const indexWidth = widths & 3
  const sumWidth = (widths >> 2) & 7
  const at = layout(count, sumWidth, widths >> 5, indexWidth)
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (unsignedOf(view, at.index, indexWidth, middle) < start) low = middle + 1
    else high = middle
  }
  let small = 0
  for (let i = low; i < count; i++) {
    if (unsignedOf(view, at.index, indexWidth, i) >= end) break
    if (sumWidth === 0) small += view.getInt8(at.sums + i)
    else if (sumWidth === 1) small += view.getInt16(at.sums + i * 2, true)
    else if (sumWidth === 2) small += view.getInt32(at.sums + i * 4, true)
    else if (sumWidth === 3) total.add(view.getFloat64(at.sums + i * 8, true))
    else total.add(view.getBigInt64(at.sums + i * 8, true))
  }
  total.add(small)
}

function unsignedOf(view: DataView, at: number, width: number, i: number): number {
  if (width === 1) return view.getUint8(at + i)
  return width === 2 ? view.getUint16(at + i * 2, true) : view.getUint32(at + i * 4, true)
}
