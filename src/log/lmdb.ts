import { ByteWriter } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { crashPoint } from '../base/crash.ts'
import { SpateError } from '../base/errors.ts'
import { Kv, type Table } from '../store/kv.ts'
import { appendable } from './admission.ts'
import { decodeRecord, encodeRecord } from './codec.ts'
import { appearing, following } from './following.ts'
import type { Log, LogRecord, NewRecord, Position, ReadLimit } from './port.ts'
import { positionOf, START } from './port.ts'
import { Wakeup } from './wakeup.ts'

/** One LMDB table a stream, so that each is appended at its own end and its pages fill up. */
const MAX_STREAMS = 2048
const TABLE_PREFIX = 'log:'
/** Records that one transaction of a trim removes, so that appends need not wait long. */
const REMOVED_AT_ONCE = 10_000

interface Stream {
  readonly table: Table
  /** The last durable record; readers see no further. */
  head: Position
  trimmed: Position
  lastMs: number
  readonly grown: Wakeup
}

interface Pending {
  readonly name: string
  readonly records: readonly NewRecord[]
  readonly done: PromiseWithResolvers<Position[]>
}

/**
 * The embedded log. Durable means synced to disk.
 *
 * Group commit: appends that arrive while a commit is under way make the next one, in their order, so the
 * cost of a sync is shared by all who wait for it. When a commit fails, all appends of its group fail with
 * the same error and nothing of them is in the log. Only when a commit was written and could not be synced is that
 * uncertain: then nothing more is taken, and a restart shows what the disk holds. Readers never wait for the writer.
 */
export class LmdbLog implements Log {
  readonly #kv: Kv
  readonly #clock: Clock
  readonly #streams = new Map<string, Stream>()
  readonly #directory: Table
  readonly #appeared = new Wakeup()
  #pending: Pending[] = []
  #committing: Promise<void> | undefined
  #closed = false

  private constructor(kv: Kv, clock: Clock) {
    this.#kv = kv
    this.#clock = clock
    this.#directory = kv.table('streams')
  }

  static open(path: string, clock: Clock): LmdbLog {
    const log = new LmdbLog(Kv.open(path, MAX_STREAMS), clock)
    for (const key of log.#directory.keys({})) {
      if (typeof key === 'string') log.#stream(key)
    }
    return log
  }

  get stopped(): SpateError | undefined {
    return this.#kv.unsynced
  }

  #stream(name: string): Stream {
    const known = this.#streams.get(name)
    if (known !== undefined) return known
    const table = this.#kv.table(TABLE_PREFIX + name)
    const trimmed = trimmedOf(this.#directory.get(name))
    const stream: Stream = { table, head: START, trimmed, lastMs: 0, grown: new Wakeup() }
    for (const { key, value } of table.range({ reverse: true, limit: 1 })) {
      const last = decodeRecord(positionOf(Number(key)), value)
      stream.head = last.position
      stream.lastMs = last.timeMs
    }
    this.#streams.set(name, stream)
    return stream
  }

  append(name: string, records: readonly NewRecord[]): Promise<Position[]> {
    try {
      appendable(name, records)
      const done = Promise.withResolvers<Position[]>()
      this.#pending.push({ name, records, done })
      this.#committing ??= this.#commitAll()
      return done.promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #commitAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const group = this.#pending
      this.#pending = []
      await this.#commitGroup(group)
    }
    this.#committing = undefined
  }

  async #commitGroup(group: readonly Pending[]): Promise<void> {
    const ends = new Map<Stream, { head: Position; lastMs: number }>()
    const positions: Position[][] = []
    try {
      await this.#kv.commit('synced', (changes) => {
        for (const { name, records } of group) {
          const stream = this.#stream(name)
          if (stream.head === START && !ends.has(stream))
            changes.put(this.#directory, name, new Uint8Array(0))
          const end = ends.get(stream) ?? { head: stream.head, lastMs: stream.lastMs }
          ends.set(stream, end)
          positions.push(
            records.map((record) => {
              end.head = positionOf(end.head + 1)
              end.lastMs = Math.max(end.lastMs, record.timeMs ?? this.#clock.now())
              changes.put(stream.table, end.head, encodeRecord(record, end.lastMs), { append: true })
              return end.head
            }),
          )
        }
        crashPoint('log.before-commit')
      })
    } catch (error) {
      for (const { done } of group) done.reject(error)
      return
    }
    crashPoint('log.after-commit')
    for (const [stream, end] of ends) {
      if (stream.head === START) this.#appeared.wake()
      stream.head = end.head
      stream.lastMs = end.lastMs
      stream.grown.wake()
    }
    group.forEach(({ done }, i) => {
      done.resolve(positions[i] ?? [])
    })
  }

  async read(name: string, after: Position, limit: ReadLimit): Promise<LogRecord[]> {
    const stream = this.#streams.get(name)
    if (stream === undefined || after >= stream.head) return []
    const out: LogRecord[] = []
    let bytes = 0
    const start = Math.max(after, stream.trimmed) + 1
    const range = { start, end: stream.head + 1, limit: limit.records }
    for (const { key, value } of stream.table.range(range)) {
      out.push(decodeRecord(positionOf(Number(key)), value))
      bytes += value.length
      if (bytes >= limit.bytes) break
    }
    return out
  }

  follow(name: string, after: Position, signal: AbortSignal): AsyncIterable<LogRecord[]> {
    return following((...args) => this.read(...args), name, this.#stream(name), after, signal)
  }

  async head(name: string): Promise<Position> {
    return this.#streams.get(name)?.head ?? START
  }

  async streams(): Promise<string[]> {
    return [...this.#streams].filter(([, stream]) => stream.head > START).map(([name]) => name)
  }

  appearing(signal: AbortSignal): AsyncIterable<string> {
    return appearing(() => this.streams(), this.#appeared, signal)
  }

  /** Keeps the last record whatever is asked, so that positions go on from it after a restart. */
  async trim(name: string, upTo: Position): Promise<void> {
    const stream = this.#streams.get(name)
    if (stream === undefined) return
    const end = Math.min(upTo, stream.head - 1)
    if (end > stream.trimmed) {
      const before = stream.trimmed
      stream.trimmed = positionOf(end)
      try {
        await this.#kv.commit('synced', (changes) => changes.put(this.#directory, name, encodeTrimmed(end)))
      } catch (error) {
        stream.trimmed = before
        throw error
      }
    }
    for (;;) {
      const keys = [...stream.table.keys({ start: 0, end: stream.trimmed + 1, limit: REMOVED_AT_ONCE })]
      if (keys.length === 0) return
      await this.#kv.commit('synced', (changes) => {
        for (const key of keys) changes.remove(stream.table, key)
      })
    }
  }

  async trimmed(name: string): Promise<Position> {
    return this.#streams.get(name)?.trimmed ?? START
  }

  /**
   * Adds records of another log exactly as they are, positions and times included, above what the stream holds.
   * Resolves when readers see them; {@link sync} makes all of them durable at once. For a log that nobody else uses.
   * Errors: `invalid`, `conflict` where a position is not above the one before, `storage-full`, `storage-failed`.
   */
  async restore(name: string, records: readonly LogRecord[]): Promise<void> {
    appendable(name, records)
    const stream = this.#stream(name)
    let { head, lastMs } = stream
    for (const { position, timeMs } of records) {
      if (position <= head) {
        throw new SpateError('conflict', `${name} goes to ${head} already: nothing can be put at ${position}`)
      }
      head = position
      lastMs = Math.max(lastMs, timeMs)
    }
    await this.#kv.commit('visible', (changes) => {
      if (stream.head === START) changes.put(this.#directory, name, new Uint8Array(0))
      for (const record of records) {
        changes.put(stream.table, record.position, encodeRecord(record, record.timeMs), { append: true })
      }
    })
    if (stream.head === START && head > START) this.#appeared.wake()
    stream.head = head
    stream.lastMs = lastMs
    stream.grown.wake()
  }

  /** Resolves when all that was restored is durable. */
  sync(): Promise<void> {
    return this.#kv.commit('synced', () => {})
  }

  /** Waits for appends that were already taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    while (this.#committing !== undefined) await this.#committing
    await this.#kv[Symbol.asyncDispose]()
  }
}

/** What the directory holds of a stream: nothing, or what was given up, as f64. */
function encodeTrimmed(position: number): Uint8Array {
  return new ByteWriter(8).f64(position).finish()
}

function trimmedOf(bytes: Buffer | undefined): Position {
  return bytes === undefined || bytes.length === 0 ? START : positionOf(bytes.readDoubleLE())
}
