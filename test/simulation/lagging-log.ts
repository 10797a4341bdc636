import type { Clock } from '../../src/base/clock.ts'
import type { Random } from '../../src/base/random.ts'
import type { Log, LogRecord, NewRecord, Position, ReadLimit } from '../../src/log/port.ts'

/** Resolves after `ms` of the simulation. */
export function delay(clock: Clock, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  clock.after(ms, resolve)
  return promise
}

/**
 * The log as one of several servers knows it: appends arrive late, answers come late, and what others appended
 * is heard of later still, so that a server may be behind what its own clients saw elsewhere.
 */
export class LaggingLog implements Log {
  readonly stopped = undefined
  readonly #shared: Log
  readonly #clock: Clock
  readonly #random: Random
  readonly #lagMs: number
  #sent: Promise<void> = Promise.resolve()

  constructor(shared: Log, clock: Clock, random: Random, lagMs: number) {
    this.#shared = shared
    this.#clock = clock
    this.#random = random
    this.#lagMs = lagMs
  }

  #lag(): Promise<void> {
    // Mostly quick, at times very slow.
    const mostMs = this.#random.chance(0.05) ? 20 * this.#lagMs : this.#lagMs
    return delay(this.#clock, this.#random.below(mostMs + 1))
  }

  async append(stream: string, records: readonly NewRecord[]): Promise<Position[]> {
    this.#sent = this.#sent.then(() => this.#lag())
    await this.#sent
    const positions = await this.#shared.append(stream, records)
    await this.#lag()
    return positions
  }

  read(stream: string, after: Position, limit: ReadLimit): Promise<LogRecord[]> {
    return this.#shared.read(stream, after, limit)
  }

  async *follow(stream: string, after: Position, signal: AbortSignal): AsyncIterable<LogRecord[]> {
    for await (const batch of this.#shared.follow(stream, after, signal)) {
      await this.#lag()
      if (signal.aborted) return
      yield batch
    }
  }

  head(stream: string): Promise<Position> {
    return this.#shared.head(stream)
  }

  streams(): Promise<string[]> {
    return this.#shared.streams()
  }

  appearing(signal: AbortSignal): AsyncIterable<string> {
    return this.#shared.appearing(signal)
  }

  trim(stream: string, upTo: Position): Promise<void> {
    return this.#shared.trim(stream, upTo)
  }

  trimmed(stream: string): Promise<Position> {
    return this.#shared.trimmed(stream)
  }

  /** The log goes on without this server. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
