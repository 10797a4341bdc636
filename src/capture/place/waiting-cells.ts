import { cellKey } from './chain.ts'
import type { AskedCell } from './history.ts'

export interface Change {
  readonly changeMs: number
  readonly rgb: number
}

/** A cell with all of its changes that no answer covers yet: one answer is for all of them. */
export interface WaitingCell extends AskedCell {
  readonly boardX: number
  readonly boardY: number
  readonly changes: Change[]
  tries: number
  /** A later change makes the answer another one soon. */
  isUrgent: boolean
}

/** Cells to be asked for: each once, those that were just changed before those that a full frame showed. */
export class WaitingCells {
  readonly #urgent = new Map<number, WaitingCell>()
  readonly #others = new Map<number, WaitingCell>()
  /** Changes of all of them. */
  size = 0

  add(
    cell: Pick<WaitingCell, 'canvas' | 'x' | 'y' | 'boardX' | 'boardY'>,
    change: Change,
    isUrgent: boolean,
  ): void {
    this.#put({ ...cell, changes: [change], tries: 0, isUrgent }, false)
  }

  /** It was not answered. */
  putBack(cell: WaitingCell): void {
    this.#put(cell, true)
  }

  #put(cell: WaitingCell, isOlder: boolean): void {
    this.size += cell.changes.length
    const key = cell.canvas * 2 ** 32 + cellKey(cell.x, cell.y)
    const since = this.#urgent.get(key) ?? this.#others.get(key)
    if (since === undefined) {
      this.#of(cell).set(key, cell)
      return
    }
    if (isOlder) since.changes.unshift(...cell.changes)
    else since.changes.push(...cell.changes)
    if (!cell.isUrgent || since.isUrgent) return
    this.#others.delete(key)
    since.isUrgent = true
    this.#urgent.set(key, since)
  }

  #of({ isUrgent }: WaitingCell): Map<number, WaitingCell> {
    return isUrgent ? this.#urgent : this.#others
  }

  /** At most that many, which wait no more. */
  take(limit: number): WaitingCell[] {
    const taken: WaitingCell[] = []
    for (const cells of [this.#urgent, this.#others]) {
      for (const [key, cell] of cells) {
        if (taken.length >= limit) return taken
        cells.delete(key)
        this.size -= cell.changes.length
        taken.push(cell)
      }
    }
    return taken
  }
}
