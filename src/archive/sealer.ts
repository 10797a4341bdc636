import type { Clock } from '../base/clock.ts'
import { crashPoint } from '../base/crash.ts'
import { SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { type Log, type LogRecord, type Position, positionOf, START } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { entryAt, lastEntry } from './chain.ts'
import {
  encodeEntry,
  entryFor,
  keyOf,
  requireChained,
  type StoredEntry,
  segmentKey,
  storedAs,
} from './manifest.ts'
import { ArchiveReader } from './reader.ts'
import { type Segment, SegmentWriter } from './segment-writer.ts'

/** What is read of the log at once. */
const SLICE = { records: 512, bytes: 128 * 1024 }
const SLICE_MS = 2
const ONE = { records: 1, bytes: 1 }

export interface SealerServices {
  readonly log: Log
  readonly objects: ObjectStore
  readonly clock: Clock
  /** Told of a stream that could not be sealed; it is tried again with the next look. */
  readonly onError: (stream: string, error: unknown) => void
}

export interface SealLimits {
  /** A segment ends with the record with which its bodies reach this. */
  readonly segmentBytes: number
  /** After this what has not been sealed since it was first seen makes a segment, however small. */
  readonly waitMs: number
  /** How often the log is looked at. */
  readonly lookEveryMs: number
}

export const SEAL_LIMITS: SealLimits = {
  segmentBytes: 64 << 20,
  waitMs: 3_600_000,
  lookEveryMs: 60_000,
}

/** A stream as the sealer knows it. */
interface Stream {
  readonly name: string
  /** The entry that the next one follows. */
  last: StoredEntry | undefined
  /** What lies between the end of the chain and there was counted. */
  seenUpTo: Position
  unsealedBytes: number
  /** By the clock that does not jump. */
  unsealedSinceMs: number
}

/**
 * Seals the streams of a log into segments, in the background, one segment at a time.
 *
 * A segment is put first, then the entry that names it. An entry is written once: where several sealers are at work,
 * one of them writes entry n, and the others read on from it. So a sealer that is killed leaves a segment that no
 * entry names, at most, and whoever comes next goes on at the end of the chain. Cuts depend on the log alone, except
 * where time has run out. It holds one segment in memory, compressed (twice while it is put), shares the
 * thread, and in the background rests for as long as it works.
 *
 * A stream is not sealed, and said to be so, where its chain would not be true: records that were freed before they
 * were sealed, or an archive of another log.
 */
export class Sealer implements AsyncDisposable {
  readonly #services: SealerServices
  readonly #limits: SealLimits
  readonly #streams = new Map<string, Stream>()
  readonly #stop = new AbortController()
  #work: Promise<unknown> = Promise.resolve()
  #cancelTimer: (() => void) | undefined

  constructor(services: SealerServices, limits: SealLimits) {
    this.#services = services
    this.#limits = limits
  }

  /** Looks at the log now and then, until the sealer is disposed of. */
  start(): void {
    const look = (): void => {
      void this.#enqueue(() => this.#lookAtAll(false))
        .catch((error: unknown) => this.#services.onError('all streams', error))
        .then(() => {
          if (this.#stop.signal.aborted) return
          this.#cancelTimer = this.#services.clock.after(this.#limits.lookEveryMs, look)
        })
    }
    look()
  }

  /** Seals all that the log holds now. Errors: that of the first stream which could not be sealed. */
  async sealAll(): Promise<void> {
    const [failure] = await this.#enqueue(() => this.#lookAtAll(true))
    if (failure !== undefined) throw failure.error
  }

  /** What is being made is given up: the next sealer makes it again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#cancelTimer?.()
    await this.#work
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => {})
    return done
  }

  async #lookAtAll(isForced: boolean): Promise<{ error: unknown }[]> {
    const failures: { error: unknown }[] = []
    for (const name of await this.#services.log.streams()) {
      if (this.#stop.signal.aborted) break
      try {
        await this.#lookAt(name, isForced)
      } catch (error) {
        // What is stored may have changed meanwhile: it is read anew.
        this.#streams.delete(name)
        failures.push({ error })
        this.#services.onError(name, error)
      }
    }
    return failures
  }

  async #lookAt(name: string, isForced: boolean): Promise<void> {
    const { log } = this.#services
    const head = await log.head(name)
    const stream = this.#streams.get(name) ?? (await this.#open(name, head))
    while (!this.#stop.signal.aborted) {
      if (!isForced && !(await this.#isDue(stream, head))) return
      if ((stream.last?.entry.last ?? START) >= head) return
      // What another sealer has done need not be done in vain.
      if (!(await this.#goOn(stream))) await this.#sealNext(stream, head, isForced)
    }
  }

  /** Counts what has come since the last look. */
  async #isDue(stream: Stream, head: Position): Promise<boolean> {
    const { log, clock } = this.#services
    const pace = new Pace(SLICE_MS)
    while (stream.seenUpTo < head && stream.unsealedBytes < this.#limits.segmentBytes) {
      if (this.#stop.signal.aborted) return false
      const records = await log.read(stream.name, stream.seenUpTo, SLICE)
      const last = records.at(-1)
      if (last === undefined) break
      if (stream.unsealedBytes === 0) stream.unsealedSinceMs = clock.elapsedMs()
      stream.seenUpTo = last.position
      // An empty body is something to seal, too.
      for (const { body } of records) stream.unsealedBytes += Math.max(1, body.length)
      await pace.turn()
    }
    if (stream.unsealedBytes >= this.#limits.segmentBytes) return true
    const sinceMs = clock.elapsedMs() - stream.unsealedSinceMs
    return stream.unsealedBytes > 0 && sinceMs >= this.#limits.waitMs
  }

  async #open(name: string, head: Position): Promise<Stream> {
    const last = await lastEntry(this.#services.objects, name)
    const sealedUpTo = last === undefined ? START : positionOf(last.entry.last)
    if (sealedUpTo > head) {
      const words = `the archive of ${name} goes to position ${sealedUpTo}, its log to ${head}: it is another’s, or the log has lost records`
      throw new SpateError('conflict', words)
    }
    const stream = { name, last, seenUpTo: positionOf(sealedUpTo), unsealedBytes: 0, unsealedSinceMs: 0 }
    await this.#requireWhole(stream)
    await this.#requireSame(name, sealedUpTo)
    this.#streams.set(name, stream)
    return stream
  }

  /** Errors: `conflict` if the last record in the archive is not the log's. */
  async #requireSame(name: string, sealedUpTo: number): Promise<void> {
    const { log, objects } = this.#services
    if (sealedUpTo <= (await log.trimmed(name))) return
    const before = positionOf(sealedUpTo - 1)
    const [ours] = await log.read(name, before, ONE)
    const [sealed] = await new ArchiveReader(objects).read(name, before, ONE)
    if (ours !== undefined && sealed !== undefined && isSameRecord(ours, sealed)) return
    throw new SpateError('conflict', `the archive of ${name} is another log’s: record ${sealedUpTo} differs`)
  }

  /** Errors: `gone` if records after the end of the chain were freed. */
  async #requireWhole({ name, last }: Stream): Promise<void> {
    const trimmed = await this.#services.log.trimmed(name)
    const sealedUpTo = last?.entry.last ?? START
    if (trimmed > sealedUpTo) {
      const words = `the log of ${name} was freed up to position ${trimmed}, the archive has it up to ${sealedUpTo}`
      throw new SpateError('gone', words)
    }
  }

  /** Takes up the next entry if another sealer has written it. */
  async #goOn(stream: Stream): Promise<boolean> {
    const number = (stream.last?.entry.number ?? 0) + 1
    const next = await entryAt(this.#services.objects, stream.name, number)
    if (next === undefined) return false
    requireChained(stream.last, next.entry)
    this.#sealed(stream, next)
    return true
  }

  #sealed(stream: Stream, last: StoredEntry): void {
    stream.last = last
    stream.seenUpTo = positionOf(last.entry.last)
    stream.unsealedBytes = 0
  }

  /** Makes the next segment and its entry, unless another sealer is first: then the stream goes on from there. */
  async #sealNext(stream: Stream, head: Position, isForced: boolean): Promise<void> {
    const { objects } = this.#services
    const segment = await this.#nextSegment(stream, head, isForced)
    if (segment === undefined) return
    const entry = entryFor(stream.name, stream.last, segment)
    const bytes = encodeEntry(entry)
    crashPoint('seal.before-segment')
    await objects.put(segmentKey(segment.sha256), segment.bytes)
    crashPoint('seal.before-entry')
    try {
      await objects.put(keyOf(stream.name, entry.number), bytes)
    } catch (error) {
      if (!(error instanceof SpateError && error.code === 'conflict')) throw error
      if (!(await this.#goOn(stream))) throw error
      return
    }
    crashPoint('seal.after-entry')
    this.#sealed(stream, storedAs(entry, bytes))
  }

  /** Up to `head`, or to where it is full. Undefined when the sealer is being stopped. */
  async #nextSegment(stream: Stream, head: Position, isForced: boolean): Promise<Segment | undefined> {
    const { log, clock } = this.#services
    const writer = new SegmentWriter()
    const pace = new Pace(SLICE_MS)
    let bytes = 0
    let at = positionOf(stream.last?.entry.last ?? START)
    while (at < head && bytes < this.#limits.segmentBytes) {
      const startedMs = clock.elapsedMs()
      const records = await log.read(stream.name, at, SLICE)
      await this.#requireWhole(stream)
      if (records.length === 0)
        throw new SpateError('corrupt', `the log of ${stream.name} ends before ${head}`)
      for (const record of records) {
        if (record.position > head || bytes >= this.#limits.segmentBytes) break
        await writer.add(record)
        at = record.position
        bytes += Math.max(1, record.body.length)
        if (this.#stop.signal.aborted) return undefined
      }
      if (isForced) await pace.turn()
      else await this.#rest(clock.elapsedMs() - startedMs)
    }
    return writer.finish(stream.name)
  }

  /** Nobody waits for the background: it rests for as long as it has worked. */
  async #rest(restMs: number): Promise<void> {
    const { signal } = this.#stop
    if (restMs <= 0 || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = (): void => resolve()
    const cancel = this.#services.clock.after(restMs, end)
    signal.addEventListener('abort', end, { once: true })
    await promise
    cancel()
    signal.removeEventListener('abort', end)
  }
}

function isSameRecord(a: LogRecord, b: LogRecord): boolean {
  return (
    a.position === b.position &&
    a.timeMs === b.timeMs &&
    a.type === b.type &&
    Buffer.compare(a.body, b.body) === 0
  )
}
