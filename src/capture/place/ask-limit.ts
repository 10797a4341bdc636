import type { Frame } from './chain.ts'

/** Of what may wait. Full frames leave room for the diffs that follow; what comes late is not asked for again. */
const SHARES = { full: 0.5, diff: 1, late: 4 }

/** A frame by what becomes of it when it is not asked for: a late one is behind what is made up for later. */
export type AskKind = Frame['kind'] | 'late'

/**
 * How many changes may wait for an answer. Once a diff was too much, no frame is taken until half is answered: so what is
 * owed lies in few spans of time, and what is asked for was changed just now.
 */
export class AskLimit {
  readonly #most: number
  #isFlooded = false

  constructor(most: number) {
    this.#most = most
  }

  /** Whether a frame that changed so many cells is asked for while so many changes wait. */
  takes(kind: AskKind, cells: number, waiting: number): boolean {
    const takes = cells <= this.#most * SHARES[kind] - waiting
    if (kind === 'late') return takes
    if (waiting <= this.#most / 2) this.#isFlooded = false
    if (kind === 'diff' && !takes) this.#isFlooded = true
    return takes && !this.#isFlooded
  }
}
