import { keepNewest } from '../base/keep-newest.ts'
import { cellInChunk, chunkIndex } from '../boards/canvas/geometry.ts'
import { kindOf, StrokeKind, type Strokes } from '../boards/canvas/strokes.ts'
import type { MeterFold } from '../meters/fold.ts'
import { CellList } from './cell-list.ts'
import { CellSet } from './cell-set.ts'

/** Of a board, when nothing is under way; the rest is read again. */
const MAX_SETS_IN_MEMORY = 16_384
const MAX_LISTS_IN_MEMORY = 65_536
/** Of one list. */
export const MAX_LISTED = 1024
const CHUNKS = 65_536
const CHUNK_CELLS = 65_536
const NO_LIST = new Uint8Array(0)

/**
 * Who has painted which cells, in facts of the board's meters.
 *
 *     PLAYER        up to 1,024 cells: the list of them, each its chunk × 65,536 + cell; beyond, nothing:
 *     PLAYER/CHUNK  the set of those in the chunk
 */
export class PaintedCells {
  readonly #fold: MeterFold
  /** By player; undefined where there are sets. */
  readonly #lists = new Map<number, CellList | undefined>()
  readonly #changedLists = new Set<number>()
  /** By player × 65,536 + chunk. */
  readonly #sets = new Map<number, CellSet>()
  readonly #changedSets = new Set<number>()

  constructor(fold: MeterFold) {
    this.#fold = fold
  }

  /** 1 for each of the strokes from `from` to before `to` with which its player paints a cell for the first time. */
  async firsts(strokes: Strokes, from: number, to: number): Promise<Uint8Array> {
    await this.#readLists(strokes, from, to)
    await this.#readSets(strokes, from, to)
    const firsts = new Uint8Array(to - from)
    for (let i = from; i < to; i++) {
      const player = painterOf(strokes, i)
      if (player === 0) continue
      const chunk = chunkIndex(strokes.x[i] ?? 0, strokes.y[i] ?? 0)
      const cell = cellInChunk(strokes.x[i] ?? 0, strokes.y[i] ?? 0)
      const list = this.#lists.get(player)
      const isNew =
        list === undefined
          ? this.#addToSet(player * CHUNKS + chunk, cell)
          : this.#addToList(player, list, chunk * CHUNK_CELLS + cell)
      if (isNew) firsts[i - from] = 1
    }
    return firsts
  }

  #addToList(player: number, list: CellList, cell: number): boolean {
    if (!list.add(cell)) return false
    this.#changedLists.add(player)
    if (list.count <= MAX_LISTED) return true
    this.#lists.set(player, undefined)
    for (const each of list.cells) {
      this.#addToSet(player * CHUNKS + Math.floor(each / CHUNK_CELLS), each % CHUNK_CELLS)
    }
    return true
  }

  #addToSet(key: number, cell: number): boolean {
    const known = this.#sets.get(key)
    const set = known ?? new CellSet()
    if (known === undefined) this.#sets.set(key, set)
    if (!set.add(cell)) return false
    this.#changedSets.add(key)
    return true
  }

  async #readLists(strokes: Strokes, from: number, to: number): Promise<void> {
    const unknown = new Set<number>()
    for (let i = from; i < to; i++) {
      const player = painterOf(strokes, i)
      if (player !== 0 && !this.#lists.has(player)) unknown.add(player)
    }
    if (unknown.size === 0) return
    const players = [...unknown]
    const stored = await this.#fold.facts(players.map(String))
    for (const [i, player] of players.entries()) {
      const bytes = stored[i]
      this.#lists.set(player, bytes?.length === 0 ? undefined : new CellList(bytes))
    }
  }

  async #readSets(strokes: Strokes, from: number, to: number): Promise<void> {
    const unknown = new Set<number>()
    for (let i = from; i < to; i++) {
      const player = painterOf(strokes, i)
      if (player === 0 || this.#lists.get(player) !== undefined) continue
      const key = player * CHUNKS + chunkIndex(strokes.x[i] ?? 0, strokes.y[i] ?? 0)
      if (!this.#sets.has(key)) unknown.add(key)
    }
    if (unknown.size === 0) return
    const keys = [...unknown]
    const stored = await this.#fold.facts(keys.map(factOf))
    for (const [i, key] of keys.entries()) this.#sets.set(key, new CellSet(stored[i]))
  }

  /** Puts what has changed into what the fold hands to its store next. */
  stage(): void {
    for (const player of this.#changedLists) {
      this.#fold.set(String(player), this.#lists.get(player)?.encode() ?? NO_LIST)
    }
    for (const key of this.#changedSets) {
      const set = this.#sets.get(key)
      if (set !== undefined) this.#fold.set(factOf(key), set.encode())
    }
    this.#changedLists.clear()
    this.#changedSets.clear()
  }

  /** What was staged is stored. */
  committed(): void {
    keepNewest(this.#lists, MAX_LISTS_IN_MEMORY)
    keepNewest(this.#sets, MAX_SETS_IN_MEMORY)
  }

  /** What was not stored is thrown away. */
  reopen(): void {
    this.#lists.clear()
    this.#sets.clear()
    this.#changedLists.clear()
    this.#changedSets.clear()
  }
}

/** 0 where nobody paints. */
function painterOf(strokes: Strokes, i: number): number {
  return kindOf(strokes.mark[i] ?? 0) === StrokeKind.placed ? (strokes.player[i] ?? 0) : 0
}

function factOf(key: number): string {
  return `${Math.floor(key / CHUNKS)}/${key % CHUNKS}`
}
