import { contains } from '../../src/boards/canvas/geometry.ts'
import type { Store } from './store.ts'
import type { Step } from './view/motion.ts'
import {
  type Cell,
  cellAt,
  clamped,
  dragged,
  fitted,
  type Point,
  showing,
  type View,
  zoomed,
} from './view/view.ts'

const CURSOR_MARGIN = 48
/** CSS pixels a cell from which on a finger can hit one. */
const FINGER_SCALE = 4
/** CSS pixels a cell from which on an eye can see one. */
const EYE_SCALE = 1.5
const CLOSE_SCALE = 12
const ZOOM_STEP = 1.6

/** Moves the view and the cursor; both stay on the board. */
export class Steering {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  show(view: View): void {
    const { info, size } = this.#store
    if (info.value !== undefined) this.#store.view.value = clamped(view, info.value.extent, size.value)
  }

  fit(): void {
    const { info, size } = this.#store
    if (info.value !== undefined) this.show(fitted(info.value.extent, size.value))
  }

  drag(dx: number, dy: number): void {
    this.show(dragged(this.#store.view.value, dx, dy))
  }

  /** Around a pixel; the middle of the window if none is named. */
  zoom(factor: number, at: Point = this.#middle): void {
    const { info, size, view } = this.#store
    if (info.value === undefined) return
    const wanted = { ...view.value, scale: view.value.scale * factor }
    const { scale } = clamped(wanted, info.value.extent, size.value)
    this.show(zoomed(view.value, size.value, at, scale))
  }

  zoomStep(direction: 1 | -1): void {
    this.zoom(ZOOM_STEP ** direction)
  }

  step({ dx, dy, factor }: Step): void {
    if (dx !== 0 || dy !== 0) this.drag(dx, dy)
    if (factor !== 1) this.zoom(factor)
  }

  get #middle(): Point {
    const { width, height } = this.#store.size.value
    return { x: width / 2, y: height / 2 }
  }

  /** The cell at a pixel, if the board has one there. */
  cellAt(at: Point): Cell | undefined {
    const { info, view, size } = this.#store
    const cell = cellAt(view.value, size.value, at)
    return info.value !== undefined && contains(info.value.extent, cell.x, cell.y) ? cell : undefined
  }

  hover(at: Point | undefined): void {
    const { cursor } = this.#store
    const cell = at && this.cellAt(at)
    if (cell !== undefined) {
      const { x, y, by } = cursor.value ?? {}
      if (x !== cell.x || y !== cell.y || by !== 'pointer') cursor.value = { ...cell, by: 'pointer' }
    } else if (cursor.value?.by === 'pointer') {
      cursor.value = undefined
    }
  }

  /** By the keyboard: the cursor appears in the middle of the window, then moves; the view follows it. */
  moveCursor(dx: number, dy: number): void {
    const { info, view, size, cursor } = this.#store
    const extent = info.value?.extent
    if (extent === undefined) return
    const from = cursor.value ?? { x: Math.floor(view.value.x) - dx, y: Math.floor(view.value.y) - dy }
    const x = Math.min(Math.max(from.x + dx, extent.left), extent.left + extent.width - 1)
    const y = Math.min(Math.max(from.y + dy, extent.top), extent.top + extent.height - 1)
    cursor.value = { x, y, by: 'keys' }
    this.show(showing(view.value, size.value, { x, y }, CURSOR_MARGIN))
  }

  /** Whether a finger there can mean one cell; if not, comes closer so that the next one can. */
  isPrecise(at: Point): boolean {
    const { scale } = this.#store.view.value
    if (scale >= FINGER_SCALE) return true
    this.zoom(CLOSE_SCALE / scale, at)
    return false
  }

  /** Comes close enough to see a single cell that was just painted at a pixel. */
  reveal(at: Point): void {
    const { scale } = this.#store.view.value
    if (scale < EYE_SCALE) this.zoom(CLOSE_SCALE / scale, at)
  }
}
