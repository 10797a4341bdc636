import { type Area, intersection, unwrap } from '../../../src/boards/canvas/geometry.ts'
import type { Lock } from '../../../src/boards/canvas/rules.ts'
import type { Picture } from '../board/picture.ts'
import type { Cursor } from '../store.ts'
import { hexOf } from '../words/colors.ts'
import { chunkPlaces } from './chunk-places.ts'
import type { Projection, Rect } from './projection.ts'
import type { Theme } from './theme.ts'

type Context = CanvasRenderingContext2D

/** CSS pixels a cell from which on a grid helps more than it hides. */
const GRID_FROM_SCALE = 4
const HATCH_SIZE = 8
/** CSS pixels: a cursor on tiny cells is still to be seen. */
const LEAST_CURSOR = 9
const UNJUDGED_ALPHA = 0.55

function fill(context: Context, { x, y, width, height }: Rect): void {
  context.fillRect(x, y, width, height)
}

/** Paint that only this player sees (yet); what is not judged is see-through. */
export function drawOwnPaint(
  context: Context,
  projection: Projection,
  picture: Picture,
  extent: Area,
  palette: readonly number[],
): void {
  for (const chunk of picture.hidden.chunks) {
    const place = chunkPlaces(chunk, extent)[0]
    if (place === undefined) continue
    for (const [cell, color] of picture.hidden.cellsOf(chunk)) {
      const x = unwrap((place.origin.x + (cell & 0xff)) & 0xffff, extent.left)
      const y = unwrap((place.origin.y + (cell >>> 8)) & 0xffff, extent.top)
      context.fillStyle = hexOf(palette[color] ?? 0)
      fill(context, projection.cell(x, y))
    }
  }
  for (const { x, y, color, isJudged } of picture.speculations.visible()) {
    context.globalAlpha = isJudged ? 1 : UNJUDGED_ALPHA
    context.fillStyle = hexOf(palette[color] ?? 0)
    fill(context, projection.cell(x, y))
  }
  context.globalAlpha = 1
}

/** Dims what is not open for painting. */
export function drawVeil(
  context: Context,
  projection: Projection,
  extent: Area,
  zone: Area | null,
  theme: Theme,
): void {
  if (zone === null) return
  const board = projection.rect(extent)
  const open = intersection(zone, extent)
  context.beginPath()
  context.rect(board.x, board.y, board.width, board.height)
  if (open !== undefined) {
    const { x, y, width, height } = projection.rect(open)
    context.rect(x, y, width, height)
  }
  context.fillStyle = theme.veil
  context.fill('evenodd')
}

/** Stripes over locked areas. */
export function drawLocks(
  context: Context,
  projection: Projection,
  extent: Area,
  locks: readonly Lock[],
): void {
  if (locks.length === 0) return
  const hatch = hatchPattern(context, projection.ratio)
  for (const lock of locks) {
    const part = intersection(lock, extent)
    if (part === undefined) continue
    const { x, y, width, height } = projection.rect(part)
    if (hatch !== null) {
      context.fillStyle = hatch
      context.fillRect(x, y, width, height)
    }
    context.lineWidth = projection.ratio
    context.strokeStyle = 'rgb(0 0 0 / 50%)'
    context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1)
  }
}

function hatchPattern(context: Context, ratio: number): CanvasPattern | null {
  const side = Math.round(HATCH_SIZE * ratio)
  const tile = document.createElement('canvas')
  tile.width = side
  tile.height = side
  const pen = tile.getContext('2d')
  if (pen === null) return null
  pen.strokeStyle = 'rgb(0 0 0 / 22%)'
  pen.lineWidth = side / 5
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift - 1, side + 1)
    pen.lineTo(shift + side + 1, -1)
  }
  pen.stroke()
  return context.createPattern(tile, 'repeat')
}

/** Lines between the cells of `area`, one device pixel wide. */
export function drawGrid(context: Context, projection: Projection, area: Area): void {
  if (projection.view.scale < GRID_FROM_SCALE) return
  const { x, y, width, height } = projection.rect(area)
  context.fillStyle = 'rgb(128 128 128 / 45%)'
  for (let column = 1; column < area.width; column++) {
    context.fillRect(projection.x(area.left + column), y, 1, height)
  }
  for (let row = 1; row < area.height; row++) context.fillRect(x, projection.y(area.top + row), width, 1)
}

/** The cell that a click or Enter paints, in the colour it would get. */
export function drawCursor(context: Context, projection: Projection, cursor: Cursor, rgb: number): void {
  const cell = projection.cell(cursor.x, cursor.y)
  const unit = Math.max(1, Math.round(projection.ratio))
  if (projection.view.scale >= 2) {
    context.globalAlpha = cursor.by === 'pointer' ? 0.7 : 0.45
    context.fillStyle = hexOf(rgb)
    fill(context, cell)
    context.globalAlpha = 1
  }
  const side = Math.max(cell.width, LEAST_CURSOR * projection.ratio)
  const x = Math.round(cell.x + (cell.width - side) / 2)
  const y = Math.round(cell.y + (cell.height - side) / 2)
  const thickness = cursor.by === 'keys' ? 2 * unit : unit
  frame(context, { x, y, width: side, height: side }, thickness, 'rgb(0 0 0 / 85%)')
  frame(context, inset({ x, y, width: side, height: side }, -thickness), thickness, 'rgb(255 255 255 / 90%)')
}

function inset({ x, y, width, height }: Rect, by: number): Rect {
  return { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by }
}

/** A frame outside a rectangle. */
function frame(context: Context, rect: Rect, thickness: number, color: string): void {
  const { x, y, width, height } = inset(rect, -thickness / 2)
  context.lineWidth = thickness
  context.strokeStyle = color
  context.strokeRect(x, y, width, height)
}
