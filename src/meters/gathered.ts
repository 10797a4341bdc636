/** Sorts and sums what a commit adds, so that every stored value is touched once. Pure. */
import type { Amounts } from './amounts.ts'
import { bucketOf, type Level, startOf } from './calendar.ts'
import { narrowed, type Sums, type Vector } from './vector.ts'

/** (row, second) pairs, each once, by row and then second. */
export interface Gathered {
  readonly count: number
  readonly rows: Uint32Array
  readonly seconds: Uint32Array
  readonly sums: Sums
}

export function gathered({ count, rows, seconds, amounts }: Amounts): Gathered {
  const order = orderedBy(rows, orderedBy(seconds, identity(count)))
  const distinct = { rows: new Uint32Array(count), seconds: new Uint32Array(count) }
  const slots = new Uint32Array(count)
  let size = 0
  let gross = 0
  for (let k = 0; k < count; k++) {
    const at = order[k] ?? 0
    const row = rows[at] ?? 0
    const second = seconds[at] ?? 0
    if (size === 0 || distinct.rows[size - 1] !== row || distinct.seconds[size - 1] !== second) {
      distinct.rows[size] = row
      distinct.seconds[size] = second
      size += 1
    }
    slots[k] = size - 1
    gross += Math.abs(amounts[at] ?? 0)
  }
  const isSafe = gross <= Number.MAX_SAFE_INTEGER
  const small = new Float64Array(isSafe ? size : 0)
  const big = new BigInt64Array(isSafe ? 0 : size)
  for (let k = 0; k < count; k++) {
    const slot = slots[k] ?? 0
    const amount = amounts[order[k] ?? 0] ?? 0
    if (isSafe) small[slot] = (small[slot] ?? 0) + amount
    else big[slot] = (big[slot] ?? 0n) + BigInt(amount)
  }
  return {
    count: size,
    rows: distinct.rows.subarray(0, size),
    seconds: distinct.seconds.subarray(0, size),
    sums: isSafe ? small : big,
  }
}

/** What each bucket of a level gets: by row, with the offset of the last change in the bucket. */
export function* byBucket(
  { count, rows, seconds, sums }: Gathered,
  level: Level,
): Iterable<{ bucket: number; start: number; vector: Vector }> {
  const buckets = bucketsOf(level, seconds, count)
  const order = orderedBy(buckets, identity(count))
  for (let from = 0; from < count; ) {
    const bucket = buckets[order[from] ?? 0] ?? 0
    let to = from
    while (to < count && buckets[order[to] ?? 0] === bucket) to += 1
    const start = startOf(level, bucket)
    const index = new Uint32Array(to - from)
    const last = new Uint32Array(to - from)
    const parts = sums instanceof Float64Array ? new Float64Array(to - from) : new BigInt64Array(to - from)
    let size = 0
    for (let k = from; k < to; k++) {
      const at = order[k] ?? 0
      const row = rows[at] ?? 0
      if (size === 0 || index[size - 1] !== row) index[size++] = row
      last[size - 1] = (seconds[at] ?? 0) - start
      if (parts instanceof Float64Array) parts[size - 1] = (parts[size - 1] ?? 0) + Number(sums[at] ?? 0)
      else parts[size - 1] = (parts[size - 1] ?? 0n) + BigInt(sums[at] ?? 0)
    }
    const whole = parts.slice(0, size)
    yield {
      bucket,
      start,
      vector: {
        index: index.slice(0, size),
        sums: whole instanceof BigInt64Array ? narrowed(whole) : whole,
        last: level === 0 ? undefined : last.slice(0, size),
      },
    }
    from = to
  }
}

/** Neighbours mostly share a bucket, so it is looked up once a run. */
function bucketsOf(level: Level, seconds: Uint32Array, count: number): Uint32Array {
  const buckets = new Uint32Array(count)
  let [bucket, start, end] = [0, 0, -1]
  for (let i = 0; i < count; i++) {
    const second = seconds[i] ?? 0
    if (second < start || second >= end) {
      bucket = bucketOf(level, second)
      start = startOf(level, bucket)
      end = startOf(level, bucket + 1)
    }
    buckets[i] = bucket
  }
  return buckets
}

function identity(count: number): Uint32Array {
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  return order
}

const DIGIT = 2 ** 16

/** A stable sort of `order` by key, by 16-bit digits (LSD radix sort); a digit that is the same for all is skipped. */
function orderedBy(keys: Uint32Array, order: Uint32Array): Uint32Array {
  const count = order.length
  if (count < 2048) return order.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || 0)
  let sorted = order
  for (const shift of [0, 16]) {
    const ends = new Uint32Array(DIGIT)
    for (let i = 0; i < count; i++) {
      const digit = ((keys[sorted[i] ?? 0] ?? 0) >>> shift) & 0xffff
      ends[digit] = (ends[digit] ?? 0) + 1
    }
    const one = ((keys[sorted[0] ?? 0] ?? 0) >>> shift) & 0xffff
    if (ends[one] === count) continue
    let sum = 0
    for (let digit = 0; digit < DIGIT; digit++) {
      const size = ends[digit] ?? 0
      ends[digit] = sum
      sum += size
    }
    const next = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      const item = sorted[i] ?? 0
      const digit = ((keys[item] ?? 0) >>> shift) & 0xffff
      const at = ends[digit] ?? 0
      ends[digit] = at + 1
      next[at] = item
    }
    sorted = next
  }
  return sorted
}
