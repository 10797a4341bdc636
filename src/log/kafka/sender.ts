import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { SpateError } from '../../base/errors.ts'
import type { Position } from '../port.ts'
import { keyOfPlace, type Place, type Stream } from './catalog.ts'
import type { Appender, Message } from './client.ts'
import { Pauses } from './pauses.ts'
import { MAX_BATCH_BYTES } from './topics.ts'

/** A batch of several appends; one append alone may be larger. */
const BATCH_BYTES = 1 << 20
const MAX_WAITING_BYTES = 64 << 20
/** How long an append is tried before its caller is told that the log is away. */
const APPEND_FOR_MS = 6_000
const RETRY_AFTER_MS = 1_000
/** What was written and is not read back by then is written again. */
const SEEN_WITHIN_MS = 1_500

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
 * Writes appends into their partitions, until each was read back or is given up. Its writer and the sequences of the
 * messages tell whoever reads what was written twice.
 */
export class Sender {
  readonly writer = randomBytes(8).toString('hex')
  readonly #appender: Appender
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #sequences = new Map<string, number>()
  readonly #queues = new Map<string, Pending[]>()
  /** By stream and sequence. */
  readonly #pending = new Map<string, Pending>()
  readonly #running = new Set<Promise<void>>()
  #waitingBytes = 0
  /** Kafka has not taken what it was sent, and has not been heard of since: new appends are refused at once. */
  #isAway = false

  /** @param signal aborts when the log is closed */
  constructor(appender: Appender, clock: Clock, signal: AbortSignal) {
    this.#appender = appender
    this.#clock = clock
    this.#signal = signal
  }

  /** Kafka has answered something. */
  heard(): void {
    this.#isAway = false
  }

  /** A message of this writer was read from the log. */
  seen(name: string, sequence: number, position: Position): void {
    const pending = this.#pending.get(`${name} ${sequence}`)
    if (pending === undefined) return
    this.#pending.delete(`${name} ${sequence}`)
    pending.positions.push(position)
    if (pending.positions.length < pending.sequences.length) return
    pending.isSettled = true
    this.#waitingBytes -= pending.bytes
    pending.done.resolve(pending.positions)
  }

  /** @param encode the i-th message under its sequence; undefined: there are no more */
  send(stream: Stream, encode: (sequence: number, i: number) => Buffer | undefined): Promise<Position[]> {
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
    const sending = this.#sendAll(place, fresh)
    this.#running.add(sending)
    void sending.finally(() => this.#running.delete(sending))
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
    const pause = new Pauses(this.#clock, this.#signal)
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
        if (!(error instanceof SpateError) || error.code !== 'unavailable' || this.#signal.aborted) {
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

  /** Resolves when every append that was taken is answered. */
  async answered(): Promise<void> {
    await Promise.allSettled([...new Set(this.#pending.values())].map(({ done }) => done.promise))
  }

  /** After the signal has aborted. */
  async close(): Promise<void> {
    await this.#appender.close()
    await Promise.allSettled(this.#running)
  }
}

function away(cause?: unknown): SpateError {
  return new SpateError('unavailable', 'Kafka cannot be written to at present', {
    cause,
    retryAfterMs: RETRY_AFTER_MS,
  })
}
