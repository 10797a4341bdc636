import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { Kv } from '../store/kv.ts'
import { appendable } from './admission.ts'
import { appearing, following } from './following.ts'
import type { KafkaAddress } from './kafka/address.ts'
import { Catalog, keyOfPlace, type Place, type Stream } from './kafka/catalog.ts'
import { Appender, Fetcher, type Message, type TopicDescription, Topics } from './kafka/client.ts'
import { decodeMessage, encodeMessage, encodeTrimmed, Kind } from './kafka/envelope.ts'
import { Tail } from './kafka/tail.ts'
import { ensureTopics, MAX_BATCH_BYTES, topicNames } from './kafka/topics.ts'
import type { Log, LogRecord, NewRecord, Position, ReadLimit } from './port.ts'
import { positionOf, START } from './port.ts'
import { Wakeup } from './wakeup.ts'

const TABLES = 8
const CAPTURES = 'capture/'
/** A batch of several appends; one append alone may be larger. */
const BATCH_BYTES = 1 << 20
const MAX_WAITING_BYTES = 64 << 20
/** How long an append is tried before its caller is told that the log is away. */
const APPEND_FOR_MS = 6_000
const RETRY_AFTER_MS = 1_000
/** What was written and is not read back by then is written again. */
const SEEN_WITHIN_MS = 1_500
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000
const SAVE_EVERY_MS = 5_000
const START_TRIES = 8

/** An append under way: sent, perhaps more than once, and not yet seen in the log. */
interface Pending {
  readonly stream: Stream
  readonly messages: readonly Message[]
  readonly bytes: number
  readonly sequences: readonly number[]
  readonly positions: Position[]
  readonly done: PromiseWithResolvers<Position[]>
  /** By the clock that does not jump. */
  readonly givenUpAtMs: number
  isSettled: boolean
}

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
  readonly #appender: Appender
  readonly #pump: Fetcher
  readonly #reader: Fetcher
  readonly #topics: Topics
  readonly #descriptions: ReadonlyMap<string, TopicDescription>
  readonly #prefix: string
  readonly #writer = randomBytes(8).toString('hex')
  readonly #sequences = new Map<string, number>()
  readonly #queues = new Map<string, Pending[]>()
  /** By stream and sequence. */
  readonly #pending = new Map<string, Pending>()
  readonly #appeared = new Wakeup()
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #waitingBytes = 0
  /** Kafka has not taken what it was sent, and has not been heard of since: new appends are refused at once. */
  #isAway = false

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
    this.#appender = new Appender(address.brokers)
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
    const pause = this.#pauses()
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
    const pause = this.#pauses()
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
                this.#isAway = false
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
    const before = this.#catalog.streams.get(name)?.head ?? START
    const message = decodeMessage(position, value)
    const taken = this.#catalog.take(place, position, name, message)
    this.#catalog.reached(place, offset + 1)
    if (message.writer === this.#writer) this.#seen(name, message.sequence, position)
    if (taken === undefined) return undefined
    this.#tail.add(name, before, taken.record)
    return taken.stream
  }

  /** A message of ours is in the log. */
  #seen(name: string, sequence: number, position: Position): void {
    const pending = this.#pending.get(`${name} ${sequence}`)
    if (pending === undefined) return
    this.#pending.delete(`${name} ${sequence}`)
    pending.positions.push(position)
    if (pending.positions.length < pending.sequences.length) return
    pending.isSettled = true
    this.#waitingBytes -= pending.bytes
    pending.done.resolve(pending.positions)
  }

  append(name: string, records: readonly NewRecord[]): Promise<Position[]> {
    try {
      appendable(name, records)
      if (records.length === 0) return Promise.resolve([])
      const stream = this.#catalog.stream(name, this.placeOf(name))
      let timeMs = stream.lastMs
      return this.#send(stream, (sequence, i) => {
        const record = records[i]
        if (record === undefined) return undefined
        timeMs = Math.max(timeMs, record.timeMs ?? this.#clock.now())
        stream.lastMs = timeMs
        return encodeMessage({ writer: this.#writer, sequence }, record, timeMs)
      })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** @param encode the i-th message under its sequence; undefined: there are no more */
  #send(stream: Stream, encode: (sequence: number, i: number) => Buffer | undefined): Promise<Position[]> {
    if (this.stopped !== undefined) throw this.stopped
    const nowMs = this.#clock.elapsedMs()
    if (this.#isAway) throw away()
    const key = Buffer.from(stream.name)
    const messages: Message[] = []
    const sequences: number[] = []
    let bytes = 0
    let sequence = this.#sequences.get(stream.name) ?? 0
    for (let i = 0; ; i++) {
      const value = encode(sequence + 1, i)
      if (value === undefined) break
      sequence += 1
      messages.push({ key, value })
      sequences.push(sequence)
      bytes += value.length + key.length + 16
    }
    if (bytes > MAX_BATCH_BYTES)
      throw new SpateError('invalid', `an append of ${bytes} bytes; the limit is ${MAX_BATCH_BYTES}`)
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      throw new SpateError('overloaded', 'too much waits for Kafka', { retryAfterMs: RETRY_AFTER_MS })
    }
    this.#sequences.set(stream.name, sequence)
    this.#waitingBytes += bytes
    const done = Promise.withResolvers<Position[]>()
    const givenUpAtMs = nowMs + APPEND_FOR_MS
    const pending = { stream, messages, bytes, sequences, positions: [], done, givenUpAtMs, isSettled: false }
    for (const each of sequences) this.#pending.set(`${stream.name} ${each}`, pending)
    this.#enqueue(stream.place, pending)
    return done.promise
  }

  #enqueue(place: Place, pending: Pending): void {
    const key = keyOfPlace(place)
    const queue = this.#queues.get(key)
    if (queue !== undefined) {
      queue.push(pending)
      return
    }
    const fresh = [pending]
    this.#queues.set(key, fresh)
    this.#run(this.#sendAll(place, fresh))
  }

  /** One batch of a partition at a time: what arrives meanwhile makes the next, and the order stays. */
  async #sendAll(place: Place, queue: Pending[]): Promise<void> {
    while (queue.length > 0) {
      const batch: Pending[] = []
      let bytes = 0
      while (queue[0] !== undefined && (batch.length === 0 || bytes + queue[0].bytes <= BATCH_BYTES)) {
        const pending = queue.shift()
        if (pending === undefined) break
        batch.push(pending)
        bytes += pending.bytes
      }
      await this.#sendBatch(place, batch)
    }
    this.#queues.delete(keyOfPlace(place))
  }

  /**
   * Until it is seen in the log, or is given up. That Kafka said yes is not enough: a leader that goes may take what it
   * said with it. So the next batch waits, and what is sent again comes before it.
   */
  async #sendBatch({ topic, partition }: Place, batch: readonly Pending[]): Promise<void> {
    const pause = this.#pauses()
    for (;;) {
      const waiting = batch.filter(({ isSettled }) => !isSettled)
      if (waiting.length === 0) return
      try {
        await this.#appender.append(
          topic,
          partition,
          waiting.flatMap(({ messages }) => messages),
        )
        await this.#seenSoon(waiting)
      } catch (error) {
        if (!(error instanceof SpateError) || error.code !== 'unavailable' || this.#stop.signal.aborted) {
          for (const pending of waiting) this.#fail(pending, error)
          return
        }
        this.#isAway = true
        await pause.next()
      }
      const nowMs = this.#clock.elapsedMs()
      for (const pending of waiting) if (nowMs >= pending.givenUpAtMs) this.#fail(pending, away())
    }
  }

  /** Resolves when all were seen, or have not been for too long. */
  async #seenSoon(waiting: readonly Pending[]): Promise<void> {
    const late = Promise.withResolvers<void>()
    const cancel = this.#clock.after(SEEN_WITHIN_MS, late.resolve)
    await Promise.race([Promise.allSettled(waiting.map(({ done }) => done.promise)), late.promise])
    cancel()
  }

  #fail(pending: Pending, error: unknown): void {
    if (pending.isSettled) return
    pending.isSettled = true
    this.#waitingBytes -= pending.bytes
    for (const sequence of pending.sequences) this.#pending.delete(`${pending.stream.name} ${sequence}`)
    pending.done.reject(error)
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
    const pause = this.#pauses()
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
    await this.#send(stream, (sequence, i) =>
      i === 0 ? encodeTrimmed({ writer: this.#writer, sequence }, end) : undefined,
    )
    const { topic, partition } = stream.place
    await this.#topics.free(topic, partition, this.#catalog.firstKept(stream.place))
  }

  async trimmed(name: string): Promise<Position> {
    return this.#catalog.streams.get(name)?.trimmed ?? START
  }

  async #keepSaving(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#sleep(SAVE_EVERY_MS)
      // What could not be stored is read again by the next start.
      await this.#catalog.save().catch(() => {})
    }
  }

  /** Ends early when the log is closed. */
  async #sleep(ms: number): Promise<void> {
    const { signal } = this.#stop
    if (signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(ms, resolve)
    const wake = (): void => resolve()
    signal.addEventListener('abort', wake, { once: true })
    await promise
    signal.removeEventListener('abort', wake)
    cancel()
  }

  /** Longer from one to the next, each a little different. */
  #pauses(): { next(): Promise<void>; reset(): void } {
    let ms = FIRST_PAUSE_MS
    return {
      next: async () => {
        await this.#sleep(ms * (0.5 + Math.random() / 2))
        ms = Math.min(LONGEST_PAUSE_MS, ms * 2)
      },
      reset: () => {
        ms = FIRST_PAUSE_MS
      },
    }
  }

  async #close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    await Promise.all([
      this.#pump.close(),
      this.#reader.close(),
      this.#appender.close(),
      this.#topics.close(),
    ])
    await Promise.allSettled(this.#running)
    await this.#catalog.save().catch(() => {})
  }

  /** Waits for appends that were already taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return
    await Promise.allSettled([...new Set(this.#pending.values())].map(({ done }) => done.promise))
    await this.#close()
    await this.#kv[Symbol.asyncDispose]()
  }
}

function away(cause?: unknown): SpateError {
  return new SpateError('unavailable', 'Kafka cannot be written to at present', {
    cause,
    retryAfterMs: RETRY_AFTER_MS,
  })
}
