import { SpateError } from '../../base/errors.ts'
import { keepNewest } from '../../base/keep-newest.ts'
import type { Kv, Table } from '../../store/kv.ts'
import { type LogRecord, type Position, positionOf, START } from '../port.ts'
import { Wakeup } from '../wakeup.ts'
import { type KafkaMessage, Kind, type Writer } from './envelope.ts'

/** Positions of one span: a stream is looked for in the spans where it has records. */
const SPAN = 4096
/** Writers whose sequences a stream remembers: a message comes a second time within seconds, not after so many others. */
const MAX_WRITERS = 64

export interface Place {
  readonly topic: string
  readonly partition: number
}

export function keyOfPlace({ topic, partition }: Place): string {
  return `${topic}/${partition}`
}

/** A stream as far as its partition has been read. */
export interface Stream {
  readonly name: string
  /** By the hash of its name until its first record tells. */
  place: Place
  head: Position
  /** What lies up to here was given up. */
  trimmed: Position
  lastMs: number
  /** The last sequence of each writer, the latest writer last. */
  readonly writers: Map<Writer, number>
  readonly grown: Wakeup
}

interface StoredStream {
  readonly topic: string
  readonly partition: number
  readonly head: number
  readonly trimmed: number
  readonly lastMs: number
  readonly writers: readonly [Writer, number][]
}

/**
 * What a server knows of its partitions: which streams they hold, where each has records, and which messages came a
 * second time. A fold of the partitions, so every server comes to the same; kept in the local store, together with
 * how far it goes, so that a start reads only what is new.
 *
 * A partition's offset n is position n + 1 of the streams in it.
 */
export class Catalog {
  readonly #kv: Kv
  readonly #partitions: Table
  readonly #streamTable: Table
  readonly #spanTable: Table
  readonly #repeatTable: Table
  readonly streams = new Map<string, Stream>()
  /** By place: the next offset to read. */
  readonly #next = new Map<string, number>()
  readonly #dirtyStreams = new Set<Stream>()
  readonly #dirtyPlaces = new Set<string>()
  readonly #newSpans = new Map<string, Set<number>>()
  /** All of them: they are few. */
  readonly #repeats = new Map<string, Set<number>>()
  #newRepeats: [name: string, position: Position][] = []
  readonly #onStream: (stream: Stream) => void

  /** @param onStream told of every stream that appears */
  constructor(kv: Kv, onStream: (stream: Stream) => void) {
    this.#kv = kv
    this.#onStream = onStream
    this.#partitions = kv.table('partitions')
    this.#streamTable = kv.table('streams')
    this.#spanTable = kv.table('spans')
    this.#repeatTable = kv.table('repeats')
    for (const { key, value } of this.#partitions.range({}))
      this.#next.set(String(key), Number(value.toString()))
    for (const key of this.#repeatTable.keys({})) {
      const [name, position] = key as [string, number]
      added(this.#repeats, name, position)
    }
    for (const { key, value } of this.#streamTable.range({})) {
      // Our own bytes, written by `save`.
      const stored = JSON.parse(value.toString()) as StoredStream
      const { topic, partition, lastMs } = stored
      const [head, trimmed] = [positionOf(stored.head), positionOf(stored.trimmed)]
      const writers = new Map(stored.writers)
      const name = String(key)
      const grown = new Wakeup()
      this.streams.set(name, { name, place: { topic, partition }, head, trimmed, lastMs, writers, grown })
    }
  }

  /** The next offset to read of a partition, 0 for one never read. */
  next(place: Place): number {
    return this.#next.get(keyOfPlace(place)) ?? 0
  }

  stream(name: string, place: Place): Stream {
    const known = this.streams.get(name)
    if (known !== undefined) return known
    const grown = new Wakeup()
    const stream = { name, place, head: START, trimmed: START, lastMs: 0, writers: new Map(), grown }
    this.streams.set(name, stream)
    return stream
  }

  /**
   * Takes a partition's next message in.
   * @returns the record that it is, unless it was there before or is none
   */
  take(
    place: Place,
    position: Position,
    name: string,
    message: KafkaMessage,
  ): { stream: Stream; record: LogRecord } | undefined {
    const stream = this.stream(name, place)
    const isNew = stream.head === START
    if (isNew) stream.place = place
    const last = stream.writers.get(message.writer)
    this.#dirtyStreams.add(stream)
    if (last !== undefined && message.sequence <= last) {
      added(this.#repeats, name, position)
      this.#newRepeats.push([name, position])
      return undefined
    }
    stream.writers.delete(message.writer)
    stream.writers.set(message.writer, message.sequence)
    keepNewest(stream.writers, MAX_WRITERS)
    if (message.kind === Kind.trimmed) {
      if (message.upTo > stream.trimmed) stream.trimmed = message.upTo
      return undefined
    }
    stream.head = position
    stream.lastMs = Math.max(stream.lastMs, message.record.timeMs)
    added(this.#newSpans, name, Math.floor(position / SPAN))
    if (isNew) this.#onStream(stream)
    return { stream, record: message.record }
  }

  /** A partition has been read up to an offset. */
  reached(place: Place, next: number): void {
    const key = keyOfPlace(place)
    this.#next.set(key, next)
    this.#dirtyPlaces.add(key)
  }

  /** Where to look for a stream's next record from an offset on; undefined: nowhere. */
  lookFrom(name: string, offset: number): number | undefined {
    const span = Math.floor((offset + 1) / SPAN)
    let found = Number.POSITIVE_INFINITY
    const range = { start: [name, span], end: [name, Number.MAX_SAFE_INTEGER], limit: 1 }
    for (const key of this.#spanTable.keys(range)) found = Number((key as [string, number])[1])
    for (const fresh of this.#newSpans.get(name) ?? []) if (fresh >= span) found = Math.min(found, fresh)
    if (found === Number.POSITIVE_INFINITY) return undefined
    return Math.max(offset, found * SPAN - 1)
  }

  /** Whether the message at a position had come before. */
  isRepeat(name: string, position: Position): boolean {
    return this.#repeats.get(name)?.has(position) === true
  }

  /** What of a partition nobody reads any more: its first offset that a stream still has. */
  firstKept(place: Place): number {
    let first = this.next(place)
    for (const { name, place: at, trimmed, head } of this.streams.values()) {
      if (keyOfPlace(at) !== keyOfPlace(place) || head === START) continue
      first = Math.min(first, this.lookFrom(name, trimmed) ?? first, Math.max(0, head - 1))
    }
    return first
  }

  /** Writes what is new, in one transaction. Errors: those of the store, with nothing written. */
  async save(): Promise<void> {
    if (this.#dirtyPlaces.size === 0) return
    const streams = [...this.#dirtyStreams]
    const places = [...this.#dirtyPlaces]
    const spans = [...this.#newSpans].map(([name, at]) => [name, [...at]] as const)
    const repeats = this.#newRepeats
    this.#dirtyStreams.clear()
    this.#dirtyPlaces.clear()
    this.#newRepeats = []
    try {
      await this.#kv.commit('visible', (changes) => {
        for (const { name, place, head, trimmed, lastMs, writers } of streams) {
          const stored: StoredStream = { ...place, head, trimmed, lastMs, writers: [...writers] }
          changes.put(this.#streamTable, name, Buffer.from(JSON.stringify(stored)))
        }
        for (const key of places) {
          changes.put(this.#partitions, key, Buffer.from(String(this.#next.get(key))))
        }
        for (const [name, all] of spans) for (const at of all) changes.put(this.#spanTable, [name, at], EMPTY)
        for (const [name, at] of repeats) changes.put(this.#repeatTable, [name, at], EMPTY)
      })
    } catch (error) {
      for (const stream of streams) this.#dirtyStreams.add(stream)
      for (const key of places) this.#dirtyPlaces.add(key)
      this.#newRepeats = [...repeats, ...this.#newRepeats]
      throw error
    }
    // Until the store has them, readers look for them here.
    for (const [name, all] of spans) for (const at of all) this.#newSpans.get(name)?.delete(at)
  }

  /** Errors: `invalid` when this store belongs to another log. */
  async belongTo(log: string): Promise<void> {
    const owner = this.#kv.table('log')
    const stored = owner.get('log')?.toString()
    if (stored === log) return
    if (stored !== undefined) {
      throw new SpateError(
        'invalid',
        'this data folder has followed another log in Kafka, or one that was made anew: use another folder, or remove this one',
      )
    }
    await this.#kv.commit('visible', (changes) => changes.put(owner, 'log', Buffer.from(log)))
  }
}

const EMPTY = Buffer.alloc(0)

function added(map: Map<string, Set<number>>, name: string, value: number): void {
  const known = map.get(name)
  if (known === undefined) map.set(name, new Set([value]))
  else known.add(value)
}
