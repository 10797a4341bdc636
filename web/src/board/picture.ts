import { wrap } from '../../../src/boards/canvas/geometry.ts'
import { HiddenCells } from '../../../src/client/hidden.ts'
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
  /** The connection's, which keeps it. */
  hidden = new HiddenCells()
  readonly speculations = new Speculations()
  /** Chunks known to hold anything, followed or not. */
  painted: Set<number> = new Set()
  listener: PictureListener | undefined

  /** Another board, or this one from the start. */
  replace(replica: Replica, hidden: HiddenCells): void {
    this.replica = replica
    this.hidden = hidden
    this.listener?.all()
  }

  /** Cells that everybody sees have changed, in the replica already. */
  changed(groups: readonly ChunkEdits[], position: number): void {
    for (const { chunk } of groups) this.painted.add(chunk)
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

  /** Signed coordinates. */
  colorAt(x: number, y: number): number {
    const speculative = this.speculations.visible().findLast((cell) => cell.x === x && cell.y === y)
    if (speculative !== undefined) return speculative.color
    const wrappedX = wrap(x)
    const wrappedY = wrap(y)
    return this.hidden.colorAt(wrappedX, wrappedY) ?? this.replica.colorAt(wrappedX, wrappedY)
  }
}
