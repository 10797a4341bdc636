import type { BoardInfo } from '../../../boards/canvas/canvas.ts'
import { type Area, intersection } from '../../../boards/canvas/geometry.ts'

/** A canvas has at most so many cells in a direction; canvases lie so far from each other. */
export const CANVAS_SIDE = 1000
/** Canvases of a board of at most four by four, right of and below the origin, are numbered without a gap. */
const DENSE = 16

/** A part of a board that is followed by itself. It begins at a multiple of 1,000, in signed coordinates. */
export interface PlaceCanvas {
  readonly index: number
  readonly dx: number
  readonly dy: number
}

export interface CanvasGrid {
  /** All canvases that have a cell of the board, row by row. */
  readonly canvases: readonly PlaceCanvas[]
  readonly columns: number
  /** Size of each canvas. Smaller than {@link CANVAS_SIDE} where one is all that the board needs. */
  readonly width: number
  readonly height: number
}

export function gridOf(extent: Area): CanvasGrid {
  const columns = stepsOf(extent.left, extent.width)
  const rows = stepsOf(extent.top, extent.height)
  const canvases = rows.flatMap((row) =>
    columns.map((column) => ({
      index: canvasIndex(column, row),
      dx: column * CANVAS_SIDE,
      dy: row * CANVAS_SIDE,
    })),
  )
  const first = canvases[0] ?? { dx: 0, dy: 0 }
  return {
    canvases,
    columns: columns.length,
    width: columns.length === 1 ? extent.left + extent.width - first.dx : CANVAS_SIDE,
    height: rows.length === 1 ? extent.top + extent.height - first.dy : CANVAS_SIDE,
  }
}

function stepsOf(start: number, size: number): number[] {
  const first = Math.floor(start / CANVAS_SIDE)
  const last = Math.floor((start + size - 1) / CANVAS_SIDE)
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

/**
 * A canvas keeps its number whatever becomes of the board's extent, so the number depends on the place alone.
 * Right of and below the origin canvases are counted in shells, as an event grows: 0, then 1 to 3 around it, then
 * 4 to 8. From 16 on every fourth number is of that quarter; the others are of those to the left, above, and both.
 */
export function canvasIndex(column: number, row: number): number {
  const quarter = (column < 0 ? 1 : 0) + (row < 0 ? 2 : 0)
  const shell = shellNumber(column < 0 ? -1 - column : column, row < 0 ? -1 - row : row)
  if (quarter !== 0) return DENSE + 4 * shell + quarter
  return shell < DENSE ? shell : DENSE + 4 * (shell - DENSE)
}

function shellNumber(column: number, row: number): number {
  const shell = Math.max(column, row)
  return shell * shell + (row < shell ? row : shell + column)
}

export interface Zone {
  readonly topLeft: { readonly x: number; readonly y: number }
  readonly bottomRight: { readonly x: number; readonly y: number }
}

/** Where players may place: both corners inside; null where that is nowhere. */
export function activeZoneOf({ extent, rules }: BoardInfo): Zone | null {
  const zone = rules.activeZone === null ? extent : intersection(rules.activeZone, extent)
  if (zone === undefined) return null
  return {
    topLeft: { x: zone.left, y: zone.top },
    bottomRight: { x: zone.left + zone.width - 1, y: zone.top + zone.height - 1 },
  }
}
