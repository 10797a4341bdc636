/**
 * What a commit's amounts make of the values that are stored. Pure: it says which values it must know, in as few and
 * as large requests as it can, and hands out what they become; who stores them reads and writes.
 */

import { type Address, columnsOfLevel } from './address.ts'
import type { Amounts } from './amounts.ts'
import { ALL_LEVELS, type Level } from './calendar.ts'
import { addedToHead, addedToPart, type Part, partsOf } from './columns.ts'
import { byBucket, type Gathered, gathered } from './gathered.ts'
import { EVERYTHING, type Sheet } from './port.ts'
import type { Horizons } from './retention.ts'
import { pageOf, ROOTS_A_PAGE, rootIn, withRoots } from './roots.ts'
import { type Growing, grown } from './tree.ts'
import { narrowed, Total, type Vector } from './vector.ts'

/** Asks for values, is given them, and does so again. */
export type Merging = Generator<readonly Address[], void, readonly (Uint8Array | undefined)[]>
export type Put = (address: Address, bytes: Uint8Array) => void

/** Values asked for at once at most: what is under way at once takes no more memory than these. */
const ASKED_AT_ONCE = 4096
const PAGES_AT_ONCE = ASKED_AT_ONCE / ROOTS_A_PAGE

/** @param newFrom no row from this one on has anything stored, so it need not be asked for */
export function* merging(
  sheet: Sheet,
  horizons: Horizons,
  amounts: Amounts,
  put: Put,
  newFrom = Number.POSITIVE_INFINITY,
): Merging {
  const all = gathered(amounts)
  yield* growRows(sheet, horizons, rowsOf(sheet, all), newFrom, put)
  for (const level of ALL_LEVELS) yield* addToBuckets(sheet, horizons, level, all, put)
}

/** Sheets of entities are even. */
function isEntities(sheet: Sheet): boolean {
  return sheet % 2 === 0
}

function* rowsOf(sheet: Sheet, all: Gathered): Iterable<Growing> {
  if (isEntities(sheet) && all.count > 0) yield everything(all)
  const { count, rows, seconds, sums } = all
  for (let from = 0; from < count; ) {
    const row = rows[from] ?? 0
    let to = from
    while (to < count && rows[to] === row) to += 1
    const part = sums.subarray(from, to)
    const bySecond: Vector = {
      index: seconds.subarray(from, to),
      sums: part instanceof BigInt64Array ? narrowed(part) : part,
      last: undefined,
    }
    yield { row, unit: 0, index: 0, bySecond, isNew: false }
    from = to
  }
}

/** The row of all entities together. */
function everything(all: Gathered): Growing {
  const seconds: number[] = []
  const sums: bigint[] = []
  for (const { bucket, vector } of byBucket(all, 0)) {
    const total = new Total()
    for (const sum of vector.sums) total.add(sum)
    seconds.push(bucket)
    sums.push(total.value)
  }
  const bySecond: Vector = {
    index: Uint32Array.from(seconds),
    sums: narrowed(BigInt64Array.from(sums)),
    last: undefined,
  }
  return { row: EVERYTHING, unit: 0, index: 0, bySecond, isNew: false }
}

/** @param rows ascending */
function* growRows(
  sheet: Sheet,
  horizons: Horizons,
  rows: Iterable<Growing>,
  newFrom: number,
  put: Put,
): Merging {
  for (const pages of chunksOf(byPage(rows), PAGES_AT_ONCE)) {
    const known = pages.filter(({ page }) => page * ROOTS_A_PAGE < newFrom)
    const stored = known.length === 0 ? [] : yield known.map(({ page }) => rootAddress(sheet, page))
    const parts: Growing[] = []
    for (const [i, { page, roots }] of pages.entries()) {
      // Those that are new come after all others.
      const before = i < known.length ? stored[i] : undefined
      const changed: Uint8Array[] = []
      for (const root of roots) {
        const { node, parts: own } = grown(rootIn(before, root.row), horizons, root)
        changed[root.row % ROOTS_A_PAGE] = node
        for (const part of own) parts.push(part)
      }
      put(rootAddress(sheet, page), withRoots(before, changed))
    }
    yield* growParts(sheet, horizons, parts, put)
  }
}

interface Page {
  readonly page: number
  readonly roots: readonly Growing[]
}

function* byPage(rows: Iterable<Growing>): Iterable<Page> {
  let roots: Growing[] = []
  let page = 0
  for (const root of rows) {
    const own = pageOf(root.row)
    if (own !== page && roots.length > 0) {
      yield { page, roots }
      roots = []
    }
    page = own
    roots.push(root)
  }
  if (roots.length > 0) yield { page, roots }
}

function rootAddress(sheet: Sheet, page: number): Address {
  return { sheet, kind: 0, index: 0, at: page }
}

function* growParts(sheet: Sheet, horizons: Horizons, first: readonly Growing[], put: Put): Merging {
  for (const chunk of chunksOf(first, ASKED_AT_ONCE)) {
    let growing: readonly Growing[] = chunk
    while (growing.length > 0) {
      const asked: Address[] = []
      for (const each of growing) if (!each.isNew) asked.push(addressOf(sheet, each))
      const stored = asked.length === 0 ? [] : yield asked
      let next = 0
      const parts: Growing[] = []
      for (const each of growing) {
        const address = each.isNew ? addressOf(sheet, each) : asked[next]
        const { node, parts: own } = grown(each.isNew ? undefined : stored[next++], horizons, each)
        if (address !== undefined) put(address, node)
        for (const part of own) parts.push(part)
      }
      growing = parts
    }
  }
}

function addressOf(sheet: Sheet, { row, unit, index }: Growing): Address {
  return { sheet, kind: unit, index, at: row }
}

interface Added {
  readonly bucket: number
  readonly vector: Vector
}

function* addToBuckets(sheet: Sheet, horizons: Horizons, level: Level, all: Gathered, put: Put): Merging {
  const kind = columnsOfLevel(level)
  const partOf = (bucket: number, part: number): Address => ({ sheet, kind, index: bucket, at: part })
  for (const buckets of chunksOf(keptBuckets(horizons, level, all), ASKED_AT_ONCE)) {
    const cut: { bucket: number; part: Part; isNew: boolean }[] = []
    const heads = yield buckets.map(({ bucket }) => partOf(bucket, 0))
    for (const [i, { bucket, vector }] of buckets.entries()) {
      const head = heads[i]
      const { bytes, rest } = addedToHead(head, vector)
      if (bytes !== undefined) put(partOf(bucket, 0), bytes)
      if (rest === undefined) continue
      for (const part of partsOf(rest)) cut.push({ bucket, part, isNew: bytes !== undefined })
    }
    for (const parts of chunksOf(cut, ASKED_AT_ONCE)) {
      const known = parts.filter(({ isNew }) => !isNew)
      const stored = known.length === 0 ? [] : yield known.map((each) => partOf(each.bucket, each.part.at))
      let next = 0
      for (const { bucket, part, isNew } of parts) {
        put(partOf(bucket, part.at), addedToPart(isNew ? undefined : stored[next++], part))
      }
    }
  }
}

function* keptBuckets(horizons: Horizons, level: Level, all: Gathered): Iterable<Added> {
  for (const { bucket, start, vector } of byBucket(all, level)) {
    if (start >= (horizons[level] ?? 0)) yield { bucket, vector }
  }
}

function* chunksOf<Item>(items: Iterable<Item>, size: number): Iterable<Item[]> {
  let chunk: Item[] = []
  for (const item of items) {
    chunk.push(item)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
