import { cellInChunk, chunkIndex, wrap } from '../../../src/boards/canvas/geometry.ts'
import { Replica } from '../../../src/client/replica.ts'
import type { ChunkEdits } from '../../../src/live/protocol.ts'
import { Speculations } from './speculation.ts'

/** Told what to draw again. */
export interface PictureListener {
  cells(groups: readonly ChunkEdits[]): void
  chunk(index: number): void
  /** Everything: another board, or other colours. */
  all(): void
  /** Only what lies over the chunks. */
  overlay(): void
}

/**
 * A board as this player sees it: what all see, over it the cells that only this player sees, over those the
 * paint that is not judged yet.
 */
export class Picture {
  replica = new Replica(0)
  readonly speculations = new Speculations()
  /** Chunk → cell in it → colour. */
  readonly hidden = new Map<number, Map<number, number>>()
  /** Chunks known to hold anything, followed or not. */
  painted: Set<number> = new Set()
  listener: PictureListener | undefined

  /** Another replica: another board, or this one from the start. */
  replace(replica: Replica): void {
    this.replica = replica
    this.hidden.clear()
    this.listener?.all()
  }

  /** Cells that everybody sees have changed, in the replica already. */
  changed(groups: readonly ChunkEdits[], position: number): void {
    for (const { chunk, count, cells } of groups) {
      this.painted.add(chunk)
      const hidden = this.hidden.get(chunk)
      for (let i = 0; hidden !== undefined && i < count; i++) hidden.delete(cells[i] ?? 0)
    }
    this.listener?.cells(groups)
    this.settled(position)
  }

  /** The board has reached a position. */
  settled(position: number): void {
    if (this.speculations.reached(position)) this.listener?.overlay()
  }

  /** A chunk was fetched; there is nothing in the replica for one that is all background. */
  loaded(index: number): void {
    if (this.replica.chunk(index) === undefined) this.painted.delete(index)
    else this.painted.add(index)
    this.listener?.chunk(index)
  }

  hide(groups: readonly ChunkEdits[]): void {
    for (const { chunk, count, cells, colors } of groups) {
      const hidden = this.hidden.get(chunk) ?? new Map<number, number>()
      for (let i = 0; i < count; i++) hidden.set(cells[i] ?? 0, colors[i] ?? 0)
      this.hidden.set(chunk, hidden)
    }
    this.listener?.overlay()
  }

  /** Signed coordinates. */
  colorAt(x: number, y: number): number {
    const speculative = this.speculations.visible().findLast((cell) => cell.x === x && cell.y === y)
    if (speculative !== undefined) return speculative.color
    const wrappedX = wrap(x)
    const wrappedY = wrap(y)
    const hidden = this.hidden.get(chunkIndex(wrappedX, wrappedY))?.get(cellInChunk(wrappedX, wrappedY))
    return hidden ?? this.replica.colorAt(wrappedX, wrappedY)
  }
}
