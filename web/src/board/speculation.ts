import type { Cell } from '../view/view.ts'

/** A paint that the board does not show yet. */
export interface Speculative extends Cell {
  readonly color: number
  /** The log has accepted it; the frame that shows it is on its way. */
  readonly isJudged: boolean
}

interface Entry extends Speculative {
  /** Set once accepted: the board shows it from this position on. */
  readonly position: number | undefined
}

/**
 * What this player painted and the board does not show yet. Paint is drawn at once, stays until the board has
 * reached the position at which it was accepted, and goes at once when it is refused. Of several on the same
 * cell the newest shows.
 */
export class Speculations {
  readonly #entries = new Map<number, Entry>()
  #next = 1

  add(x: number, y: number, color: number): number {
    const id = this.#next++
    this.#entries.set(id, { x, y, color, isJudged: false, position: undefined })
    return id
  }

  accept(id: number, position: number): void {
    const entry = this.#entries.get(id)
    if (entry !== undefined) this.#entries.set(id, { ...entry, isJudged: true, position })
  }

  /** Refused, or nobody knows what became of it. */
  drop(id: number): void {
    this.#entries.delete(id)
  }

  /** The board shows everything up to here. True when that changed anything. */
  reached(position: number): boolean {
    let hasChanged = false
    for (const [id, entry] of this.#entries) {
      if (entry.position === undefined || entry.position > position) continue
      this.#entries.delete(id)
      hasChanged = true
    }
    return hasChanged
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Oldest first: drawn in this order, the newest ends on top. */
  visible(): readonly Speculative[] {
    return [...this.#entries.values()]
  }
}
