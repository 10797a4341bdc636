import { statfsSync } from 'node:fs'
import { type Database, open, type RootDatabase } from 'lmdb'
import { assert } from '../base/assert.ts'
import { messageOf, SpateError } from '../base/errors.ts'

export type KeyPart = string | number
/** Ordered part by part; numbers before strings. */
export type Key = KeyPart | KeyPart[]

export interface Range {
  /** Inclusive. */
  readonly start?: Key
  /** Exclusive. */
  readonly end?: Key
  readonly reverse?: boolean
  readonly limit?: number
}

/** An ordered map from keys to bytes. Reads are synchronous and see the last commit. */
export class Table {
  readonly #db: Database<Buffer, Key>
  readonly name: string

  constructor(name: string, db: Database<Buffer, Key>) {
    this.name = name
    this.#db = db
  }

  /** A copy that stays valid. */
  get(key: Key): Buffer | undefined {
    return this.#db.get(key)
  }

  *range(range: Range): Iterable<{ key: Key; value: Buffer }> {
    yield* this.#db.getRange(range)
  }

  *keys(range: Range): Iterable<Key> {
    yield* this.#db.getKeys(range)
  }

  /** Only inside {@link Kv.commit}. `append` packs pages fully and needs a key above all others. */
  put(key: Key, value: Uint8Array, options?: { append: true }): Promise<boolean> {
    // lmdb takes any bytes in binary encoding and a set of options, though its types name Buffer and a version.
    return this.#db.put(key, value as Buffer, options as never)
  }

  /** Only inside {@link Kv.commit}. */
  remove(key: Key): Promise<boolean> {
    return this.#db.remove(key)
  }
}

interface Operation {
  readonly table: Table
  readonly key: Key
  /** Undefined: to be removed. */
  readonly value: Uint8Array | undefined
  readonly options: { append: true } | undefined
}

export interface Changes {
  put(table: Table, key: Key, value: Uint8Array, options?: { append: true }): void
  remove(table: Table, key: Key): void
}

/** `visible`: readable now, on disk soon, never torn. `synced`: on disk. */
export type Durability = 'visible' | 'synced'

/**
 * What stays free on the disk. LMDB must not meet a full one itself: where a write fails, lmdb 3.5 formats its
 * message into too short a buffer (mdb_page_flush in mdb.c) and damages the heap.
 */
const RESERVE_BYTES = 4 << 20
/** Bytes written at most for each of a value, large transactions taken as a whole. */
const WRITE_FACTOR = 2

/**
 * One LMDB environment in a folder: tables that change together in one transaction.
 *
 * A commit that could not be written leaves nothing behind and may be tried again (`storage-full`, said while
 * a little room is left; `storage-failed`). When a written commit could not be synced, nobody knows what the disk holds: from
 * then on every commit is refused and the process must be restarted, as databases do after a failed fsync.
 */
export class Kv implements AsyncDisposable {
  readonly #root: RootDatabase
  readonly #path: string
  readonly #tables = new Map<string, Table>()
  /** Names of the tables that are in the file. */
  readonly #stored: Set<unknown>
  /** Commits until lmdb is done with them. */
  readonly #running = new Set<Promise<void>>()
  #turn: Promise<void> = Promise.resolve()
  /** Why every commit is refused, once one could not be synced. */
  unsynced: SpateError | undefined

  private constructor(path: string, root: RootDatabase) {
    this.#path = path
    this.#root = root
    this.#stored = new Set(root.getKeys({}))
  }

  /** At most `maxTables` tables. Errors: `storage-failed`. */
  static open(path: string, maxTables: number): Kv {
    try {
      // With lmdb's own batching of each turn, a failed commit also rejects a promise that nobody is given.
      const options = { path, maxDbs: maxTables + 1, encoding: 'binary', eventTurnBatching: false } as const
      return new Kv(path, open(options))
    } catch (cause) {
      throw new SpateError('storage-failed', `cannot open ${path}: ${messageOf(cause)}`, { cause })
    }
  }

  /** Creates the table when it is new. Errors: `storage-full`, `storage-failed`. */
  table(name: string): Table {
    const known = this.#tables.get(name)
    if (known !== undefined) return known
    if (!this.#stored.has(name)) this.#requireRoom(0)
    try {
      const table = new Table(name, this.#root.openDB<Buffer, Key>({ name, encoding: 'binary' }))
      this.#tables.set(name, table)
      this.#stored.add(name)
      return table
    } catch (cause) {
      throw this.#failure(`open table ${name}`, cause)
    }
  }

  /**
   * Runs `change` synchronously; all that it puts and removes becomes one transaction. Nothing does when it
   * throws.
   */
  async commit(durability: Durability, change: (changes: Changes) => void): Promise<void> {
    const committed = this.#commit(durability, change)
    // Of this transaction: later it is that of another one.
    const flushed = new Promise<void>((resolve) => this.#root.flushed.then(() => resolve(), resolve))
    const ended = committed.then(
      () => flushed,
      () => {},
    )
    this.#running.add(ended)
    void ended.then(() => this.#running.delete(ended))
    await committed
  }

  async #commit(durability: Durability, change: (changes: Changes) => void): Promise<void> {
    if (this.unsynced !== undefined) throw this.unsynced
    const operations: Operation[] = []
    let valueBytes = 0
    change({
      put: (table, key, value, options) => {
        valueBytes += value.length
        operations.push({ table, key, value, options })
      },
      remove: (table, key) => void operations.push({ table, key, value: undefined, options: undefined }),
    })
    this.#requireRoom(valueBytes)
    // Writes without a condition share one promise.
    const writes = new Set<Promise<unknown>>()
    writes.add(
      this.#root.batch(() => {
        for (const { table, key, value, options } of operations) {
          writes.add(value === undefined ? table.remove(key) : table.put(key, value, options))
        }
      }),
    )
    // Every promise is awaited: lmdb rejects each write of a failed commit on its own.
    const results = await Promise.allSettled(writes)
    const failure = results.find((result) => result.status === 'rejected')
    if (failure !== undefined) {
      const error = await this.#writeError(failure.reason)
      // A commit that was written and could not be synced is rejected, too.
      throw this.#isWritten(operations) ? this.#cannotSync(error.cause) : error
    }
    for (const result of results) {
      assert(result.status === 'fulfilled' && result.value !== false, 'an appended key is above all others')
    }
    if (durability === 'synced') await this.#synced()
  }

  /** Runs one after another: until one has ended, nothing that another one read and wrote here changes. */
  async inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const before = this.#turn
    const ended = Promise.withResolvers<void>()
    this.#turn = ended.promise
    await before
    try {
      return await run()
    } finally {
      ended.resolve()
    }
  }

  async #synced(): Promise<void> {
    try {
      await this.#root.flushed
    } catch (cause) {
      throw this.#cannotSync(cause)
    }
  }

  #cannotSync(cause: unknown): SpateError {
    this.unsynced = new SpateError(
      'storage-failed',
      `${this.#path} could not be synced to disk (${messageOf(cause)}); restart after checking the disk`,
      { cause },
    )
    return this.unsynced
  }

  /** Whether all is as these operations were to leave it. */
  #isWritten(operations: readonly Operation[]): boolean {
    this.#root.resetReadTxn()
    return operations.every(({ table, key, value }) => {
      const stored = table.get(key)
      return value === undefined ? stored === undefined : stored?.equals(value)
    })
  }

  async #writeError(reason: unknown): Promise<SpateError> {
    // lmdb carries the reason as a promise that rejects.
    const carried = (reason as { commitError?: Promise<unknown> }).commitError
    const cause = await Promise.resolve(carried).then(
      () => reason,
      (inner: unknown) => inner,
    )
    return this.#failure('write', cause)
  }

  #failure(what: string, cause: unknown): SpateError {
    if (this.#freeBytes() < RESERVE_BYTES) return this.#full(cause)
    return new SpateError('storage-failed', `cannot ${what} in ${this.#path}: ${messageOf(cause)}`, { cause })
  }

  #full(cause?: unknown): SpateError {
    return new SpateError('storage-full', `the disk of ${this.#path} is full`, { cause })
  }

  #requireRoom(valueBytes: number): void {
    if (this.#freeBytes() < RESERVE_BYTES + WRITE_FACTOR * valueBytes) throw this.#full()
  }

  #freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#path)
      return bavail * bsize
    } catch (cause) {
      throw new SpateError('storage-failed', `cannot use ${this.#path}: ${messageOf(cause)}`, { cause })
    }
  }

  /**
   * Waits for running commits. lmdb 3.5 itself waits for the last transaction alone: the thread of one before it may still
   * be about to tell that it has ended, and finds memory that was freed.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running)
    await this.#root.close()
  }
}
