import type { Area } from '../../../src/boards/canvas/geometry.ts'

/**
 * What the window shows of a board: the point of the board at the window's centre (cell (x, y) spans from
 * (x, y) to (x + 1, y + 1)), and how many CSS pixels a cell is wide.
 */
export interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

/** CSS pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** A cell's signed coordinates. */
export interface Cell {
  readonly x: number
  readonly y: number
}

export const MOST_SCALE = 64

/** The point of the board at a pixel of the window. */
export function pointAt(view: View, size: Size, pixel: Point): Point {
  return {
    x: view.x + (pixel.x - size.width / 2) / view.scale,
    y: view.y + (pixel.y - size.height / 2) / view.scale,
  }
}

/** The inverse of {@link pointAt}. */
export function pixelAt(view: View, size: Size, point: Point): Point {
  return {
    x: (point.x - view.x) * view.scale + size.width / 2,
    y: (point.y - view.y) * view.scale + size.height / 2,
  }
}

export function cellAt(view: View, size: Size, pixel: Point): Cell {
  const { x, y } = pointAt(view, size, pixel)
  return { x: Math.floor(x), y: Math.floor(y) }
}

/** CSS pixels of the window that something lies over, from its edges. */
export interface Insets {
  readonly top: number
  readonly bottom: number
  readonly sides: number
}

/** The page's bars leave this free; in a low window they may cover a part of the board. */
export function insetsOf({ width, height }: Size): Insets {
  return { top: Math.min(66, height / 8), bottom: Math.min(132, height / 4), sides: Math.min(16, width / 8) }
}

/** The whole board in the middle of what the insets leave free, in as large cells as fit. */
export function fitted(extent: Area, size: Size): View {
  const { top, bottom } = insetsOf(size)
  const scale = Math.min(fitScale(extent, size), MOST_SCALE)
  return {
    x: extent.left + extent.width / 2,
    y: extent.top + extent.height / 2 + (bottom - top) / 2 / scale,
    scale,
  }
}

function fitScale(extent: Area, size: Size): number {
  const { top, bottom, sides } = insetsOf(size)
  return Math.min((size.width - 2 * sides) / extent.width, (size.height - top - bottom) / extent.height)
}

/** The smallest scale offered: the board half as large as it fits. */
export function leastScale(extent: Area, size: Size): number {
  return Math.min(1, fitScale(extent, size) / 2)
}

/** Brings the scale into its limits and the centre onto the board. */
export function clamped(view: View, extent: Area, size: Size): View {
  return {
    x: clamp(view.x, extent.left, extent.left + extent.width),
    y: clamp(view.y, extent.top, extent.top + extent.height),
    scale: clamp(view.scale, leastScale(extent, size), MOST_SCALE),
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}

/** Changes the scale while the point of the board under `pixel` stays where it is. */
export function zoomed(view: View, size: Size, pixel: Point, scale: number): View {
  const point = pointAt(view, size, pixel)
  return {
    x: point.x - (pixel.x - size.width / 2) / scale,
    y: point.y - (pixel.y - size.height / 2) / scale,
    scale,
  }
}

/** Moves the board by CSS pixels, as a hand that drags it. */
export function dragged(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale }
}

/** The least move after which the cell lies `margin` pixels inside the window, where the window has room. */
export function showing(view: View, size: Size, cell: Cell, margin: number): View {
  const corner = pixelAt(view, size, cell)
  return dragged(
    view,
    nudge(corner.x, view.scale, size.width, margin),
    nudge(corner.y, view.scale, size.height, margin),
  )
}

function nudge(start: number, length: number, room: number, margin: number): number {
  const air = Math.min(margin, Math.max(0, (room - length) / 2))
  if (start < air) return air - start
  if (start + length > room - air) return room - air - start - length
  return 0
}

/** All cells of which a part may be seen, on the board or not. */
export function visibleArea(view: View, size: Size): Area {
  const start = cellAt(view, size, { x: 0, y: 0 })
  const end = pointAt(view, size, { x: size.width, y: size.height })
  return {
    left: start.x,
    top: start.y,
    width: Math.max(1, Math.ceil(end.x) - start.x),
    height: Math.max(1, Math.ceil(end.y) - start.y),
  }
}
