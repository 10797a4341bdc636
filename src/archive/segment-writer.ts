import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Pace } from '../base/pace.ts'
import type { LogRecord } from '../log/port.ts'
import { BlockBuilder, type BlockSpan } from './block.ts'
import { encodeHeader } from './segment.ts'

const HASHED_AT_ONCE_BYTES = 1 << 20
const SLICE_MS = 2

export interface Segment extends BlockSpan {
  readonly bytes: Uint8Array
  readonly sha256: string
}

interface WrittenBlock extends BlockSpan {
  readonly data: Uint8Array
}

/** Makes segments of records, one after the other. The same records make the same bytes. */
export class SegmentWriter {
  readonly #builder = new BlockBuilder()
  readonly #pace = new Pace(SLICE_MS)
  #blocks: WrittenBlock[] = []

  /** Records come in order, one call at a time. */
  async add(record: LogRecord): Promise<void> {
    if (this.#builder.take(record)) return
    await this.#endBlock()
    this.#builder.take(record)
  }

  async #endBlock(): Promise<void> {
    const { bytes, ...span } = await this.#builder.encode()
    this.#blocks.push({ ...span, data: bytes })
  }

  /** What was added, at least one record. The writer begins again. */
  async finish(stream: string): Promise<Segment> {
    if (!this.#builder.isEmpty) await this.#endBlock()
    const blocks = this.#blocks
    const [first, last] = [blocks[0], blocks.at(-1)]
    if (first === undefined || last === undefined) throw new RangeError('a segment without records')
    this.#blocks = []
    this.#builder.beginAnew()
    const index = blocks.map(({ data, ...span }) => ({ ...span, bytes: data.length, crc: crc32(data) }))
    const bytes = await this.#joined([encodeHeader(stream, index), ...blocks.map(({ data }) => data)])
    return {
      first: first.first,
      last: last.last,
      firstMs: first.firstMs,
      latestMs: blocks.reduce((latest, block) => Math.max(latest, block.latestMs), 0),
      records: blocks.reduce((sum, { records }) => sum + records, 0),
      placements: blocks.reduce((sum, { placements }) => sum + placements, 0),
      bytes,
      sha256: await this.#hashed(bytes),
    }
  }

  async #joined(pieces: readonly Uint8Array[]): Promise<Uint8Array> {
    const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const piece of pieces) {
      bytes.set(piece, at)
      at += piece.length
      await this.#pace.turn()
    }
    return bytes
  }

  async #hashed(bytes: Uint8Array): Promise<string> {
    const hash = createHash('sha256')
    for (let at = 0; at < bytes.length; at += HASHED_AT_ONCE_BYTES) {
      hash.update(bytes.subarray(at, at + HASHED_AT_ONCE_BYTES))
      await this.#pace.turn()
    }
    return hash.digest('hex')
  }
}
