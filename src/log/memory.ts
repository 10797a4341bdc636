import type { Clock } from '../base/clock.ts'
import { appendable } from './admission.ts'
import { appearing, following } from './following.ts'
import type { Log, LogRecord, NewRecord, Position, ReadLimit } from './port.ts'
import { positionOf, START } from './port.ts'
import { Wakeup } from './wakeup.ts'

interface MemoryStream {
  records: LogRecord[]
  head: Position
  trimmed: Position
  lastMs: number
  readonly grown: Wakeup
}

/** A log for tests and simulations: nothing outlives the process. Several hosts may share one. */
export class MemoryLog implements Log {
  readonly stopped = undefined
  readonly #clock: Clock
  readonly #appeared = new Wakeup()
  readonly #streams = new Map<string, MemoryStream>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  #stream(name: string): MemoryStream {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      stream = { records: [], head: START, trimmed: START, lastMs: 0, grown: new Wakeup() }
      this.#streams.set(name, stream)
    }
    return stream
  }

  async append(name: string, records: readonly NewRecord[]): Promise<Position[]> {
    appendable(name, records)
    const stream = this.#stream(name)
    const isNew = stream.head === START
    const positions: Position[] = []
    for (const { type, body, timeMs } of records) {
      stream.lastMs = Math.max(stream.lastMs, timeMs ?? this.#clock.now())
      stream.head = positionOf(stream.head + 1)
      stream.records.push({ position: stream.head, timeMs: stream.lastMs, type, body: Uint8Array.from(body) })
      positions.push(stream.head)
    }
    stream.grown.wake()
    if (isNew) this.#appeared.wake()
    return positions
  }

  async read(name: string, after: Position, limit: ReadLimit): Promise<LogRecord[]> {
    const records = this.#streams.get(name)?.records ?? []
    const first = records[0]
    if (first === undefined) return []
    const out: LogRecord[] = []
    let bytes = 0
    for (let i = Math.max(0, after - first.position + 1); i < records.length; i++) {
      const record = records[i]
      if (record === undefined || out.length >= limit.records || bytes >= limit.bytes) break
      out.push(record)
      bytes += record.body.length
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

  async trim(name: string, upTo: Position): Promise<void> {
    const stream = this.#stream(name)
    stream.trimmed = positionOf(Math.max(stream.trimmed, Math.min(upTo, stream.head)))
    stream.records = stream.records.filter((record) => record.position > upTo)
  }

  async trimmed(name: string): Promise<Position> {
    return this.#streams.get(name)?.trimmed ?? START
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#streams.clear()
  }
}
