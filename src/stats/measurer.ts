import { crashPoint } from '../base/crash.ts'
import type { SpateError } from '../base/errors.ts'
import type { Strokes } from '../boards/canvas/strokes.ts'
import type { Position } from '../log/port.ts'
import { MeterFold } from '../meters/fold.ts'
import { Folding } from '../meters/folding.ts'
import { checkOrigin } from '../meters/origin.ts'
import type { MeterStore } from '../meters/port.ts'
import { errorOf } from '../meters/verdicts.ts'
import { DECLARATIONS } from './declarations.ts'
import { PaintedCells } from './painted-cells.ts'
import { MAX_STROKES_AT_ONCE, writesOf } from './writes.ts'

/** What a commit takes at most, unless a record has more. */
const STROKES_A_COMMIT = 65_536

/** Takes what happened on one board into its meters, one call after the other. */
export interface Measuring {
  /**
   * Takes the strokes after where the meters stand; resolves with where they stand then. That is before the strokes'
   * end where the store was lost or is closed, and beyond it where another server went on.
   * Errors: those of the store that no repeating mends; `too-large` for more players than meters have room for.
   */
  measure(strokes: Strokes): Promise<Position>
}

/**
 * Measures in this process. A commit holds what whole records did, and the position of the last: nothing counts twice
 * and nothing is missed, however it ends. While the store cannot take more it waits (`Folding`).
 */
export class Measurer implements Measuring {
  readonly #fold: MeterFold
  readonly #folding: Folding
  readonly #cells: PaintedCells
  readonly #signal: AbortSignal

  private constructor(fold: MeterFold, folding: Folding, signal: AbortSignal) {
    this.#fold = fold
    this.#folding = folding
    this.#signal = signal
    this.#cells = new PaintedCells(fold)
  }

  /**
   * @param origin of the board's stream (`originOf`)
   * @param signal ends waiting for the store
   * @param onStall told why nothing moves, and `undefined` once it does again
   * Errors: `corrupt` where the store's meters were made from another log; those of the store.
   */
  static async open(
    store: MeterStore,
    origin: string,
    signal: AbortSignal,
    onStall: (reason: SpateError | undefined) => void,
  ): Promise<Measurer> {
    const fold = await MeterFold.open(store)
    checkOrigin(store.origin, origin)
    fold.origin = origin
    return new Measurer(fold, new Folding(fold, store, signal, onStall), signal)
  }

  async measure(strokes: Strokes): Promise<Position> {
    for (let at = this.#fold.position; at < strokes.upTo && !this.#signal.aborted; ) {
      const start = strokes.startAfter(at)
      const { end, upTo } = strokes.cut(start, STROKES_A_COMMIT)
      const isStored = await this.#folding.run(() => this.#apply(strokes, start, end, upTo))
      crashPoint('stats.after-commit')
      if (isStored) this.#cells.committed()
      else this.#cells.reopen()
      if (this.#fold.position < at) break
      at = this.#fold.position
    }
    return this.#fold.position
  }

  async #apply(strokes: Strokes, start: number, end: number, upTo: Position): Promise<void> {
    for (const declaration of DECLARATIONS) {
      if (!this.#fold.meters.has(declaration.name)) this.#fold.declare(declaration)
    }
    const timeMs = upTo === strokes.upTo ? strokes.timeMs : 0
    this.#fold.advance(upTo, timeMs)
    for (let from = start; from < end; from += MAX_STROKES_AT_ONCE) {
      const to = Math.min(from + MAX_STROKES_AT_ONCE, end)
      const firsts = await this.#cells.firsts(strokes, from, to)
      const refusal = await this.#fold.apply(upTo, timeMs, writesOf(strokes, from, to, firsts))
      if (refusal !== null) throw errorOf(refusal)
    }
    this.#cells.stage()
    crashPoint('stats.before-commit')
  }
}
