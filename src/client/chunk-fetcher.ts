import type { Clock } from '../base/clock.ts'
import type { Api } from './api.ts'
import { reconnectDelayMs } from './backoff.ts'
import type { Replica } from './replica.ts'

const FETCHES_AT_ONCE = 6
/** As after a second failure in a row, however often a chunk could not be had. */
const FAILURES = 2

export interface ChunkSource {
  readonly api: Api
  readonly board: string
  readonly clock: Clock
  readonly random: () => number
  /** The chunk is in the replica. */
  readonly onChunk: (index: number) => void
}

/**
 * Fetches the chunks that a replica expects, a few at once, until each is there or no longer expected. A
 * server that is away, or refuses, is asked again after a while.
 */
export class ChunkFetcher {
  readonly #source: ChunkSource
  #replica: Replica
  readonly #waiting = new Set<number>()
  readonly #fetching = new Set<number>()
  #closed = false

  constructor(source: ChunkSource, replica: Replica) {
    this.#source = source
    this.#replica = replica
  }

  /** What was wanted for the replica before is forgotten. */
  follow(replica: Replica): void {
    this.#replica = replica
    this.#waiting.clear()
  }

  want(index: number, atLeast: number): void {
    this.#replica.expect(index, atLeast)
    this.#waiting.add(index)
    this.#next()
  }

  close(): void {
    this.#closed = true
  }

  #next(): void {
    for (const index of this.#waiting) {
      if (this.#fetching.size >= FETCHES_AT_ONCE) return
      if (this.#fetching.has(index)) continue
      this.#waiting.delete(index)
      if (this.#replica.expected(index) === undefined) continue
      this.#fetching.add(index)
      void this.#fetch(index)
    }
  }

  async #fetch(index: number): Promise<void> {
    const { api, board, clock, random, onChunk } = this.#source
    const replica = this.#replica
    const atLeast = replica.expected(index) ?? 0
    try {
      const { position, colors } = await api.chunk(board, index, atLeast)
      if (position < atLeast) throw new Error('an answer from before what was asked for')
      // No longer expected: the chunk is not watched any more.
      const isLoaded = replica.expected(index) !== undefined && replica.loaded(index, position, colors)
      if (isLoaded && replica === this.#replica && !this.#closed) onChunk(index)
    } catch {
      // The server is away, refuses for now, or a cache answers for it.
      const { promise, resolve } = Promise.withResolvers<void>()
      clock.after(reconnectDelayMs(FAILURES, random()), resolve)
      await promise
    }
    this.#fetching.delete(index)
    if (this.#closed) return
    if (this.#replica.expected(index) !== undefined) this.#waiting.add(index)
    this.#next()
  }
}

/** Calls `work` for each item, a few at once. */
export async function pooled<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: FETCHES_AT_ONCE }, lane))
}
