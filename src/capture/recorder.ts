import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import type { Log, NewRecord } from '../log/port.ts'
import { encodeCaptureRecord } from './codec.ts'
import { type CaptureRecord, CaptureRecordType, type RawMessage } from './records.ts'

/** What one record of messages holds at most; a larger message is alone. */
const MESSAGES_A_RECORD = 4096
const BYTES_A_RECORD = 1 << 20
/** The log's own limit of a body, less what stands before the bytes. */
const MAX_MESSAGE_BYTES = (8 << 20) - 64
/** What may go later waits so long for messages to go with: a sync of the disk is most of what a record costs. */
const GATHER_MS = 25
const FIRST_RETRY_MS = 100
const MOST_RETRY_MS = 5000

/** Messages that wait for the log at most. */
export const MAX_WAITING_BYTES = 64 << 20
/** What a message takes besides its bytes while it waits. */
const OVERHEAD_BYTES = 512

interface Waiting {
  readonly message: RawMessage | undefined
  /** Or what makes it, once, when it is taken up. */
  record: CaptureRecord | (() => CaptureRecord) | undefined
  readonly done: PromiseWithResolvers<void>
}

export interface RecorderServices {
  readonly log: Pick<Log, 'append'>
  readonly stream: string
  readonly clock: Clock
  readonly random: () => number
  /** Told of each append that failed; it is tried again if that can help. */
  readonly onError: (error: unknown) => void
  /** Told once why nothing more can be recorded, unless it was closed. */
  readonly onStopped: (reason: SpateError) => void
}

/**
 * Puts what a collector sees and does into its stream. What arrives while an append is under way makes the next one.
 *
 * Messages, and what is appended by `now`, go at once, keep their order and go before what is appended `later`. An append that
 * fails is tried again for ever while that can help: meanwhile up to 64 MiB of messages wait, and what is to go later
 * waits behind them. Beyond that a message is refused; who brought it must end its connection, so that the hole is seen.
 */
export class Recorder {
  readonly #services: RecorderServices
  readonly #raw: Waiting[] = []
  readonly #rest: Waiting[] = []
  #waitingBytes = 0
  #isRunning = false
  /** Ends the wait for messages to go with. */
  #gathering: (() => void) | undefined
  #failures = 0
  #isClosing = false
  #retryNow = (): void => {}
  #hasRoom = true
  #room = Promise.withResolvers<void>()
  /** Why nothing more can be recorded. */
  stopped: SpateError | undefined

  constructor(services: RecorderServices) {
    this.#services = services
    this.#room.resolve()
  }

  /** Whether the last append succeeded. */
  get isHealthy(): boolean {
    return this.#failures === 0
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Resolves when messages are taken again. */
  get room(): Promise<void> {
    return this.#room.promise
  }

  /** Resolves once it is durable; undefined where there is no room for it. Errors: why nothing more is recorded. */
  message(message: RawMessage): Promise<void> | undefined {
    const size = sizeOf(message)
    if (message.bytes.length > MAX_MESSAGE_BYTES || this.#waitingBytes + size > MAX_WAITING_BYTES) {
      if (this.#hasRoom && this.#waitingBytes > MAX_WAITING_BYTES / 2) {
        this.#hasRoom = false
        this.#room = Promise.withResolvers<void>()
      }
      return undefined
    }
    this.#waitingBytes += size
    return this.#add(this.#raw, { message, record: undefined, done: Promise.withResolvers<void>() })
  }

  /** In order with the messages. Resolves once it is durable. */
  now(record: CaptureRecord): Promise<void> {
    return this.#add(this.#raw, { message: undefined, record, done: Promise.withResolvers<void>() })
  }

  /**
   * After all messages, and only while there is room for them; within 25 ms where there are none.
   * @param record or what makes it, once, when it is taken up
   */
  later(record: CaptureRecord | (() => CaptureRecord)): Promise<void> {
    return this.#add(this.#rest, { message: undefined, record, done: Promise.withResolvers<void>() })
  }

  #add(lane: Waiting[], waiting: Waiting): Promise<void> {
    if (this.stopped !== undefined) return Promise.reject(this.stopped)
    lane.push(waiting)
    // Who does not wait for it is not told by an unhandled rejection.
    waiting.done.promise.catch(() => {})
    this.#wake()
    return waiting.done.promise
  }

  #wake(): void {
    if (this.#isRunning || this.stopped !== undefined) return
    const isDue = this.#isClosing && this.#rest.length > 0
    if (this.#raw.length > 0 || isDue) this.#start()
    else if (this.#rest.length > 0) {
      this.#gathering ??= this.#services.clock.after(GATHER_MS, () => this.#start())
    }
  }

  #start(): void {
    this.#gathering?.()
    this.#gathering = undefined
    this.#isRunning = true
    setImmediate(() => void this.#run())
  }

  async #run(): Promise<void> {
    do {
      const raw = this.#raw.slice()
      const rest = this.#failures === 0 || raw.length === 0 ? this.#rest.slice() : []
      try {
        const { log, stream } = this.#services
        await log.append(stream, recordsOf([...raw, ...rest]))
      } catch (error) {
        await this.#failed(error)
        continue
      }
      this.#failures = 0
      this.#raw.splice(0, raw.length)
      this.#rest.splice(0, rest.length)
      for (const { message, done } of [...raw, ...rest]) {
        if (message !== undefined) this.#waitingBytes -= sizeOf(message)
        done.resolve()
      }
      if (this.#waitingBytes <= MAX_WAITING_BYTES / 2) {
        this.#hasRoom = true
        this.#room.resolve()
      }
    } while (this.stopped === undefined && (this.#failures > 0 || this.#raw.length > 0))
    this.#isRunning = false
    this.#wake()
  }

  async #failed(error: unknown): Promise<void> {
    const { clock, random, onError } = this.#services
    onError(error)
    this.#failures += 1
    if (!(error instanceof SpateError && error.retryable) || this.#isClosing) {
      this.#stop(error)
      return
    }
    const waited = Promise.withResolvers<void>()
    this.#retryNow = waited.resolve
    clock.after(backoffMs(this.#failures, FIRST_RETRY_MS, MOST_RETRY_MS, random()), waited.resolve)
    await waited.promise
  }

  #stop(error: unknown): void {
    this.stopped =
      error instanceof SpateError
        ? error
        : new SpateError('storage-failed', 'recording failed', { cause: error })
    if (!this.#isClosing) this.#services.onStopped(this.stopped)
    for (const { done } of [...this.#raw.splice(0), ...this.#rest.splice(0)]) done.reject(this.stopped)
    this.#room.resolve()
  }

  /** Resolves when all is appended that was given, or the first append after the call has failed. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#retryNow()
    this.#wake()
    const last = [this.#raw.at(-1), this.#rest.at(-1)]
    await Promise.allSettled(last.map((waiting) => waiting?.done.promise))
    this.stopped ??= new SpateError('unavailable', 'the collector is stopping')
  }
}

function sizeOf({ bytes }: RawMessage): number {
  return bytes.length + OVERHEAD_BYTES
}

/** Messages that follow each other share a record, within the limits of one. */
function recordsOf(waiting: readonly Waiting[]): NewRecord[] {
  const records: NewRecord[] = []
  let messages: RawMessage[] = []
  let bytes = 0
  const push = (record: CaptureRecord): void => {
    records.push({ type: record.type, body: encodeCaptureRecord(record) })
  }
  const flush = (): void => {
    if (messages.length > 0) push({ type: CaptureRecordType.messages, body: messages })
    messages = []
    bytes = 0
  }
  for (const each of waiting) {
    const { message } = each
    if (typeof each.record === 'function') each.record = each.record()
    if (each.record !== undefined) {
      flush()
      push(each.record)
    } else if (message !== undefined) {
      if (messages.length >= MESSAGES_A_RECORD || bytes + message.bytes.length > BYTES_A_RECORD) flush()
      messages.push(message)
      bytes += message.bytes.length
    }
  }
  flush()
  return records
}
