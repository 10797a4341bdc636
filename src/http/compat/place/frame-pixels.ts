import type { BoardInfo } from '../../../boards/canvas/canvas.ts'
import {
  type Area,
  cellInChunk,
  chunkIndex,
  contains,
  intersection,
  wrap,
} from '../../../boards/canvas/geometry.ts'
import type { ChunkColors } from '../../../boards/picture.ts'
import { crop } from '../../../boards/render/crop.ts'
import { CANVAS_SIDE } from './canvases.ts'

/** What an encoder needs for one frame. */
export interface FramePixels {
  readonly pixels: Uint8Array<ArrayBuffer>
  readonly width: number
  readonly height: number
  readonly palette: readonly number[]
  /** The entry of the palette that is no colour; undefined: every pixel has one. */
  readonly transparent: number | undefined
}

const MAX_ENTRIES = 256

/** Every cell of an area; those outside of the board are transparent. */
export function fullPixels(area: Area, info: BoardInfo, chunk: ChunkColors): FramePixels {
  const pixels = crop(area, chunk, info.background)
  const { width, height } = area
  const isWithin =
    info.extent.left <= area.left &&
    info.extent.top <= area.top &&
    info.extent.left + info.extent.width >= area.left + width &&
    info.extent.top + info.extent.height >= area.top + height
  const transparent = isWithin ? undefined : freeEntry(info.palette, pixels)
  if (transparent === undefined) return { pixels, width, height, palette: info.palette, transparent }
  eachOutside(area, info.extent, (from, to) => pixels.fill(transparent, from, to))
  return { pixels, width, height, palette: withEntry(info.palette, transparent), transparent }
}

/**
 * The cells that are named, some more than once, in any order; all else is transparent. Undefined when they have
 * all of 256 colours: then no entry is left for transparency, and every cell has to be said.
 */
export function diffPixels(
  area: Area,
  info: BoardInfo,
  chunk: ChunkColors,
  cells: Uint32Array,
): FramePixels | undefined {
  const { width, height } = area
  const { extent, palette, background } = info
  const at = new Uint32Array(cells.length)
  const colors = new Uint8Array(cells.length)
  let count = 0
  for (const cell of cells) {
    const column = cell % CANVAS_SIDE
    const row = (cell - column) / CANVAS_SIDE
    const [x, y] = [area.left + column, area.top + row]
    // What the board has lost meanwhile.
    if (!contains(area, x, y) || !contains(extent, x, y)) continue
    at[count] = row * width + column
    colors[count] = chunk(chunkIndex(wrap(x), wrap(y)))?.[cellInChunk(x, y)] ?? background
    count += 1
  }
  const transparent = freeEntry(palette, colors.subarray(0, count))
  if (transparent === undefined) return undefined
  const pixels = new Uint8Array(width * height).fill(transparent)
  for (let i = 0; i < count; i++) pixels[at[i] ?? 0] = colors[i] ?? 0
  return { pixels, width, height, palette: withEntry(palette, transparent), transparent }
}

/** An entry of the palette that no pixel uses, behind the colours where there is room. */
function freeEntry(palette: readonly number[], pixels: Uint8Array): number | undefined {
  if (palette.length < MAX_ENTRIES) return palette.length
  const used = new Uint8Array(MAX_ENTRIES)
  for (const color of pixels) used[color] = 1
  const free = used.indexOf(0)
  return free < 0 ? undefined : free
}

function withEntry(palette: readonly number[], entry: number): readonly number[] {
  return entry < palette.length ? palette : [...palette, 0]
}

/** Runs of pixels of an area that lie outside of the extent. */
function eachOutside(area: Area, extent: Area, visit: (from: number, to: number) => void): void {
  const { width, height } = area
  const left = Math.min(Math.max(extent.left - area.left, 0), width)
  const right = Math.min(Math.max(extent.left + extent.width - area.left, left), width)
  for (let row = 0; row < height; row++) {
    const start = row * width
    const y = area.top + row
    if (y < extent.top || y >= extent.top + extent.height) visit(start, start + width)
    else {
      visit(start, start + left)
      visit(start + right, start + width)
    }
  }
}

/** The number of a cell of a canvas, by its place in the canvas: the same whatever size the canvas has. */
export function cellNumber(column: number, row: number): number {
  return row * CANVAS_SIDE + column
}

/** The cells of an area that belong to the board now and did not before. Takes as long as there are such. */
export function cellsGained(area: Area, before: Area, now: Area): number[] {
  const has = intersection(area, now)
  if (has === undefined) return []
  const had = intersection(has, before) ?? { left: has.left, top: has.top, width: 0, height: 0 }
  const gained: number[] = []
  for (let y = has.top; y < has.top + has.height; y++) {
    const row = (y - area.top) * CANVAS_SIDE - area.left
    const isAround = y >= had.top && y < had.top + had.height
    const [left, right] = isAround ? [had.left, had.left + had.width] : [has.left, has.left]
    for (let x = has.left; x < left; x++) gained.push(row + x)
    for (let x = right; x < has.left + has.width; x++) gained.push(row + x)
  }
  return gained
}
