import { createHash } from 'node:crypto'
import { SpateError } from '../base/errors.ts'
import { type Position, positionOf, START } from '../log/port.ts'
import type { Changes, Kv, Table } from '../store/kv.ts'
import { ALL_LEVELS, bucketOf, cover, type Level, startOf } from './calendar.ts'
import { addToBucket, Tallying } from './columns.ts'
import { byBucket, type Gathered, gathered } from './gathered.ts'
import { type Change, EVERYTHING, type MeterStore, type Sheet, type Tally } from './port.ts'
import type { Horizons } from './retention.ts'
import { addRange, grow, partLevel, UNITS, type Unit } from './tree.ts'
import { narrowed, Total, type Vector } from './vector.ts'

const KINDS = 16
/** Kinds 0 to 4 are the units of a row's tree; from here on a kind is a level's columns. */
const COLUMNS = 8
const BUCKETS = 2 ** 32
/** Expired values that one commit removes at most; the next goes on. */
const REMOVED_AT_ONCE = 20_000
const LAST_CHARACTER = '\uffff'

/**
 * Meters in LMDB. Every amount is in two places: in the tree of its row, from which a row's sum over any range is
 * read, and in the columns of its six buckets, from which all rows are read at once. Both are keyed by time first,
 * so new amounts go where the last ones went, and what expires lies together.
 */
export class LmdbMeterStore implements MeterStore {
  readonly #kv: Kv
  readonly #facts: Table
  /** Names of facts by the ms after which they may go. */
  readonly #ends: Table
  readonly #sums: Table
  readonly #meta: Table
  position: Position = START
  timeMs = 0

  constructor(kv: Kv) {
    this.#kv = kv
    this.#facts = kv.table('meter-facts')
    this.#ends = kv.table('meter-fact-ends')
    this.#sums = kv.table('meter-sums')
    this.#meta = kv.table('meter-meta')
    const meta = this.#meta.get('meta')
    if (meta === undefined) return
    // Our own bytes, written in commit.
    const { position, timeMs } = JSON.parse(meta.toString()) as { position: number; timeMs: number }
    this.position = positionOf(position)
    this.timeMs = timeMs
  }

  async facts(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#facts.get(key))
  }

  async list(prefix: string, limit: number): Promise<{ key: string; value: Uint8Array }[]> {
    const range = this.#facts.range({ start: prefix, end: prefix + LAST_CHARACTER, limit })
    return Array.from(range, ({ key, value }) => ({ key: String(key), value }))
  }

  async commit(change: Change): Promise<void> {
    if (change.after !== this.position) {
      throw new SpateError('conflict', `the store is at ${this.position}, not at ${change.after}`)
    }
    await this.#kv.commit('visible', (changes) => {
      for (const [sheet, amounts] of change.amounts) {
        this.#add(changes, sheet, change.horizons.get(sheet) ?? [], gathered(amounts))
      }
      for (const [sheet, horizons] of change.horizons) this.#expire(changes, sheet, horizons)
      this.#keepFacts(changes, change)
      const meta = { position: change.position, timeMs: change.timeMs }
      changes.put(this.#meta, 'meta', Buffer.from(JSON.stringify(meta)))
    })
    this.position = change.position
    this.timeMs = change.timeMs
  }

  #add(changes: Changes, sheet: Sheet, horizons: Horizons, all: Gathered): void {
    const { count, rows, seconds, sums } = all
    for (let from = 0; from < count; ) {
      const row = rows[from] ?? 0
      let to = from
      while (to < count && rows[to] === row) to += 1
      const part = sums.slice(from, to)
      const bySecond: Vector = {
        index: seconds.slice(from, to),
        sums: part instanceof BigInt64Array ? narrowed(part) : part,
        last: undefined,
      }
      this.#grow(changes, sheet, row, horizons, bySecond)
      from = to
    }
    for (const level of ALL_LEVELS) {
      const seconds: { second: number; sum: bigint }[] = []
      for (const { bucket, start, vector } of byBucket(all, level)) {
        if (level === 0 && sheet % 2 === 0) {
          const total = new Total()
          for (const sum of vector.sums) total.add(sum)
          seconds.push({ second: bucket, sum: total.value })
        }
        if (start >= (horizons[level] ?? 0)) this.#addToBucket(changes, sheet, level, bucket, vector)
      }
      if (seconds.length > 0) {
        const index = Uint32Array.from(seconds, ({ second }) => second)
        const totals = narrowed(BigInt64Array.from(seconds, ({ sum }) => sum))
        this.#grow(changes, sheet, EVERYTHING, horizons, { index, sums: totals, last: undefined })
      }
    }
  }

  #grow(changes: Changes, sheet: Sheet, row: number, horizons: Horizons, bySecond: Vector): void {
    const nodes = {
      get: (unit: Unit, index: number) => this.#sums.get([keyOf(sheet, unit, index), row]),
      put: (unit: Unit, index: number, node: Uint8Array) =>
        changes.put(this.#sums, [keyOf(sheet, unit, index), row], node),
    }
    grow(nodes, horizons, bySecond)
  }

  #addToBucket(changes: Changes, sheet: Sheet, level: Level, bucket: number, vector: Vector): void {
    const key = keyOf(sheet, COLUMNS + level, bucket)
    const parts = {
      get: (part: number) => this.#sums.get([key, part]),
      put: (part: number, bytes: Uint8Array) => changes.put(this.#sums, [key, part], bytes),
    }
    addToBucket(parts, vector)
  }

  #expire(changes: Changes, sheet: Sheet, horizons: Horizons): void {
    let left = REMOVED_AT_ONCE
    const remove = (kind: number, before: number): void => {
      const range = { start: [keyOf(sheet, kind, 0)], end: [keyOf(sheet, kind, before)], limit: left }
      for (const key of this.#sums.keys(range)) {
        changes.remove(this.#sums, key)
        left -= 1
      }
    }
    for (const level of ALL_LEVELS) {
      const horizon = horizons[level] ?? 0
      if (horizon > 0 && left > 0) remove(COLUMNS + level, bucketOf(level, horizon))
    }
    for (const unit of UNITS.slice(1)) {
      const horizon = horizons[partLevel(unit)] ?? 0
      const level = partLevel((unit - 1) as Unit)
      if (horizon > 0 && left > 0) remove(unit, bucketOf(level, horizon))
    }
  }

  #keepFacts(changes: Changes, { facts, timeMs }: Change): void {
    for (const [key, { value, untilMs }] of facts) {
      if (value === null || (untilMs !== undefined && untilMs < timeMs)) changes.remove(this.#facts, key)
      else {
        changes.put(this.#facts, key, value)
        if (untilMs !== undefined) changes.put(this.#ends, [untilMs, key], new Uint8Array(0))
      }
    }
    for (const end of this.#ends.keys({ end: [timeMs] })) {
      changes.remove(this.#ends, end)
      // Keys of this table are pairs, written above.
      const [, key] = end as [number, string]
      if (!facts.has(key)) changes.remove(this.#facts, key)
    }
  }

  #nodesOf(sheet: Sheet, row: number): (unit: Unit, index: number) => Uint8Array | undefined {
    return (unit, index) => this.#sums.get([keyOf(sheet, unit, index), row])
  }

  async sum(sheet: Sheet, row: number, from: number, end: number): Promise<bigint> {
    const total = new Total()
    addRange(this.#nodesOf(sheet, row), from, end, total)
    return total.value
  }

  async sums(sheet: Sheet, row: number, cuts: readonly number[]): Promise<bigint[]> {
    const read = this.#nodesOf(sheet, row)
    // Neighbouring ranges read the same nodes.
    const known = UNITS.map(() => ({ index: -1, node: undefined as Uint8Array | undefined }))
    const get = (unit: Unit, index: number): Uint8Array | undefined => {
      const last = known[unit]
      if (last !== undefined && last.index === index) return last.node
      const node = read(unit, index)
      known[unit] = { index, node }
      return node
    }
    return cuts.slice(1).map((end, i) => {
      const total = new Total()
      addRange(get, cuts[i] ?? end, end, total)
      return total.value
    })
  }

  async tally(sheet: Sheet, rows: number, from: number, end: number): Promise<Tally> {
    const tallying = new Tallying(rows)
    for (const { level, first, last } of cover(from, end)) {
      const base = keyOf(sheet, COLUMNS + level, 0)
      for (const { key, value } of this.#sums.range({ start: [base + first], end: [base + last + 1] })) {
        // Keys of this table are pairs of numbers, written in #addToBucket.
        const [bucket, part] = key as [number, number]
        tallying.add(part, value, startOf(level, bucket - base))
      }
    }
    return tallying
  }

  async digest(): Promise<string> {
    const hash = createHash('sha256')
    for (const table of [this.#facts, this.#ends, this.#sums, this.#meta]) {
      for (const { key, value } of table.range({})) {
        hash.update(JSON.stringify([table.name, key, value.length])).update(value)
      }
    }
    return hash.digest('hex')
  }
}

function keyOf(sheet: Sheet, kind: number, index: number): number {
  return (sheet * KINDS + kind) * BUCKETS + index
}
