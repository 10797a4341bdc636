import { createHash } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { Kv } from '../store/kv.ts'
import { appendable } from './admission.ts'
import { appearing, following } from './following.ts'
import type { KafkaAddress } from './kafka/address.ts'
import { Catalog, keyOfPlace, type Place, type Stream } from './kafka/catalog.ts'
import { Appender, Fetcher, type TopicDescription, Topics } from './kafka/client.ts'
import { decodeMessage, encodeMessage, encodeTrimmed, Kind } from './kafka/envelope.ts'
import { Pauses, sleep } from './kafka/pauses.ts'
import { Sender } from './kafka/sender.ts'
import { Tail } from './kafka/tail.ts'
import { ensureTopics, topicNames } from './kafka/topics.ts'
import type { Log, LogRecord, NewRecord, Position, ReadLimit } from './port.ts'
import { isStreamName, positionOf, START } from './port.ts'
import { Wakeup } from './wakeup.ts'

const TABLES = 8
const CAPTURES = 'capture/'
const RETRY_AFTER_MS = 1_000
const SAVE_EVERY_MS = 5_000
const START_TRIES = 8

/**
 * The log in Kafka, for any number of servers.
 *
 * A stream lies in one partition of a topic, by the hash of its name; a position is an offset plus 1. All partitions
 * are read all the time, over one connection to each broker, into the catalog and the tail; followers wait there. An
 * append is answered once it was read back: then all in-sync replicas have it. What was sent and not answered is sent
 * again under the same writer and sequence, and whichever copy comes first counts: nothing is in a stream twice.
 *
 * An append that is refused with `unavailable` may still come to be in the log, as with any store that answers late.
 */
export class KafkaLog implements Log {
  stopped: SpateError | undefined
  readonly #clock: Clock
  readonly #kv: Kv
  readonly #catalog: Catalog
  readonly #tail = new Tail()
  readonly #sender: Sender
  readonly #pump: Fetcher
  readonly #reader: Fetcher
  readonly #topics: Topics
  readonly #descriptions: ReadonlyMap<string, TopicDescription>
  readonly #prefix: string
  readonly #appeared = new Wakeup()
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<void>>()

  private constructor(
    address: KafkaAddress,
    clock: Clock,
    kv: Kv,
    topics: Topics,
    descriptions: ReadonlyMap<string, TopicDescription>,
  ) {
    this.#clock = clock
    this.#kv = kv
    this.#topics = topics
    this.#descriptions = descriptions
    this.#prefix = address.prefix
    this.#catalog = new Catalog(kv, () => this.#appeared.wake())
    const names = [...descriptions.keys()]
    this.#sender = new Sender(new Appender(address.brokers), clock, this.#stop.signal)
    this.#pump = new Fetcher(address.brokers, names)
    this.#reader = new Fetcher(address.brokers, names)
  }

  /**
   * Resolves when all that the log holds now has been read. `folder` keeps the catalog, which the log can rebuild.
   * Errors: `invalid`, `forbidden`, `unavailable`, those of the store.
   */
  static async open(address: KafkaAddress, folder: string, clock: Clock): Promise<KafkaLog> {
    await using stack = new AsyncDisposableStack()
    const topics = new Topics(address.brokers)
    stack.defer(() => topics.close())
    const descriptions = await ensureTopics(topics, address)
    const kv = stack.use(Kv.open(folder, TABLES))
    const log = new KafkaLog(address, clock, kv, topics, descriptions)
    stack.defer(() => log.#close())
    await log.#catalog.belongTo([...descriptions.values()].map(({ id }) => id).join(' '))
    await log.#start()
    stack.move()
    return log
  }

  async #start(): Promise<void> {
    const ends = await this.#findEndsPatiently()
    const caughtUp = Promise.withResolvers<void>()
    const check = (): void => {
      const isBehind = ([place, end]: [Place, number]): boolean => this.#catalog.next(place) < end
      if (!ends.some(isBehind)) caughtUp.resolve()
    }
    check()
    this.#run(this.#read(check, caughtUp.reject))
    this.#run(this.#keepSaving())
    await caughtUp.promise
  }

  /** Partitions that were just made have no leader for a moment. */
  async #findEndsPatiently(): Promise<[Place, number][]> {
    const pause = new Pauses(this.#clock, this.#stop.signal)
    for (let tries = 1; ; tries++) {
      try {
        return await this.#findEnds()
      } catch (error) {
        if (!(error instanceof SpateError) || error.code !== 'unavailable' || tries === START_TRIES)
          throw error
        await pause.next()
      }
    }
  }

  #run(work: Promise<void>): void {
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work))
  }

  /** The present end of each partition. What was freed before this server read it is passed over. */
  async #findEnds(): Promise<[Place, number][]> {
    const ends: [Place, number][] = []
    for (const topic of this.#descriptions.keys()) {
      const { first, next } = await this.#reader.ends(topic)
      for (const [partition, end] of next.entries()) {
        const place = { topic, partition }
        const read = this.#catalog.next(place)
        if (read > end) {
          const words = `Kafka’s ${keyOfPlace(place)} ends at ${end}, and this server has read it up to ${read}: it has lost records`
          throw new SpateError('corrupt', words)
        }
        if (read < (first[partition] ?? 0)) this.#catalog.reached(place, first[partition] ?? 0)
        ends.push([place, end])
      }
    }
    return ends
  }

  /** Where a stream lies. */
  placeOf(name: string): Place {
    const [events, captures] = topicNames(this.#prefix)
    const topic = name.startsWith(CAPTURES) ? captures : events
    const count = this.#descriptions.get(topic)?.partitions ?? 1
    return { topic, partition: createHash('sha256').update(name).digest().readUInt32LE(0) % count }
  }

  /** Reads every partition for ever, each broker's in a loop of its own, which ends when the leaders change. */
  async #read(onProgress: () => void, onStop: (error: SpateError) => void): Promise<void> {
    const pause = new Pauses(this.#clock, this.#stop.signal)
    let isFresh = false
    while (!this.#stop.signal.aborted) {
      try {
        const leaders = await this.#pump.leaders(isFresh)
        const turn = new AbortController()
        await Promise.all(
          [...leaders].map(async ([node, places]) => {
            try {
              while (!turn.signal.aborted && !this.#stop.signal.aborted) {
                await this.#readOnce(node, places)
                this.#sender.heard()
                pause.reset()
                onProgress()
              }
            } finally {
              turn.abort()
            }
          }),
        )
      } catch (error) {
        if (this.#stop.signal.aborted) return
        const reason = await this.#recovered(error)
        if (reason !== undefined) {
          this.stopped = reason
          onStop(reason)
          for (const { grown } of this.#catalog.streams.values()) grown.wake()
          return
        }
        isFresh = true
        await pause.next()
      }
    }
  }

  /** What stops reading for good; undefined: it is worth trying again. */
  async #recovered(error: unknown): Promise<SpateError | undefined> {
    if (!(error instanceof SpateError)) {
      return new SpateError('corrupt', 'reading Kafka failed', { cause: error })
    }
    if (error.code === 'unavailable') return undefined
    if (error.code !== 'gone') return error
    try {
      await this.#findEnds()
      return undefined
    } catch (inner) {
      return this.#recovered(inner)
    }
  }

  async #readOnce(node: number, places: readonly Place[]): Promise<void> {
    const wanted = new Map<string, Map<number, number>>()
    for (const place of places) {
      const partitions = wanted.get(place.topic) ?? new Map<number, number>()
      partitions.set(place.partition, this.#catalog.next(place))
      wanted.set(place.topic, partitions)
    }
    const grown = new Set<Stream>()
    for (const { topic, partition, messages, next } of await this.#pump.fetch(node, wanted)) {
      const place = { topic, partition }
      for (const { offset, key, value } of messages) {
        const stream = this.#take(place, offset, key.toString(), value)
        if (stream !== undefined) grown.add(stream)
      }
      if (next > this.#catalog.next(place)) this.#catalog.reached(place, next)
    }
    for (const stream of grown) stream.grown.wake()
  }

  /** Errors: `newer-version`, `corrupt`. */
  #take(place: Place, offset: number, name: string, value: Buffer): Stream | undefined {
    const position = positionOf(offset + 1)
    if (!isStreamName(name)) {
      throw new SpateError(
        'corrupt',
        `Kafka’s ${keyOfPlace(place)} holds a message of no stream at offset ${offset}`,
      )
    }
    const before = this.#catalog.streams.get(name)?.head ?? START
    const message = decodeMessage(position, value)
    const taken = this.#catalog.take(place, position, name, message)
    this.#catalog.reached(place, offset + 1)
    if (message.writer === this.#sender.writer) this.#sender.seen(name, message.sequence, position)
    if (taken === undefined) return undefined
    this.#tail.add(name, before, taken.record)
    return taken.stream
  }

  append(name: string, records: readonly NewRecord[]): Promise<Position[]> {
    try {
      appendable(name, records)
      if (records.length === 0) return Promise.resolve([])
      this.#throwIfStopped(undefined)
      const stream = this.#catalog.stream(name, this.placeOf(name))
      let timeMs = stream.lastMs
      return this.#sender.send(stream, (sequence, i) => {
        const record = records[i]
        if (record === undefined) return undefined
        timeMs = Math.max(timeMs, record.timeMs ?? this.#clock.now())
        stream.lastMs = timeMs
        return encodeMessage({ writer: this.#sender.writer, sequence }, record, timeMs)
      })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async read(name: string, after: Position, limit: ReadLimit): Promise<LogRecord[]> {
    const stream = this.#catalog.streams.get(name)
    if (stream === undefined || after >= stream.head) return this.#throwIfStopped([])
    const from = positionOf(Math.max(after, stream.trimmed))
    return this.#tail.read(name, from, limit) ?? (await this.#readBack(stream, from, limit))
  }

  #throwIfStopped<T>(value: T): T {
    if (this.stopped !== undefined) throw this.stopped
    return value
  }

  async #readBack(stream: Stream, after: Position, limit: ReadLimit): Promise<LogRecord[]> {
    const { name, place, head } = stream
    const out: LogRecord[] = []
    let bytes = 0
    let offset = this.#catalog.lookFrom(name, after)
    while (offset !== undefined && offset < head) {
      const [fetched] = await this.#fetchFrom(place, offset)
      if (fetched === undefined || fetched.next <= offset) break
      for (const { offset: at, key, value } of fetched.messages) {
        const position = positionOf(at + 1)
        if (position > head) return out
        if (key.toString() !== name || this.#catalog.isRepeat(name, position)) continue
        const message = decodeMessage(position, value)
        if (message.kind !== Kind.record) continue
        out.push(message.record)
        bytes += message.record.body.length
        if (out.length >= limit.records || bytes >= limit.bytes) return out
      }
      offset = this.#catalog.lookFrom(name, fetched.next)
    }
    return out
  }

  /** From whoever leads the partition now; tried again once when that has changed. */
  async #fetchFrom(place: Place, offset: number): ReturnType<Fetcher['fetch']> {
    const ask = async (isFresh: boolean): ReturnType<Fetcher['fetch']> => {
      const leaders = await this.#reader.leaders(isFresh)
      for (const [node, places] of leaders) {
        if (!places.some((led) => keyOfPlace(led) === keyOfPlace(place))) continue
        return this.#reader.fetch(node, new Map([[place.topic, new Map([[place.partition, offset]])]]))
      }
      throw new SpateError('unavailable', `Kafka’s ${keyOfPlace(place)} has no leader`, {
        retryAfterMs: RETRY_AFTER_MS,
      })
    }
    try {
      return await ask(false)
    } catch (error) {
      if (!(error instanceof SpateError) || error.code !== 'unavailable') throw error
      return ask(true)
    }
  }

  follow(name: string, after: Position, signal: AbortSignal): AsyncIterable<LogRecord[]> {
    return following(
      (...args) => this.#readPatiently(signal, ...args),
      name,
      this.#catalog.stream(name, this.placeOf(name)),
      after,
      signal,
    )
  }

  /** A follower outlasts a broker that is away. */
  async #readPatiently(
    signal: AbortSignal,
    name: string,
    after: Position,
    limit: ReadLimit,
  ): Promise<LogRecord[]> {
    const pause = new Pauses(this.#clock, this.#stop.signal)
    for (;;) {
      try {
        return await this.read(name, after, limit)
      } catch (error) {
        if (!(error instanceof SpateError) || error.code !== 'unavailable' || signal.aborted) throw error
        await pause.next()
      }
    }
  }

  async head(name: string): Promise<Position> {
    return this.#catalog.streams.get(name)?.head ?? START
  }

  async streams(): Promise<string[]> {
    return [...this.#catalog.streams.values()].filter(({ head }) => head > START).map(({ name }) => name)
  }

  appearing(signal: AbortSignal): AsyncIterable<string> {
    return appearing(() => this.streams(), this.#appeared, signal)
  }

  /**
   * Marks the records as given up, for all servers, and frees what no stream of the partition has any more. Keeps a
   * stream's last record.
   */
  async trim(name: string, upTo: Position): Promise<void> {
    const stream = this.#catalog.streams.get(name)
    if (stream === undefined || stream.head === START) return
    const end = positionOf(Math.min(upTo, stream.head - 1))
    if (end <= stream.trimmed) return
    await this.#sender.send(stream, (sequence, i) =>
      i === 0 ? encodeTrimmed({ writer: this.#sender.writer, sequence }, end) : undefined,
    )
    const { topic, partition } = stream.place
    await this.#topics.free(topic, partition, this.#catalog.firstKept(stream.place))
  }

  async trimmed(name: string): Promise<Position> {
    return this.#catalog.streams.get(name)?.trimmed ?? START
  }

  async #keepSaving(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await sleep(this.#clock, SAVE_EVERY_MS, this.#stop.signal)
      // What could not be stored is read again by the next start.
      await this.#catalog.save().catch(() => {})
    }
  }

  async #close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    await Promise.all([this.#pump.close(), this.#reader.close(), this.#sender.close(), this.#topics.close()])
    await Promise.allSettled(this.#running)
    await this.#catalog.save().catch(() => {})
  }

  /** Waits for appends that were already taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return
    await this.#sender.answered()
    await this.#close()
    await this.#kv[Symbol.asyncDispose]()
  }
}
