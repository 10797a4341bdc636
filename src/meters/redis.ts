import { randomUUID } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { type Position, positionOf, START } from '../log/port.ts'
import { type Address, columnsOfLevel, expired } from './address.ts'
import { cover, startOf } from './calendar.ts'
import { lastPart, Tallying } from './columns.ts'
import { Digest } from './digest.ts'
import { decodeFact, encodeFact, hasEnded } from './fact-bytes.ts'
import { merging } from './merging.ts'
import {
  type Change,
  FREE_STANDING,
  isListed,
  LAYOUT,
  type MeterStore,
  type Sheet,
  type Tally,
} from './port.ts'
import { Calls } from './redis/calls.ts'
import { type Argument, RedisConnection, type Reply } from './redis/connection.ts'
import {
  addressOf,
  groupOf,
  hashId,
  type Names,
  namesOf,
  parsedHashId,
  placeOf,
  type SpaceNames,
} from './redis/keys.ts'
import { packed } from './redis/packed.ts'
import { CLEAR, COMMIT, ITEMS_AT_ONCE, LIST, LOOK, READ, READ_BUCKETS, type Script } from './redis/scripts.ts'
import { pageOf, rootIn } from './roots.ts'
import { addRange, nodesOf } from './tree.ts'
import { Total } from './vector.ts'

const DEFAULT_PREFIX = 'spate'
const PREFIX = /^[\w./-]{1,64}$/
const DEFAULT_TIMEOUT_MS = 15_000
/** Hashes of expired values that one commit removes at most; the next goes on. */
const REMOVED_AT_ONCE = 2000
const HASHES_AT_ONCE = 500
const FACTS_REMOVED_AT_ONCE = 20_000

export interface RedisMetersOptions {
  /** Of all keys, unless the URL names one: what several deployments in one Redis have each of its own. */
  readonly prefix?: string
  /** For which an answer is waited. */
  readonly timeoutMs?: number
}

/** The spaces of one Redis; they share a connection. */
export interface RedisMeters extends AsyncDisposable {
  /** Errors: those of {@link RedisMeterStore.refresh}. */
  open(space?: string): Promise<RedisMeterStore>
}

/**
 * Meters in the Redis at `url` (redis://[user:password@]host[:port][/database][?prefix=word], rediss:// with TLS); a
 * cluster is told from a single server by itself. Nothing is connected before a space is opened. Errors: `invalid` for
 * what is no such URL; the URL is in no error.
 */
export function openRedisMeters(url: string, options: RedisMetersOptions = {}): RedisMeters {
  const connection = new RedisConnection(url, { timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS })
  const prefix = new URL(url).searchParams.get('prefix') ?? options.prefix ?? DEFAULT_PREFIX
  if (!PREFIX.test(prefix)) {
    throw new SpateError('invalid', 'a prefix of keys is 1 to 64 of a–z A–Z 0–9 . _ - /')
  }
  return {
    open: async (space = FREE_STANDING) => {
      const store = new RedisMeterStore(connection, namesOf(prefix, space))
      await store.refresh()
      return store
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}

interface Standing {
  readonly generation: number
  readonly position: Position
  readonly timeMs: number
  readonly commit: string
  readonly origin: string
}

interface Field {
  readonly key: string
  readonly field: string
}

/**
 * Meters in Redis 7: the values of {@link LmdbMeterStore}, byte for byte, in hashes.
 *
 * A commit reads what it must merge, then one script checks the position and writes everything, so of servers that
 * commit at the same time one is refused, and a commit whose answer was lost can be sent again. Every answer to a
 * question tells the position that it is as of: a Redis that lost what it held is noticed (`unavailable`, and
 * `onLost`), and gives no sums of what is left. After the next `refresh` the store stands where that Redis does.
 *
 * Errors of all: `unavailable` while Redis cannot be reached or is not ready, `storage-full` where it has no memory
 * left, `storage-failed` where it refuses for other reasons, `corrupt` where something else lies under the names,
 * `newer-version` where a newer release wrote.
 */
export class RedisMeterStore implements MeterStore {
  readonly #connection: RedisConnection
  readonly #space: SpaceNames
  #generation = 0
  /** A change that is committed again has the same name. */
  readonly #commits = new WeakMap<Change, string>()
  readonly #listeners = new Set<() => void>()
  /** By sheet, what was said to be expired and has been removed. */
  readonly #expired = new Map<Sheet, string>()
  position: Position = START
  timeMs = 0
  origin = ''

  constructor(connection: RedisConnection, space: SpaceNames) {
    this.#connection = connection
    this.#space = space
  }

  get #names(): Names {
    return this.#space.of(this.#generation)
  }

  onLost(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async refresh(): Promise<void> {
    await this.#clearOlder()
    const { generation, position, timeMs, origin } = await this.#look()
    if (generation !== this.#generation || position !== this.position) this.#expired.clear()
    this.#generation = generation
    this.position = position
    this.timeMs = timeMs
    this.origin = origin
  }

  async #clearOlder(): Promise<void> {
    const [layout = null, generation = null] = listOf(
      await this.#connection.run(LOOK, [this.#space.meta], []),
    )
    const version = Number(layout ?? LAYOUT)
    if (version >= 1 && version < LAYOUT) await this.#clear(Number(generation))
  }

  async #look(): Promise<Standing> {
    const reply = listOf(await this.#connection.run(LOOK, [this.#space.meta], []))
    const [layout, generation, position, timeMs, commit, origin] = reply
    return {
      ...this.#standing(layout, generation ?? null, position ?? null),
      timeMs: Number(timeMs ?? 0),
      commit: String(commit ?? ''),
      origin: String(origin ?? ''),
    }
  }

  #standing(layout: Reply = null, ...numbers: Reply[]): { generation: number; position: Position } {
    if (layout === null) return { generation: 0, position: START }
    const [version = 0, generation = 0, position = 0] = [layout, ...numbers].map(Number)
    if (version > LAYOUT) {
      throw new SpateError(
        'newer-version',
        'a newer release wrote the meters in this Redis: upgrade this server',
      )
    }
    if (
      version !== LAYOUT ||
      ![generation, position].every((each) => Number.isSafeInteger(each) && each >= 0)
    ) {
      throw new SpateError('corrupt', `${this.#space.meta} in Redis is not what meters are`)
    }
    return { generation, position: positionOf(position) }
  }

  /** What follows the standing in the answer to a question. */
  async #ask(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<readonly Reply[]> {
    const reply = await this.#connection.run(script, [this.#space.meta, ...keys], args)
    const [layout, generation, position, ...rest] = listOf(reply)
    const standing = this.#standing(layout, generation ?? null, position ?? null)
    if (standing.generation === this.#generation && standing.position >= this.position) return rest
    for (const listener of this.#listeners) listener()
    throw new SpateError(
      'unavailable',
      'Redis lost what it held of the meters; they are made again from the log',
    )
  }

  /** The space goes on in a new generation; what lies in the old one is removed after. */
  async clear(): Promise<void> {
    const { generation } = await this.#look()
    await this.#clear(generation)
    await this.refresh()
  }

  async #clear(generation: number): Promise<void> {
    const next = [LAYOUT, generation, generation + 1].map(String)
    await this.#connection.run(CLEAR, [this.#space.meta, this.#space.cleared], next)
    for (const old of listOf(await this.#connection.command('SMEMBERS', this.#space.cleared)).map(Number)) {
      await this.#remove(old)
    }
  }

  async #remove(generation: number): Promise<void> {
    const { facts, factNames, factEnds, hashes, hash } = this.#space.of(generation)
    for (;;) {
      const ids = await this.#hashIds(hashes, '-', '+')
      if (ids.length === 0) break
      await this.#connection.command('UNLINK', ...keysOf(ids.map(hash)))
      await this.#connection.command('ZREM', hashes, ...ids)
    }
    await this.#connection.command('UNLINK', facts, factNames, factEnds)
    await this.#connection.command('SREM', this.#space.cleared, String(generation))
  }

  async facts(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const stored = await this.#facts(keys)
    return stored.map((bytes) => bytes && decodeFact(bytes).value)
  }

  #facts(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const key = this.#names.facts
    return this.#read(keys.map((field) => ({ key, field })))
  }

  /** Reads fields of hashes, as few scripts as can be; each sees one state. */
  async #read(fields: readonly Field[]): Promise<(Uint8Array | undefined)[]> {
    const parts: Promise<(Uint8Array | undefined)[]>[] = []
    for (let from = 0; from < fields.length; from += ITEMS_AT_ONCE) {
      parts.push(this.#readAtOnce(fields.slice(from, from + ITEMS_AT_ONCE)))
    }
    return (await allOf(parts)).flat()
  }

  async #readAtOnce(fields: readonly Field[]): Promise<(Uint8Array | undefined)[]> {
    const byKey = new Map<string, { places: number[]; fields: string[] }>()
    for (const [i, { key, field }] of fields.entries()) {
      const known = byKey.get(key)
      if (known === undefined) byKey.set(key, { places: [i], fields: [field] })
      else {
        known.places.push(i)
        known.fields.push(field)
      }
    }
    const lists = [...byKey.values()]
    const found = await this.#ask(
      READ,
      [...byKey.keys()],
      lists.map((list) => packed(list.fields)),
    )
    const values = fields.map((): Uint8Array | undefined => undefined)
    let next = 0
    for (const { places } of lists) {
      for (const place of places) {
        const value = found[next++]
        if (Buffer.isBuffer(value)) values[place] = value
      }
    }
    return values
  }

  async list(prefix: string, limit: number): Promise<{ key: string; value: Uint8Array }[]> {
    assert(isListed(prefix), `no order is kept of facts that begin with ${prefix}`)
    const { factNames, facts } = this.#names
    // No byte of a name is 0xff.
    const end = Buffer.concat([Buffer.from(`(${prefix}`), Uint8Array.of(0xff)])
    const found = await this.#ask(LIST, [factNames, facts], [`[${prefix}`, end, String(limit)])
    return Array.from({ length: found.length / 2 }, (_, i) => ({
      key: String(found[2 * i]),
      value: decodeFact(bytesOf(found[2 * i + 1])).value,
    }))
  }

  async commit(change: Change): Promise<void> {
    const name = this.#commits.get(change) ?? randomUUID()
    this.#commits.set(change, name)
    const { generation, position, commit } = await this.#look()
    if (position !== change.position || commit !== name) {
      if (position !== change.after || generation !== this.#generation) throw conflict(position, change)
      await this.#write(change, name)
    }
    this.position = change.position
    this.timeMs = change.timeMs
    this.origin = change.origin
  }

  async #write(change: Change, name: string): Promise<void> {
    const { after, position, timeMs, origin } = change
    const calls = new Calls()
    const sheets = [...change.amounts].map(([sheet]) => this.#merge(calls, change, sheet))
    await allOf([...sheets, this.#expire(calls, change), this.#keepFacts(calls, change)])
    const { keys, types, args } = calls
    const head = [LAYOUT, this.#generation, after, position, timeMs, name, origin].map(String)
    const [status, found] = listOf(
      await this.#connection.run(COMMIT, [this.#space.meta, ...keys], [...head, packed(types), ...args]),
    ).map(String)
    if (status === 'conflict') throw conflict(Number(found), change)
    if (status === 'layout') this.#standing(Buffer.from(found ?? ''))
    assert(status === 'done', 'the script says so')
    for (const [sheet, horizons] of change.horizons) {
      if (!calls.isUnfinished(sheet)) this.#expired.set(sheet, horizons.join())
    }
  }

  async #merge(calls: Calls, change: Change, sheet: Sheet): Promise<void> {
    const amounts = change.amounts.get(sheet)
    if (amounts === undefined) return
    const { hash, hashes } = this.#names
    const kept = new Set<string>()
    const put = (address: Address, bytes: Uint8Array): void => {
      const { id, field } = placeOf(address)
      calls.put(hash(id), field, bytes)
      if (kept.has(id)) return
      kept.add(id)
      calls.keep(hashes, id)
    }
    const steps = merging(sheet, change.horizons.get(sheet) ?? [], amounts, put)
    for (let step = steps.next(); step.done !== true; ) {
      const places = step.value.map((address) => {
        const { id, field } = placeOf(address)
        return { key: hash(id), field }
      })
      step = steps.next(await this.#read(places))
    }
  }

  async #expire(calls: Calls, { horizons }: Change): Promise<void> {
    for (const [sheet, own] of horizons) {
      if (this.#expired.get(sheet) === own.join()) continue
      for (const { kind, before } of expired(own)) {
        const last = groupOf(kind, before)
        const ids = await this.#hashIds(
          this.#names.hashes,
          `[${hashId(sheet, kind, 0)}`,
          `[${hashId(sheet, kind, last)}`,
        )
        for (const id of ids) {
          const { group } = parsedHashId(id)
          if (group < last) {
            calls.drop(this.#names.hash(id))
            calls.forget(this.#names.hashes, id)
            continue
          }
          const fields = listOf(await this.#connection.command('HKEYS', this.#names.hash(id))).map(String)
          const gone = fields.filter((field) => addressOf(id, field).index < before)
          for (const field of gone) calls.removeField(this.#names.hash(id), field)
          if (gone.length === fields.length) calls.forget(this.#names.hashes, id)
        }
        if (ids.length === REMOVED_AT_ONCE) calls.leaveUnfinished(sheet)
      }
    }
  }

  async #hashIds(hashes: string, from: string, to: string): Promise<string[]> {
    const limit = ['LIMIT', '0', String(REMOVED_AT_ONCE)]
    const found = await this.#connection.command('ZRANGE', hashes, from, to, 'BYLEX', ...limit)
    return listOf(found).map(String)
  }

  async #keepFacts(calls: Calls, { facts, timeMs }: Change): Promise<void> {
    const { facts: hash, factNames, factEnds } = this.#names
    const remove = (key: string): void => {
      calls.removeField(hash, key)
      if (isListed(key)) calls.forget(factNames, key)
    }
    for (const [key, { value, untilMs }] of facts) {
      if (value === null || (untilMs !== undefined && untilMs < timeMs)) remove(key)
      else {
        calls.put(hash, key, encodeFact({ value, untilMs }))
        if (isListed(key)) calls.keep(factNames, key)
        if (untilMs !== undefined) calls.keep(factEnds, key, untilMs)
      }
    }
    const limit = ['LIMIT', '0', String(FACTS_REMOVED_AT_ONCE)]
    const due = await this.#connection.command('ZRANGE', factEnds, '-inf', `(${timeMs}`, 'BYSCORE', ...limit)
    const keys = listOf(due).map(String)
    for (const [i, stored] of (await this.#facts(keys)).entries()) {
      const key = keys[i] ?? ''
      if (facts.get(key)?.untilMs === undefined) calls.forget(factEnds, key)
      if (!facts.has(key) && stored !== undefined && hasEnded(stored, timeMs)) remove(key)
    }
  }

  async sum(sheet: Sheet, row: number, from: number, end: number): Promise<bigint> {
    const [sum = 0n] = await this.sums(sheet, row, [from, end])
    return sum
  }

  async sums(sheet: Sheet, row: number, cuts: readonly number[]): Promise<bigint[]> {
    const wanted = nodesOf(cuts)
    const places = wanted.map(({ unit, index }) => ({
      key: this.#names.hash(hashId(sheet, unit, index)),
      field: String(unit === 0 ? pageOf(row) : row),
    }))
    const nodes = new Map<string, Uint8Array | undefined>()
    for (const [i, node] of (await this.#read(places)).entries()) {
      nodes.set(places[i]?.key ?? '', wanted[i]?.unit === 0 ? rootIn(node, row) : node)
    }
    return cuts.slice(1).map((end, i) => {
      const total = new Total()
      const node = (unit: number, index: number): Uint8Array | undefined =>
        nodes.get(this.#names.hash(hashId(sheet, unit, index)))
      addRange(node, cuts[i] ?? end, end, total)
      return total.value
    })
  }

  async tally(sheet: Sheet, rows: number, from: number, end: number): Promise<Tally> {
    const hashes = new Map<string, { level: 0 | 1 | 2 | 3 | 4 | 5; buckets: string[] }>()
    for (const { level, first, last } of cover(from, end)) {
      const kind = columnsOfLevel(level)
      for (let bucket = first; bucket <= last; bucket++) {
        const key = this.#names.hash(hashId(sheet, kind, groupOf(kind, bucket)))
        const known = hashes.get(key)
        if (known === undefined) hashes.set(key, { level, buckets: [String(bucket)] })
        else known.buckets.push(String(bucket))
      }
    }
    const lists = [...hashes.values()]
    const found = await this.#ask(
      READ_BUCKETS,
      [...hashes.keys()],
      [String(lastPart(rows)), ...lists.map(({ buckets }) => packed(buckets))],
    )
    const pace = new Pace()
    const tallying = new Tallying(rows)
    for (let i = 0; i < found.length; i += 4) {
      const level = lists[Number(found[i])]?.level ?? 0
      const start = startOf(level, Number(found[i + 1]))
      tallying.add(Number(found[i + 2]), bytesOf(found[i + 3]), start)
      await pace.turn()
    }
    return tallying
  }

  /** While nobody commits. */
  async digest(): Promise<string> {
    const digest = new Digest(this.position, this.timeMs)
    const { facts, hashes } = this.#names
    for (const [key, stored] of pairsOf(await this.#connection.command('HGETALL', facts))) {
      const { value, untilMs } = decodeFact(bytesOf(stored))
      digest.addFact(String(key), value, untilMs)
    }
    const ids = listOf(await this.#connection.command('ZRANGE', hashes, '0', '-1')).map(String)
    for (let from = 0; from < ids.length; from += HASHES_AT_ONCE) {
      const some = ids.slice(from, from + HASHES_AT_ONCE)
      const stored = await allOf(some.map((id) => this.#connection.command('HGETALL', this.#names.hash(id))))
      for (const [i, id] of some.entries()) {
        for (const [field, value] of pairsOf(stored[i] ?? [])) {
          digest.addSum(addressOf(id, String(field)), bytesOf(value))
        }
      }
    }
    return digest.value
  }
}

/** Commands that take many keys have them all as arguments. */
function keysOf(keys: readonly string[]): [string, ...string[]] {
  const [first = '', ...rest] = keys
  return [first, ...rest]
}

function conflict(position: number, { after }: Change): SpateError {
  return new SpateError('conflict', `the store is at ${position}, not at ${after}`)
}

function listOf(reply: Reply): readonly Reply[] {
  assert(Array.isArray(reply), 'the command answers with a list')
  return reply
}

function pairsOf(reply: Reply): (readonly [Reply, Reply])[] {
  const list = listOf(reply)
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i] ?? null, list[2 * i + 1] ?? null])
}

function bytesOf(reply: Reply | undefined): Uint8Array {
  assert(Buffer.isBuffer(reply), 'the field has a value')
  return reply
}

/** Waits for all, then fails with the first failure. */
async function allOf<Result>(promises: readonly Promise<Result>[]): Promise<Result[]> {
  const results = await Promise.allSettled(promises)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
