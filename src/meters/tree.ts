/**
 * The sums of one row over time: a tree of calendar units that grows where much happens. Pure.
 *
 * A node stands for all time, a month, a day, an hour or a minute. While at most 64 seconds of it hold anything
 * (a minute: always) it is a leaf and has the sum of each second; beyond, it is split and has the sums of its
 * parts, which are nodes too. So a row of few amounts is one value, any range is read from at most nine, and
 * which nodes there are depends on the seconds alone, not on the order in which they came.
 *
 *     node  kind u8 (0 leaf, 1 split) | vector: by second, or part, counted from the unit's first
 */
import { bucketOf, type Level, startOf } from './calendar.ts'
import type { Horizons } from './retention.ts'
import {
  addBetween,
  decodeVector,
  encodeVector,
  merged,
  narrowed,
  Total,
  type Vector,
  vectorSlice,
} from './vector.ts'

/** 0 all time, 1 month, 2 day, 3 hour, 4 minute. */
export type Unit = 0 | 1 | 2 | 3 | 4
export const UNITS: readonly Unit[] = [0, 1, 2, 3, 4]

const MAX_LEAF_SECONDS = 64
const KIND_BYTES = 1
const LEAF = 0
const SPLIT = 1
const MINUTE: Unit = 4

/** The level of a unit's parts. */
export function partLevel(unit: Unit): Level {
  // 4, the month, for all time, down to 0, the second, for a minute.
  return (4 - unit) as Level
}

function startOfUnit(unit: Unit, index: number): number {
  return unit === 0 ? 0 : startOf(partLevel((unit - 1) as Unit), index)
}

/** The unit's first part, as the calendar counts them. */
function firstPart(unit: Unit, start: number): number {
  return bucketOf(partLevel(unit), start)
}

/** Sums by second that a node gets. */
export interface Growing {
  readonly row: number
  readonly unit: Unit
  readonly index: number
  readonly bySecond: Vector
  /** Whether the node cannot be there yet. */
  readonly isNew: boolean
}

export type Node = (unit: Unit, index: number) => Uint8Array | undefined

/** What a node becomes, and what its parts get. Where all finer levels have expired, a part gets no node. */
export function grown(
  stored: Uint8Array | undefined,
  horizons: Horizons,
  { row, unit, index, bySecond }: Growing,
): { readonly node: Uint8Array; readonly parts: readonly Growing[] } {
  const start = startOfUnit(unit, index)
  if (stored !== undefined && stored[0] === SPLIT) {
    const { sums, parts } = splitUp(horizons, row, unit, start, bySecond, false)
    return { node: nodeOf(SPLIT, merged(decodeVector(stored, KIND_BYTES), sums)), parts }
  }
  const added = vectorSlice(bySecond, 0, bySecond.index.length, start)
  const leaf = stored === undefined ? added : merged(decodeVector(stored, KIND_BYTES), added)
  if (unit === MINUTE || leaf.index.length <= MAX_LEAF_SECONDS) return { node: nodeOf(LEAF, leaf), parts: [] }
  const seconds: Vector = { ...leaf, index: leaf.index.map((offset) => offset + start) }
  const { sums, parts } = splitUp(horizons, row, unit, start, seconds, true)
  return { node: nodeOf(SPLIT, sums), parts }
}

function nodeOf(kind: number, vector: Vector): Uint8Array {
  const bytes = encodeVector(vector, KIND_BYTES)
  bytes[0] = kind
  return bytes
}

/** Shares the seconds out among the unit's parts; the sums of the parts. */
function splitUp(
  horizons: Horizons,
  row: number,
  unit: Unit,
  start: number,
  bySecond: Vector,
  isNew: boolean,
): { sums: Vector; parts: Growing[] } {
  const level = partLevel(unit)
  const part = (unit + 1) as Unit
  const { index, sums } = bySecond
  const base = firstPart(unit, start)
  const offsets: number[] = []
  const totals: bigint[] = []
  const parts: Growing[] = []
  for (let from = 0; from < index.length; ) {
    const bucket = bucketOf(level, index[from] ?? 0)
    const end = startOf(level, bucket + 1)
    const total = new Total()
    let to = from
    for (; to < index.length && (index[to] ?? 0) < end; to++) total.add(sums[to] ?? 0)
    offsets.push(bucket - base)
    totals.push(total.value)
    if (end > (horizons[partLevel(part)] ?? 0)) {
      parts.push({ row, unit: part, index: bucket, bySecond: vectorSlice(bySecond, from, to, 0), isNew })
    }
    from = to
  }
  const summed = narrowed(BigInt64Array.from(totals))
  return { sums: { index: Uint32Array.from(offsets), sums: summed, last: undefined }, parts }
}

export interface NodeName {
  readonly unit: Unit
  readonly index: number
}

/** Every node that sums between neighbouring cuts can need: at most eight a cut, and the root. */
export function nodesOf(cuts: readonly number[]): readonly NodeName[] {
  return UNITS.flatMap((unit): NodeName[] => {
    if (unit === 0) return [{ unit, index: 0 }]
    const level = partLevel((unit - 1) as Unit)
    // A range that begins or ends where a node does takes its whole sum from the node above.
    const inside = cuts.filter((cut) => startOf(level, bucketOf(level, cut)) < cut)
    return [...new Set(inside.map((cut) => bucketOf(level, cut)))].map((index) => ({ unit, index }))
  })
}

/** Adds to `total` what lies in [from, end). */
export function addRange(get: Node, from: number, end: number, total: Total): void {
  addUnit(get, 0, 0, from, end, total)
}

function addUnit(get: Node, unit: Unit, index: number, from: number, end: number, total: Total): void {
  const node = get(unit, index)
  if (node === undefined) return
  const start = startOfUnit(unit, index)
  if (node[0] === LEAF) {
    addBetween(node, KIND_BYTES, from - start, end - start, total)
    return
  }
  const level = partLevel(unit)
  const part = (unit + 1) as Unit
  const base = firstPart(unit, start)
  let first = bucketOf(level, from)
  const last = bucketOf(level, end)
  if (first === last) {
    addUnit(get, part, first, from, end, total)
    return
  }
  if (startOf(level, first) < from) {
    addUnit(get, part, first, from, startOf(level, first + 1), total)
    first += 1
  }
  if (first < last) addBetween(node, KIND_BYTES, first - base, last - base, total)
  const lastStart = startOf(level, last)
  if (lastStart < end) addUnit(get, part, last, lastStart, end, total)
}
