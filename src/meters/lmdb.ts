import { setImmediate } from 'node:timers/promises'
import { assert } from '../base/assert.ts'
import { SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { type Position, positionOf, START } from '../log/port.ts'
import type { Changes, Kv, Table } from '../store/kv.ts'
import { type Address, columnsOfLevel, expired } from './address.ts'
import { cover, startOf } from './calendar.ts'
import { Tallying } from './columns.ts'
import { Digest } from './digest.ts'
import { decodeFact, encodeFact, hasEnded } from './fact-bytes.ts'
import { afterKey, endKey, keyOf, parsedKey, startKey, wholeSpace } from './keys.ts'
import { merging } from './merging.ts'
import {
  type Change,
  EVERYTHING,
  FREE_STANDING,
  isListed,
  LAYOUT,
  type MeterStore,
  type Sheet,
  type Tally,
} from './port.ts'
import type { Horizons } from './retention.ts'
import { pageOf, ROOTS_A_PAGE, rootIn } from './roots.ts'
import { addRange, type Node, UNITS, type Unit } from './tree.ts'
import { Total } from './vector.ts'

/** Values of each kind that one commit removes at most; the next goes on. */
const REMOVED_AT_ONCE = 20_000
/** Of columns, that are added up before others get the thread: some 100,000 rows, 10 ms. */
const TALLIED_AT_ONCE_BYTES = 1 << 19
/** How often a tally is begun. */
const TALLY_TRIES = 3
const LAST_NUMBER = 'last'
const NAMED = 'named'
const NOTHING = new Uint8Array(0)

interface StoredMeta {
  readonly layout?: number
  readonly position: number
  readonly timeMs: number
  readonly origin?: string
}

interface Standing {
  /** 0: nothing is stored. */
  readonly space: number
  /** A space of an older layout, which is to go; 0: none. */
  readonly older: number
  readonly position: Position
  readonly timeMs: number
  readonly origin: string
}

const NOWHERE = { space: 0, position: START, timeMs: 0, origin: '' }

/**
 * Meters in LMDB. Every amount is in two places: in the tree of its row, from which a row's sum over any range is
 * read, and in the columns of its six buckets, from which all rows are read at once. Both are keyed by time first,
 * so new amounts go where the last ones went, and what expires lies together.
 */
export class LmdbMeterStore implements MeterStore {
  readonly #kv: Kv
  /** Numbers by space; the last one given. */
  readonly #spaces: Table
  /** Numbers of spaces that were cleared and still hold something. */
  readonly #cleared: Table
  readonly #facts: Table
  /** Names of facts by the ms after which they may go. */
  readonly #ends: Table
  readonly #sums: Table
  readonly #meta: Table
  readonly #name: string
  /** First in every key; 0 while nothing is stored. */
  #space = 0
  position: Position = START
  timeMs = 0
  origin = ''

  /** Errors: `newer-version`. */
  constructor(kv: Kv, space = FREE_STANDING) {
    this.#kv = kv
    this.#spaces = kv.table('meter-spaces')
    this.#cleared = kv.table('meter-spaces-cleared')
    this.#facts = kv.table('meter-facts')
    this.#ends = kv.table('meter-fact-ends')
    this.#sums = kv.table('meter-sums')
    this.#meta = kv.table('meter-meta')
    this.#name = space
    this.#look()
  }

  #look(): void {
    const { space, position, timeMs, origin } = this.#standing()
    this.#space = space
    this.position = position
    this.timeMs = timeMs
    this.origin = origin
  }

  #standing(): Standing {
    const number = numberOf(this.#spaces.get([NAMED, this.#name]))
    const bytes = this.#meta.get(number)
    if (bytes === undefined) return { ...NOWHERE, older: number }
    // Our own bytes, written in #apply; the first release wrote no layout.
    const { layout = 1, position, timeMs, origin = '' } = JSON.parse(bytes.toString()) as StoredMeta
    if (layout > LAYOUT) {
      throw new SpateError('newer-version', 'a newer release wrote the meters: upgrade this server')
    }
    if (layout < LAYOUT) return { ...NOWHERE, older: number }
    return { space: number, older: 0, position: positionOf(position), timeMs, origin }
  }

  async refresh(): Promise<void> {
    this.#look()
  }

  /** The space goes on under a new number; what lies under the old one goes with the next commits. */
  clear(): Promise<void> {
    return this.#kv.inTurn(async () => {
      const old = numberOf(this.#spaces.get([NAMED, this.#name]))
      if (old > 0) {
        await this.#kv.commit('visible', (changes) => {
          changes.remove(this.#spaces, [NAMED, this.#name])
          changes.put(this.#cleared, old, NOTHING)
        })
      }
      this.#look()
    })
  }

  /** Never: what LMDB has written stays. */
  onLost(): () => void {
    return () => undefined
  }

  async facts(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => {
      const stored = this.#facts.get([this.#space, key])
      return stored && decodeFact(stored).value
    })
  }

  async list(prefix: string, limit: number): Promise<{ key: string; value: Uint8Array }[]> {
    assert(isListed(prefix), `no order is kept of facts that begin with ${prefix}`)
    const found: { key: string; value: Uint8Array }[] = []
    const range = { start: [this.#space, prefix], end: [this.#space + 1], limit }
    for (const { key: pair, value } of this.#facts.range(range)) {
      // Keys of this table are pairs, written below.
      const [, key] = pair as [number, string]
      if (!key.startsWith(prefix)) break
      found.push({ key, value: decodeFact(value).value })
    }
    return found
  }

  commit(change: Change): Promise<void> {
    return this.#kv.inTurn(async () => {
      const { space: known, older, position } = this.#standing()
      if (change.after !== position) {
        throw new SpateError('conflict', `the store is at ${position}, not at ${change.after}`)
      }
      const space = known === 0 ? numberOf(this.#spaces.get(LAST_NUMBER)) + 1 : known
      const sums = await this.#mergedSums(space, change)
      await this.#kv.commit('visible', (changes) => {
        if (known === 0) {
          changes.put(this.#spaces, LAST_NUMBER, numberBytes(space))
          changes.put(this.#spaces, [NAMED, this.#name], numberBytes(space))
          if (older > 0) changes.put(this.#cleared, older, NOTHING)
        }
        for (const [key, bytes] of sums) changes.put(this.#sums, key, bytes)
        this.#apply(changes, space, change)
      })
      this.#space = space
      this.position = change.position
      this.timeMs = change.timeMs
      this.origin = change.origin
    })
  }

  #apply(changes: Changes, space: number, change: Change): void {
    for (const [sheet, horizons] of change.horizons) this.#expire(changes, space, sheet, horizons)
    this.#keepFacts(changes, space, change)
    this.#removeCleared(changes)
    const { position, timeMs, origin } = change
    const meta: StoredMeta = { layout: LAYOUT, position, timeMs, origin }
    changes.put(this.#meta, space, Buffer.from(JSON.stringify(meta)))
  }

  /** What the amounts make of the sums that are stored, which nobody changes meanwhile: it is our turn. */
  async #mergedSums(space: number, { amounts, horizons }: Change): Promise<[string, Uint8Array][]> {
    const pace = new Pace()
    const sums: [string, Uint8Array][] = []
    const put = (address: Address, bytes: Uint8Array): void => {
      sums.push([keyOf(space, address), bytes])
    }
    for (const [sheet, own] of amounts) {
      const steps = merging(sheet, horizons.get(sheet) ?? [], own, put, this.#firstNewRow(space, sheet))
      for (let step = steps.next(); step.done !== true; ) {
        step = steps.next(step.value.map((address) => this.#sums.get(keyOf(space, address))))
        await pace.turn()
      }
    }
    return sums
  }

  /** No row from there on has a page. Pages of roots stay until nobody needs them any more, which is never. */
  #firstNewRow(space: number, sheet: Sheet): number {
    const first = startKey(space, sheet, 0, 0)
    // Downwards, and what is no more is not included; a part of a name stands before it.
    const range = { start: endKey(space, sheet, 0, 0), end: first.slice(0, -1), reverse: true, limit: 1 }
    for (const key of this.#sums.keys(range)) {
      // Keys of this table are strings, written in commit.
      return (parsedKey(key as string).at + 1) * ROOTS_A_PAGE
    }
    return EVERYTHING
  }

  #expire(changes: Changes, space: number, sheet: Sheet, horizons: Horizons): void {
    let left = REMOVED_AT_ONCE
    for (const { kind, before } of expired(horizons)) {
      if (left === 0) return
      const range = {
        start: startKey(space, sheet, kind, 0),
        end: startKey(space, sheet, kind, before),
        limit: left,
      }
      for (const key of this.#sums.keys(range)) {
        changes.remove(this.#sums, key)
        left -= 1
      }
    }
  }

  #keepFacts(changes: Changes, space: number, { facts, timeMs }: Change): void {
    for (const [key, { value, untilMs }] of facts) {
      if (value === null || (untilMs !== undefined && untilMs < timeMs)) {
        changes.remove(this.#facts, [space, key])
      } else {
        changes.put(this.#facts, [space, key], encodeFact({ value, untilMs }))
        if (untilMs !== undefined) changes.put(this.#ends, [space, untilMs, key], NOTHING)
      }
    }
    const ended = { start: [space], end: [space, timeMs], limit: REMOVED_AT_ONCE }
    for (const end of this.#ends.keys(ended)) {
      changes.remove(this.#ends, end)
      // Keys of this table are triples, written above.
      const [, , key] = end as [number, number, string]
      if (facts.has(key)) continue
      const stored = this.#facts.get([space, key])
      if (stored !== undefined && hasEnded(stored, timeMs)) changes.remove(this.#facts, [space, key])
    }
  }

  #removeCleared(changes: Changes): void {
    let left = REMOVED_AT_ONCE
    for (const space of this.#cleared.keys({})) {
      // Keys of this table are numbers of spaces, written in clear.
      const number = space as number
      for (const table of [this.#facts, this.#ends, this.#sums]) {
        if (left === 0) return
        const whole = table === this.#sums ? wholeSpace(number) : { start: [number], end: [number + 1] }
        for (const key of table.keys({ ...whole, limit: left })) {
          changes.remove(table, key)
          left -= 1
        }
      }
      if (left === 0) return
      changes.remove(this.#meta, number)
      changes.remove(this.#cleared, number)
    }
  }

  #nodesOf(sheet: Sheet, row: number): Node {
    return (unit, index) => {
      const at = unit === 0 ? pageOf(row) : row
      const value = this.#sums.get(keyOf(this.#space, { sheet, kind: unit, index, at }))
      return unit === 0 ? rootIn(value, row) : value
    }
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

  /** Others get the thread in between; where one of them commits, it begins anew, and the last time goes through. */
  async tally(sheet: Sheet, rows: number, from: number, end: number): Promise<Tally> {
    for (let tries = 1; tries < TALLY_TRIES; tries++) {
      const tally = await this.#talliedInTurns(sheet, rows, from, end)
      if (tally !== undefined) return tally
    }
    const tallying = new Tallying(rows)
    const steps = this.#tallying(tallying, sheet, from, end)
    while (steps.next().done !== true);
    return tallying
  }

  async #talliedInTurns(sheet: Sheet, rows: number, from: number, end: number): Promise<Tally | undefined> {
    const begun = this.#standing()
    const tallying = new Tallying(rows)
    const steps = this.#tallying(tallying, sheet, from, end)
    while (steps.next().done !== true) {
      await setImmediate()
      const { space, position } = this.#standing()
      if (space !== begun.space || position !== begun.position) return undefined
    }
    return tallying
  }

  /** In steps of so many bytes. */
  *#tallying(tallying: Tallying, sheet: Sheet, from: number, end: number): Generator<undefined, void> {
    let bytes = 0
    for (const { level, first, last } of cover(from, end)) {
      const kind = columnsOfLevel(level)
      const behind = endKey(this.#space, sheet, kind, last)
      let next: string | undefined = startKey(this.#space, sheet, kind, first)
      while (next !== undefined) {
        const range = { start: next, end: behind }
        next = undefined
        for (const { key: stored, value } of this.#sums.range(range)) {
          // Keys of this table are strings, written in commit.
          const key = stored as string
          const { index, at } = parsedKey(key)
          tallying.add(at, value, startOf(level, index))
          bytes += value.length
          if (bytes < TALLIED_AT_ONCE_BYTES) continue
          next = afterKey(key)
          break
        }
        if (next === undefined) continue
        yield
        bytes = 0
      }
    }
  }

  async digest(): Promise<string> {
    const digest = new Digest(this.position, this.timeMs)
    const range = { start: [this.#space], end: [this.#space + 1] }
    for (const { key: pair, value: stored } of this.#facts.range(range)) {
      // Keys of this table are pairs, written in #keepFacts.
      const [, key] = pair as [number, string]
      const { value, untilMs } = decodeFact(stored)
      digest.addFact(key, value, untilMs)
    }
    for (const { key, value } of this.#sums.range(wholeSpace(this.#space))) {
      // Keys of this table are strings, written in commit.
      digest.addSum(parsedKey(key as string), value)
    }
    return digest.value
  }
}

function numberOf(bytes: Buffer | undefined): number {
  return bytes?.readUInt32LE() ?? 0
}

function numberBytes(number: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes
}
