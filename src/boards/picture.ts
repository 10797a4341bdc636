import type { BoardInfo } from './canvas/canvas.ts'
import { CHUNK_CELLS, CHUNKS_A_SIDE, cellInChunk, chunkIndex } from './canvas/geometry.ts'
import { type CanvasRecord, RecordType } from './canvas/records.ts'
import { withLock, withoutLock } from './canvas/rules.ts'
import { isRefused, type Refusals } from './refusals.ts'

/** Colours of a chunk, undefined where all is background. */
export type ChunkColors = (index: number) => Uint8Array | undefined

/** What everybody could see at one position. */
export interface View {
  readonly position: number
  readonly timeMs: number
  readonly info: BoardInfo
  readonly chunk: ChunkColors
}

/**
 * A canvas without its players: enough to show, not to judge. Records are folded with the verdicts that the
 * canvas once gave, so the past costs no more than writing its cells.
 */
export class Picture implements View {
  position: number
  timeMs: number
  info: BoardInfo
  readonly #chunks = new Map<number, Uint8Array>()
  /** The same, of those that were written to, for the loop that writes. */
  readonly #written = new Array<Uint8Array | undefined>(CHUNKS_A_SIDE * CHUNKS_A_SIDE)
  readonly #base: ChunkColors

  /** @param base the colours before the first record; asked once a chunk, its answer is written to */
  constructor(start: Omit<View, 'chunk'>, base: ChunkColors) {
    this.position = start.position
    this.timeMs = start.timeMs
    this.info = start.info
    this.#base = base
  }

  readonly chunk: ChunkColors = (index) => {
    const known = this.#chunks.get(index)
    if (known !== undefined) return known
    const base = this.#base(index)
    if (base !== undefined) this.#chunks.set(index, base)
    return base
  }

  #writable(index: number): Uint8Array {
    const chunk = this.chunk(index) ?? new Uint8Array(CHUNK_CELLS).fill(this.info.background)
    this.#chunks.set(index, chunk)
    this.#written[index] = chunk
    return chunk
  }

  apply(position: number, timeMs: number, record: CanvasRecord, refusals: Refusals): void {
    this.position = position
    this.timeMs = Math.max(this.timeMs, timeMs)
    switch (record.type) {
      case RecordType.placed:
      case RecordType.painted: {
        const { count, x, y, color } = record.body
        for (let i = 0; i < count; i++) {
          if (!isRefused(refusals, i)) this.#set(x[i] ?? 0, y[i] ?? 0, color[i] ?? 0)
        }
        return
      }
      case RecordType.restored:
        record.body.cells.forEach(({ x, y, becomes }, i) => {
          if (!isRefused(refusals, i)) this.#set(x, y, becomes.color)
        })
        return
      case RecordType.created: {
        if (isRefused(refusals, 0)) return
        const { id, extent, palette, background, rules } = record.body
        this.info = { id, extent, palette, background, rules, locks: [] }
        return
      }
      case RecordType.resized:
        this.#change(refusals, { extent: record.body.extent })
        return
      case RecordType.repainted:
        this.#change(refusals, { palette: record.body.palette })
        return
      case RecordType.ruled:
        this.#change(refusals, { rules: record.body.rules })
        return
      case RecordType.locked:
        this.#change(refusals, { locks: withLock(this.info.locks, record.body.lock) })
        return
      case RecordType.unlocked:
        this.#change(refusals, { locks: withoutLock(this.info.locks, record.body.id) })
        return
      default:
        return
    }
  }

  #change(refusals: Refusals, part: Partial<BoardInfo>): void {
    if (!isRefused(refusals, 0)) this.info = { ...this.info, ...part }
  }

  #set(x: number, y: number, color: number): void {
    const index = chunkIndex(x, y)
    const chunk = this.#written[index] ?? this.#writable(index)
    chunk[cellInChunk(x, y)] = color
  }
}
