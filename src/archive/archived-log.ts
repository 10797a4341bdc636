import { SpateError } from '../base/errors.ts'
import type { Log, LogRecord, NewRecord, Position, ReadLimit } from '../log/port.ts'
import { FOLLOW_LIMIT } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { segmentKey } from './manifest.ts'
import { ArchiveReader } from './reader.ts'

/**
 * A log that has no beginning to lose: what it gave up is read from the archive, and the reader goes on in the log
 * without a gap or a repeat. Where neither has a record, reading is an error (`gone`), never a silent gap. `trim`
 * frees only what the archive has (else `conflict`).
 */
export class ArchivedLog implements Log {
  readonly #log: Log
  readonly #objects: ObjectStore
  readonly #archive: ArchiveReader

  constructor(log: Log, objects: ObjectStore) {
    this.#log = log
    this.#objects = objects
    this.#archive = new ArchiveReader(objects)
  }

  get stopped(): SpateError | undefined {
    return this.#log.stopped
  }

  append(stream: string, records: readonly NewRecord[]): Promise<Position[]> {
    return this.#log.append(stream, records)
  }

  async read(stream: string, after: Position, limit: ReadLimit): Promise<LogRecord[]> {
    let out: LogRecord[] = []
    let at = after
    let rest = limit
    for (;;) {
      const records = await this.#fromLog(stream, at, rest)
      if (records !== undefined) return out.concat(records)
      // What comes before a hole is answered; who goes on from there is told.
      const older = await this.#archive.read(stream, at, rest)
      if (older.length === 0 && out.length === 0) throw await this.#gone(stream, at)
      out = out.concat(older)
      at = older.at(-1)?.position ?? at
      const bytes = older.reduce((sum, { body }) => sum + body.length, 0)
      rest = { records: rest.records - older.length, bytes: rest.bytes - bytes }
      if (older.length === 0 || rest.records <= 0 || rest.bytes <= 0) return out
    }
  }

  /** Undefined if something of it was freed. */
  async #fromLog(stream: string, after: Position, limit: ReadLimit): Promise<LogRecord[] | undefined> {
    try {
      const records = await this.#log.read(stream, after, limit)
      // Asked afterwards: what is not freed by now was not freed while it was read.
      return (await this.#log.trimmed(stream)) <= after ? records : undefined
    } catch (error) {
      if (isGone(error)) return undefined
      throw error
    }
  }

  async *follow(stream: string, after: Position, signal: AbortSignal): AsyncIterable<LogRecord[]> {
    let at = after
    while (!signal.aborted) {
      while ((await this.#log.trimmed(stream)) > at) {
        const batch = await this.#archive.read(stream, at, FOLLOW_LIMIT)
        if (signal.aborted) return
        if (batch.length === 0) throw await this.#gone(stream, at)
        yield batch
        at = batch.at(-1)?.position ?? at
      }
      let isOvertaken = false
      try {
        for await (const batch of this.#log.follow(stream, at, signal)) {
          isOvertaken = (await this.#log.trimmed(stream)) > at
          if (isOvertaken) break
          yield batch
          at = batch.at(-1)?.position ?? at
        }
        if (!isOvertaken) return
      } catch (error) {
        if (!isGone(error)) throw error
        // Another server has freed it, and this one has not heard of it yet.
        const batch = await this.#archive.read(stream, at, FOLLOW_LIMIT)
        if (batch.length === 0) throw error
        yield batch
        at = batch.at(-1)?.position ?? at
      }
    }
  }

  async #gone(stream: string, after: Position): Promise<SpateError> {
    const upTo = await this.#log.trimmed(stream)
    return new SpateError('gone', `the records of ${stream} after ${after} up to ${upTo} are in no archive`)
  }

  head(stream: string): Promise<Position> {
    return this.#log.head(stream)
  }

  streams(): Promise<string[]> {
    return this.#log.streams()
  }

  appearing(signal: AbortSignal): AsyncIterable<string> {
    return this.#log.appearing(signal)
  }

  /** Errors: `conflict` if not all of it is sealed, `corrupt` if a segment is not there as it was sealed. */
  async trim(stream: string, upTo: Position): Promise<void> {
    const head = await this.#log.head(stream)
    const end = Math.min(upTo, head)
    const [entries, trimmed] = [await this.#archive.entries(stream), await this.#log.trimmed(stream)]
    const sealedUpTo = entries.at(-1)?.last ?? 0
    if (end > sealedUpTo) {
      throw new SpateError('conflict', `${stream} is archived up to ${sealedUpTo}, not up to ${end}`)
    }
    for (const { number, first, last, segment, bytes } of entries) {
      if (last <= trimmed || first > end) continue
      const found = await this.#objects.head(segmentKey(segment))
      if (found?.bytes === bytes) continue
      throw new SpateError(
        'corrupt',
        `segment ${segment} of entry ${number} of ${stream} is missing or cut off`,
      )
    }
    await this.#log.trim(stream, upTo)
  }

  trimmed(stream: string): Promise<Position> {
    return this.#log.trimmed(stream)
  }

  /** The log is closed, the archive is its owner's. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log[Symbol.asyncDispose]()
  }
}

function isGone(error: unknown): boolean {
  return error instanceof SpateError && error.code === 'gone'
}
