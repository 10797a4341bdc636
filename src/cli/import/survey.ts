import { type Area, MAX_SIDE } from '../../boards/canvas/geometry.ts'
import { MAX_COLORS } from '../../boards/canvas/rules.ts'
import { CELL, CIRCLE, type RowBatch } from '../../capture/datasets/rows.ts'

/** Whether a time can be that of a cell: after 1970 began, and not after `nowMs`. */
export function isPast(timeMs: number, nowMs: number): boolean {
  return timeMs > 0 && timeMs <= nowMs
}

/** What a board must be to hold a dataset: learnt from its rows as they pass on their way to be sorted. */
export class Survey {
  /** Rows whose time is past. */
  rows = 0
  /** Rows that are not: none of their cells can be painted. */
  notInPast = 0
  firstMs = Number.POSITIVE_INFINITY
  lastMs = 0
  /** In the order of their first row, those beyond what a board can have left out. 0xRRGGBB. */
  readonly colors = new Set<number>()
  readonly #nowMs: number
  #left = Number.POSITIVE_INFINITY
  #top = Number.POSITIVE_INFINITY
  #right = Number.NEGATIVE_INFINITY
  #bottom = Number.NEGATIVE_INFINITY

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  /** The smallest area with every cell; undefined without any. It may be larger than a board can be. */
  get extent(): Area | undefined {
    if (this.rows === 0) return undefined
    const [left, top] = [this.#left, this.#top]
    return { left, top, width: this.#right - left + 1, height: this.#bottom - top + 1 }
  }

  add(batch: RowBatch): void {
    for (let row = 0; row < batch.n; row += 1) {
      const timeMs = batch.timeMs[row]!
      if (!isPast(timeMs, this.#nowMs)) {
        this.notInPast += 1
        continue
      }
      this.rows += 1
      if (timeMs < this.firstMs) this.firstMs = timeMs
      if (timeMs > this.lastMs) this.lastMs = timeMs
      if (this.colors.size < MAX_COLORS) this.colors.add(batch.rgb[row]!)
      const kind = batch.kind[row]!
      const radius = kind === CIRCLE ? batch.x2[row]! : 0
      const x = batch.x[row]!
      const y = batch.y[row]!
      const isPoint = kind === CELL || kind === CIRCLE
      this.#left = Math.min(this.#left, x - radius)
      this.#top = Math.min(this.#top, y - radius)
      this.#right = Math.max(this.#right, isPoint ? x + radius : batch.x2[row]!)
      this.#bottom = Math.max(this.#bottom, isPoint ? y + radius : batch.y2[row]!)
    }
  }
}

/** Whether a board can span this. */
export function isBoardExtent({ width, height }: Area): boolean {
  return width >= 1 && height >= 1 && width <= MAX_SIDE && height <= MAX_SIDE
}
