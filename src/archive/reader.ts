import { SpateError } from '../base/errors.ts'
import { type LogRecord, type Position, positionOf, type ReadLimit, START } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { archivedStreams, Chain } from './chain.ts'
import { type Entry, segmentKey } from './manifest.ts'
import { decodeHeader, headerBytesOf, type IndexedBlock, readBlock, type SegmentIndex } from './segment.ts'

/** Holds the header of all but the largest segments. */
const FIRST_READ_BYTES = 64 * 1024
const KEPT_INDEXES = 64
const KEPT_BLOCKS = 4

/**
 * Reads the archive: the blocks that are asked for and nothing else, over range reads; the last few are kept. What it
 * knows of a stream's entries it asks anew where it comes to their end. A block that is not as it was sealed is an
 * error (`corrupt`), as is a chain that does not hold together.
 */
export class ArchiveReader {
  readonly #objects: ObjectStore
  readonly #chains = new Map<string, Chain>()
  readonly #indexes = new Recent<SegmentIndex>(KEPT_INDEXES)
  readonly #blocks = new Recent<readonly LogRecord[]>(KEPT_BLOCKS)

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  /** Names of the streams that have entries, sorted. */
  async streams(): Promise<string[]> {
    return [...(await archivedStreams(this.#objects)).keys()].sort()
  }

  /** The entries of a stream as of now. */
  async entries(stream: string): Promise<readonly Entry[]> {
    const chain = await this.#chain(stream, Number.POSITIVE_INFINITY)
    return chain.entries.map(({ entry }) => entry)
  }

  /** Every record up to there is in the archive; 0 if none is. */
  async sealedUpTo(stream: string): Promise<Position> {
    return (await this.#chain(stream, Number.POSITIVE_INFINITY)).sealedUpTo
  }

  /** As {@link Log.read}; empty at the end of what is sealed. */
  async read(stream: string, after: Position, limit: ReadLimit): Promise<LogRecord[]> {
    const chain = await this.#chain(stream, after)
    const out: LogRecord[] = []
    let bytes = 0
    let at = after
    for (let i = chain.indexAfter(after); i < chain.entries.length; i++) {
      const entry = chain.entries[i]?.entry
      if (entry === undefined) break
      const { blocks } = await this.#index(entry)
      for (const block of blocks) {
        if (block.last <= at) continue
        for (const record of await this.#block(entry, block)) {
          if (record.position <= at) continue
          if (out.length >= limit.records || bytes >= limit.bytes) return out
          out.push(record)
          bytes += record.body.length
        }
        at = block.last
        if (out.length >= limit.records || bytes >= limit.bytes) return out
      }
    }
    return out
  }

  /** Every block's records after a position up to another, oldest first. */
  async *blocks(stream: string, after: Position, upTo: Position): AsyncIterable<readonly LogRecord[]> {
    const chain = await this.#chain(stream, upTo)
    for (let i = chain.indexAfter(after); i < chain.entries.length; i++) {
      const entry = chain.entries[i]?.entry
      if (entry === undefined || entry.first > upTo) return
      for (const block of (await this.#index(entry)).blocks) {
        if (block.last <= after || block.first > upTo) continue
        const records = await this.#block(entry, block)
        const isWhole = block.first > after && block.last <= upTo
        yield isWhole ? records : records.filter(({ position }) => position > after && position <= upTo)
      }
    }
  }

  /**
   * Where the stream was at a time: the last record before the first one that is later. 0 if all are later. Times of
   * several servers' records may go back; like the fold, this takes the latest so far.
   */
  async positionAt(stream: string, atMs: number): Promise<Position> {
    const chain = await this.#chain(stream, Number.POSITIVE_INFINITY)
    let before: Position = START
    for (const { entry } of chain.entries) {
      if (entry.lastMs <= atMs) {
        before = positionOf(entry.last)
        continue
      }
      for (const block of (await this.#index(entry)).blocks) {
        if (block.latestMs <= atMs) {
          before = block.last
          continue
        }
        for (const { position, timeMs } of await this.#block(entry, block)) {
          if (timeMs > atMs) return before
          before = position
        }
      }
    }
    return before
  }

  /** The chain as it is known, asked anew unless it is known to go beyond `after`. */
  async #chain(stream: string, after: number): Promise<Chain> {
    let chain = this.#chains.get(stream)
    if (chain === undefined) {
      chain = new Chain(this.#objects, stream)
      this.#chains.set(stream, chain)
    }
    if (chain.sealedUpTo <= after) await chain.refresh()
    return chain
  }

  async #index(entry: Entry): Promise<SegmentIndex> {
    return this.#indexes.get(entry.segment, async () => {
      const key = segmentKey(entry.segment)
      let bytes = await this.#objects.range(key, 0, FIRST_READ_BYTES)
      const headerBytes = headerBytesOf(bytes)
      if (headerBytes > bytes.length) bytes = await this.#objects.range(key, 0, headerBytes)
      const index = decodeHeader(bytes)
      const [first, last] = [index.blocks[0], index.blocks.at(-1)]
      if (index.stream !== entry.stream || first?.first !== entry.first || last?.last !== entry.last) {
        throw new SpateError(
          'corrupt',
          `segment ${entry.segment} is not what entry ${entry.number} of ${entry.stream} says`,
        )
      }
      return index
    })
  }

  #block(entry: Entry, block: IndexedBlock): Promise<readonly LogRecord[]> {
    return this.#blocks.get(`${entry.segment} ${block.offset}`, async () =>
      readBlock(block, await this.#objects.range(segmentKey(entry.segment), block.offset, block.bytes)),
    )
  }
}

/** The last few values that were asked for. Whoever asks for one that is being made waits for it. */
class Recent<T> {
  readonly #most: number
  readonly #values = new Map<string, Promise<T>>()

  constructor(most: number) {
    this.#most = most
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#values.get(key)
    this.#values.delete(key)
    const value = known ?? make()
    this.#values.set(key, value)
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#most) break
      this.#values.delete(oldest)
    }
    value.catch(() => {
      if (this.#values.get(key) === value) this.#values.delete(key)
    })
    return value
  }
}
