import { setTimeout } from 'node:timers/promises'
import { assert } from '../base/assert.ts'
import { crashPoint } from '../base/crash.ts'
import { SpateError } from '../base/errors.ts'
import { keepNewest } from '../base/keep-newest.ts'
import { type Log, type LogRecord, type Position, positionOf, START } from '../log/port.ts'
import type { Changes, Kv, Table } from '../store/kv.ts'
import { nameKey } from './names.ts'
import { NumberCache } from './number-cache.ts'
import { decodePlayerRecord, encodePlayerRecord, type PlayerRecord, PlayerRecordType } from './records.ts'

const STREAM = 'players'
/** Keys of active players kept in memory; the rest is read from the store. */
const MAX_CACHED_KEYS = 262_144
const COMMIT_AGAIN_AFTER_MS = 1_000
const MAX_KEYS_A_RECORD = 10_000
const MAX_REFUSED = 1024
export const MAX_KEY_LENGTH = 256
/** Bearer tokens that one player may have at a time. */
export const MAX_TOKENS = 32

export interface Player {
  readonly number: number
  readonly key: string
  readonly name: string | null
  readonly joinedMs: number
  /** Bearer tokens that are not revoked. */
  readonly tokens: number
}

interface Joining {
  readonly keys: readonly string[]
  readonly done: PromiseWithResolvers<void>
}

/**
 * The fold of the `players` stream: keys to numbers, names, tokens. The state lies in the local store and
 * moves there with its position in one transaction; what a commit under way will change is kept in memory
 * until it is done, so a reader never sees a step back. While the store has no room, the fold waits: who asks for
 * something new is told why.
 */
export class PlayerDirectory {
  readonly #log: Log
  readonly #kv: Kv
  readonly #numbers: Table
  readonly #players: Table
  readonly #names: Table
  readonly #tokens: Table
  readonly #meta: Table
  /** What the commit under way changes. */
  readonly #fresh = new Map<Table, Map<string | number, Buffer | null>>()
  /** Keys on their way into the log that are known not to be here: they need not be looked for again. */
  readonly #absent = new Set<string>()
  readonly #cache = new NumberCache(MAX_CACHED_KEYS)
  readonly #stop = new AbortController()
  #position: Position = START
  #count = 0
  #joining: Joining[] = []
  #appending = false
  #waiting: { position: Position; done: PromiseWithResolvers<void> }[] = []
  #running: Promise<void> = Promise.resolve()
  /** Positions of the latest records that the fold refused, for whoever appended them. */
  readonly #refused = new Set<Position>()
  /** Why what was folded last is not stored yet; meanwhile nothing more is folded. */
  #stalled: SpateError | undefined
  stopped: SpateError | undefined

  private constructor(log: Log, kv: Kv) {
    this.#log = log
    this.#kv = kv
    this.#numbers = kv.table('player-numbers')
    this.#players = kv.table('players')
    this.#names = kv.table('player-names')
    this.#tokens = kv.table('player-tokens')
    this.#meta = kv.table('players-meta')
  }

  static async open(log: Log, kv: Kv): Promise<PlayerDirectory> {
    const directory = new PlayerDirectory(log, kv)
    const meta = directory.#meta.get('meta')
    if (meta !== undefined) {
      // Our own bytes, written in #commit.
      const { position, count } = JSON.parse(meta.toString()) as { position: number; count: number }
      directory.#position = positionOf(position)
      directory.#count = count
    }
    const head = await log.head(STREAM)
    directory.#running = directory.#run()
    await directory.#reached(head)
    return directory
  }

  get count(): number {
    return this.#count
  }

  /** What is told is as of here. */
  get position(): Position {
    return this.#position
  }

  #read(table: Table, key: string | number): Buffer | undefined {
    const fresh = this.#fresh.get(table)?.get(key)
    if (fresh !== undefined) return fresh ?? undefined
    return table.get(key)
  }

  /** The number of a player that the log knows. */
  find(key: string): number | undefined {
    const cached = this.#cache.get(key)
    if (cached !== undefined) return cached
    const stored = this.#read(this.#numbers, key)
    if (stored === undefined) return undefined
    const number = stored.readUInt32LE()
    this.#cache.set(key, number)
    return number
  }

  player(number: number): Player | undefined {
    const stored = this.#read(this.#players, number)
    // Our own bytes, written in #apply.
    return stored === undefined ? undefined : (JSON.parse(stored.toString()) as Player)
  }

  playerNamed(name: string): number | undefined {
    const key = nameKey(name)
    return key === undefined ? undefined : this.#read(this.#names, key)?.readUInt32LE()
  }

  playerOfToken(hash: string): number | undefined {
    return this.#read(this.#tokens, hash)?.readUInt32LE()
  }

  /** The players' numbers, in order; unknown keys join first. Errors: those of the log. */
  async join(keys: readonly string[]): Promise<number[]> {
    const unknown = [...new Set(keys)].filter((key) => this.find(key) === undefined)
    if (unknown.length > 0) {
      for (const key of unknown) this.#absent.add(key)
      try {
        await this.#append(unknown)
      } finally {
        for (const key of unknown) this.#absent.delete(key)
      }
    }
    return keys.map((key) => {
      const number = this.find(key)
      assert(number !== undefined, 'a joined key has a number')
      return number
    })
  }

  async #append(keys: readonly string[]): Promise<void> {
    if (keys.some((key) => key.length > MAX_KEY_LENGTH)) {
      throw new SpateError('invalid', `a player's key has at most ${MAX_KEY_LENGTH} characters`)
    }
    if (this.stopped !== undefined) throw this.stopped
    const done = Promise.withResolvers<void>()
    this.#joining.push({ keys, done })
    if (!this.#appending) {
      this.#appending = true
      setImmediate(() => void this.#appendAll())
    }
    await done.promise
  }

  /** Keys that arrive while an append is under way make the next one. */
  async #appendAll(): Promise<void> {
    while (this.#joining.length > 0) {
      const group = this.#joining
      this.#joining = []
      const keys = [...new Set(group.flatMap((joining) => joining.keys))]
      const records: PlayerRecord[] = []
      for (let i = 0; i < keys.length; i += MAX_KEYS_A_RECORD) {
        const body = { keys: keys.slice(i, i + MAX_KEYS_A_RECORD) }
        records.push({ type: PlayerRecordType.joined, body })
      }
      try {
        await this.#write(records)
        for (const { done } of group) done.resolve()
      } catch (error) {
        for (const { done } of group) done.reject(error)
      }
    }
    this.#appending = false
  }

  /** Appends and waits until the fold has seen it; the position of the last record. */
  async #write(records: readonly PlayerRecord[]): Promise<Position> {
    if (this.#stalled !== undefined) throw this.#stalled
    const positions = await this.#log.append(
      STREAM,
      records.map((record) => ({ type: record.type, body: encodePlayerRecord(record) })),
    )
    const last = positions.at(-1)
    assert(last !== undefined, 'a position for each record')
    await this.#reached(last)
    return last
  }

  /** Errors: `invalid` for what is no name, `conflict` for one that another has. */
  async rename(player: number, name: string): Promise<void> {
    if (nameKey(name) === undefined) throw new SpateError('invalid', 'a name has 1 to 26 visible characters')
    const taken = new SpateError('conflict', 'this name is taken')
    const owner = this.playerNamed(name)
    if (owner !== undefined && owner !== player) throw taken
    const body = { player, name: name.normalize('NFKC').trim() }
    const position = await this.#write([{ type: PlayerRecordType.named, body }])
    if (this.#refused.has(position)) throw taken
  }

  /** Errors: `conflict` when the player has too many. */
  async issueToken(player: number, hash: string, label: string): Promise<void> {
    const tooMany = new SpateError('conflict', `a player has at most ${MAX_TOKENS} tokens: revoke one first`)
    if ((this.player(player)?.tokens ?? 0) >= MAX_TOKENS) throw tooMany
    const body = { player, hash, label }
    const position = await this.#write([{ type: PlayerRecordType.tokenIssued, body }])
    if (this.#refused.has(position)) throw tooMany
  }

  async revokeToken(hash: string): Promise<void> {
    await this.#write([{ type: PlayerRecordType.tokenRevoked, body: { hash } }])
  }

  async #reached(position: Position): Promise<void> {
    if (this.#position >= position) return
    const halted = this.stopped ?? this.#stalled
    if (halted !== undefined) throw halted
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ position, done })
    await done.promise
  }

  async #run(): Promise<void> {
    try {
      for await (const batch of this.#log.follow(STREAM, this.#position, this.#stop.signal)) {
        await this.#commit(batch)
      }
      this.#end(new SpateError('unavailable', 'the server is stopping'))
    } catch (error) {
      const cause = error instanceof SpateError ? error : undefined
      this.#end(cause ?? new SpateError('corrupt', 'the fold of players failed', { cause: error }))
    }
  }

  #end(error: SpateError): void {
    this.stopped = error
    this.#rejectWaiting(error)
  }

  #rejectWaiting(error: SpateError): void {
    for (const { done } of this.#waiting) done.reject(error)
    this.#waiting = []
  }

  async #commit(batch: readonly LogRecord[]): Promise<void> {
    for (const record of batch) {
      const put = (table: Table, key: string | number, value: Buffer | null): void => {
        const fresh = this.#fresh.get(table)
        if (fresh === undefined) this.#fresh.set(table, new Map([[key, value]]))
        else fresh.set(key, value)
      }
      const accepted = this.#apply(decodePlayerRecord(record.type, record.body), record.timeMs, put)
      this.#position = record.position
      if (!accepted) this.#refuse(record.position)
    }
    this.#release()
    const write = (changes: Changes): void => {
      for (const [table, values] of this.#fresh) {
        for (const [key, value] of values) {
          if (value === null) changes.remove(table, key)
          else changes.put(table, key, value)
        }
      }
      const meta = { position: this.#position, count: this.#count }
      changes.put(this.#meta, 'meta', Buffer.from(JSON.stringify(meta)))
      crashPoint('players.before-commit')
    }
    while (!(await this.#committed(write))) await setTimeout(COMMIT_AGAIN_AFTER_MS)
    this.#stalled = undefined
    this.#fresh.clear()
  }

  /** False when the disk may have room again later. At the end it is given up: the log has it all. */
  async #committed(write: (changes: Changes) => void): Promise<boolean> {
    try {
      await this.#kv.commit('visible', write)
      return true
    } catch (error) {
      if (!(error instanceof SpateError && error.retryable) || this.#stop.signal.aborted) throw error
      this.#stalled = error
      this.#rejectWaiting(error)
      return false
    }
  }

  #refuse(position: Position): void {
    this.#refused.add(position)
    keepNewest(this.#refused, MAX_REFUSED)
  }

  #release(): void {
    const ready = this.#waiting.filter(({ position }) => position <= this.#position)
    this.#waiting = this.#waiting.filter(({ position }) => position > this.#position)
    for (const { done } of ready) done.resolve()
  }

  #apply(
    record: PlayerRecord,
    timeMs: number,
    put: (table: Table, key: string | number, value: Buffer | null) => void,
  ): boolean {
    switch (record.type) {
      case PlayerRecordType.joined: {
        for (const key of record.body.keys) {
          const isNew = this.#absent.delete(key) || this.find(key) === undefined
          if (!isNew) continue
          this.#count += 1
          const player: Player = { number: this.#count, key, name: null, joinedMs: timeMs, tokens: 0 }
          put(this.#numbers, key, numberBytes(player.number))
          put(this.#players, player.number, playerBytes(player))
          this.#cache.set(key, player.number)
        }
        return true
      }
      case PlayerRecordType.named: {
        const { player: number, name } = record.body
        const player = this.player(number)
        const key = nameKey(name)
        if (player === undefined || key === undefined) return false
        const owner = this.playerNamed(name)
        if (owner !== undefined && owner !== number) return false
        const before = player.name === null ? undefined : nameKey(player.name)
        if (before !== undefined) put(this.#names, before, null)
        put(this.#names, key, numberBytes(number))
        put(this.#players, number, playerBytes({ ...player, name }))
        return true
      }
      case PlayerRecordType.tokenIssued: {
        const { player: number, hash } = record.body
        const player = this.player(number)
        if (player === undefined || player.tokens >= MAX_TOKENS) return false
        put(this.#tokens, hash, numberBytes(number))
        put(this.#players, number, playerBytes({ ...player, tokens: player.tokens + 1 }))
        return true
      }
      case PlayerRecordType.tokenRevoked: {
        const { hash } = record.body
        const number = this.playerOfToken(hash)
        const player = number === undefined ? undefined : this.player(number)
        if (player === undefined) return false
        put(this.#tokens, hash, null)
        put(this.#players, player.number, playerBytes({ ...player, tokens: player.tokens - 1 }))
        return true
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}

function playerBytes(player: Player): Buffer {
  return Buffer.from(JSON.stringify(player))
}

function numberBytes(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes
}
