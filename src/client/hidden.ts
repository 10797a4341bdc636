import { cellInChunk, chunkIndex } from '../boards/canvas/geometry.ts'
import type { ChunkEdits } from '../live/protocol.ts'

/**
 * What this player alone sees, above the replica. A cell is covered by the next edit of it; all cells of a
 * chunk are told again whenever edits may have been missed.
 */
export class HiddenCells {
  readonly #chunks = new Map<number, Map<number, number>>()

  /** Wrapped coordinates; undefined where the replica shows. */
  colorAt(x: number, y: number): number | undefined {
    return this.#chunks.get(chunkIndex(x, y))?.get(cellInChunk(x, y))
  }

  /** Cells of a chunk with their colours. */
  cellsOf(chunk: number): ReadonlyMap<number, number> {
    return this.#chunks.get(chunk) ?? NONE
  }

  get chunks(): number[] {
    return [...this.#chunks.keys()]
  }

  show(groups: readonly ChunkEdits[]): void {
    for (const { chunk, count, cells, colors } of groups) {
      const shown = this.#chunks.get(chunk) ?? new Map<number, number>()
      for (let i = 0; i < count; i++) shown.set(cells[i] ?? 0, colors[i] ?? 0)
      this.#chunks.set(chunk, shown)
    }
  }

  cover(groups: readonly ChunkEdits[]): void {
    for (const { chunk, count, cells } of groups) {
      const shown = this.#chunks.get(chunk)
      if (shown === undefined) continue
      for (let i = 0; i < count; i++) shown.delete(cells[i] ?? 0)
      if (shown.size === 0) this.#chunks.delete(chunk)
    }
  }

  forget(chunk: number): void {
    this.#chunks.delete(chunk)
  }

  /** Forgets all other chunks. */
  keep(isKept: (chunk: number) => boolean): void {
    for (const chunk of this.#chunks.keys()) if (!isKept(chunk)) this.#chunks.delete(chunk)
  }

  clear(): void {
    this.#chunks.clear()
  }
}

const NONE: ReadonlyMap<number, number> = new Map()
