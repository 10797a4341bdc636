import { keepNewest } from '../base/keep-newest.ts'
import { cellInChunk, chunkIndex } from '../boards/canvas/geometry.ts'
import { kindOf, StrokeKind, type Strokes } from '../boards/canvas/strokes.ts'
import type { MeterFold } from '../meters/fold.ts'
import { CellSet } from './cell-set.ts'

/** Of a board, when nothing is under way; the rest is read again. */
const MAX_SETS_IN_MEMORY = 16_384
const CHUNKS = 65_536

/**
 * Who has painted which cells, in facts of the board's meters: of each player and chunk a set.
 *
 *     PLAYER/CHUNK → the set
 */
export class PaintedCells {
  readonly #fold: MeterFold
  /** By player × 65,536 + chunk. */
  readonly #sets = new Map<number, CellSet>()
  readonly #dirty = new Map<number, CellSet>()

  constructor(fold: MeterFold) {
    this.#fold = fold
  }

  /** 1 for each of the strokes from `from` to before `to` with which its player paints a cell for the first time. */
  async firsts(strokes: Strokes, from: number, to: number): Promise<Uint8Array> {
    await this.#read(strokes, from, to)
    const firsts = new Uint8Array(to - from)
    for (let i = from; i < to; i++) {
      const key = keyOf(strokes, i)
      if (key === undefined) continue
      const set = this.#setOf(key)
      if (!set.add(cellInChunk(strokes.x[i] ?? 0, strokes.y[i] ?? 0))) continue
      firsts[i - from] = 1
      this.#dirty.set(key, set)
    }
    return firsts
  }

  #setOf(key: number): CellSet {
    const known = this.#sets.get(key)
    if (known !== undefined) return known
    const set = new CellSet()
    this.#sets.set(key, set)
    return set
  }

  async #read(strokes: Strokes, from: number, to: number): Promise<void> {
    const unknown = new Set<number>()
    for (let i = from; i < to; i++) {
      const key = keyOf(strokes, i)
      if (key !== undefined && !this.#sets.has(key)) unknown.add(key)
    }
    if (unknown.size === 0) return
    const keys = [...unknown]
    const stored = await this.#fold.facts(keys.map(factOf))
    for (const [i, key] of keys.entries()) this.#sets.set(key, new CellSet(stored[i]))
  }

  /** Puts what has changed into what the fold hands to its store next. */
  stage(): void {
    for (const [key, set] of this.#dirty) this.#fold.set(factOf(key), set.encode())
    this.#dirty.clear()
  }

  /** What was staged is stored. */
  committed(): void {
    keepNewest(this.#sets, MAX_SETS_IN_MEMORY)
  }

  /** What was not stored is thrown away. */
  reopen(): void {
    this.#sets.clear()
    this.#dirty.clear()
  }
}

/** Undefined where nobody paints. */
function keyOf(strokes: Strokes, i: number): number | undefined {
  const player = strokes.player[i] ?? 0
  if (player === 0 || kindOf(strokes.mark[i] ?? 0) !== StrokeKind.placed) return undefined
  return player * CHUNKS + chunkIndex(strokes.x[i] ?? 0, strokes.y[i] ?? 0)
}

function factOf(key: number): string {
  return `${Math.floor(key / CHUNKS)}/${key % CHUNKS}`
}
