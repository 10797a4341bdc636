import type { Area } from '../../../src/boards/canvas/geometry.ts'
import { pixelAt, type Size, type View } from '../view/view.ts'

/** A rectangle of device pixels. */
export interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/**
 * From the board to the device's pixels. Edges are rounded, not sizes: what touches on the board touches on the
 * screen, without a gap and without a blurred edge.
 */
export class Projection {
  readonly view: View
  readonly size: Size
  readonly ratio: number

  /** @param ratio device pixels a CSS pixel */
  constructor(view: View, size: Size, ratio: number) {
    this.view = view
    this.size = size
    this.ratio = ratio
  }

  /** Device pixels a cell. */
  get scale(): number {
    return this.view.scale * this.ratio
  }

  x(column: number): number {
    return Math.round(pixelAt(this.view, this.size, { x: column, y: 0 }).x * this.ratio)
  }

  y(row: number): number {
    return Math.round(pixelAt(this.view, this.size, { x: 0, y: row }).y * this.ratio)
  }

  rect({ left, top, width, height }: Area): Rect {
    const x = this.x(left)
    const y = this.y(top)
    return { x, y, width: this.x(left + width) - x, height: this.y(top + height) - y }
  }

  /** At least one device pixel, so that a single cell shows at any scale. */
  cell(x: number, y: number): Rect {
    const rect = this.rect({ left: x, top: y, width: 1, height: 1 })
    return { ...rect, width: Math.max(1, rect.width), height: Math.max(1, rect.height) }
  }
}
