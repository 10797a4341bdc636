/**
 * Where cells lie.
 *
 * A cell is named by a pair of signed integers and keeps its name for ever, whatever the board's extent
 * becomes. A board never spans more than 65,536 cells in a direction, so the low 16 bits of a coordinate
 * tell its cells apart: records, chunks and frames hold those ("wrapped" coordinates), and a board that
 * grows to the left or the top moves nothing.
 */
export const CHUNK_SIDE = 256
export const CHUNK_CELLS = CHUNK_SIDE * CHUNK_SIDE
export const CHUNKS_A_SIDE = 256
export const MAX_SIDE = 65_536

/** A rectangle of cells: left and top inside, `left + width` and `top + height` outside. */
export interface Area {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export function wrap(coordinate: number): number {
  return coordinate & 0xffff
}

/** The signed coordinate inside `[start, start + 65,536)` that wraps to `wrapped`. */
export function unwrap(wrapped: number, start: number): number {
  return start + ((wrapped - start) & 0xffff)
}

export function contains(area: Area, x: number, y: number): boolean {
  return x >= area.left && x < area.left + area.width && y >= area.top && y < area.top + area.height
}

/** As {@link contains}, for wrapped coordinates. */
export function containsWrapped(area: Area, x: number, y: number): boolean {
  return ((x - area.left) & 0xffff) < area.width && ((y - area.top) & 0xffff) < area.height
}

/** The smallest area that holds both. */
export function hullOf(a: Area, b: Area): Area {
  const left = Math.min(a.left, b.left)
  const top = Math.min(a.top, b.top)
  return {
    left,
    top,
    width: Math.max(a.left + a.width, b.left + b.width) - left,
    height: Math.max(a.top + a.height, b.top + b.height) - top,
  }
}

/** The part of both, or undefined where they do not meet. */
export function intersection(a: Area, b: Area): Area | undefined {
  const left = Math.max(a.left, b.left)
  const top = Math.max(a.top, b.top)
  const width = Math.min(a.left + a.width, b.left + b.width) - left
  const height = Math.min(a.top + a.height, b.top + b.height) - top
  return width > 0 && height > 0 ? { left, top, width, height } : undefined
}

/** Chunk 0 holds the wrapped cells (0, 0) to (255, 255); rows of 256 chunks follow. */
export function chunkIndex(x: number, y: number): number {
  return (y & 0xff00) | ((x >>> 8) & 0xff)
}

export function cellInChunk(x: number, y: number): number {
  return ((y & 0xff) << 8) | (x & 0xff)
}

/** Wrapped coordinates of a chunk's first cell. */
export function chunkOrigin(index: number): { x: number; y: number } {
  return { x: (index & 0xff) << 8, y: index & 0xff00 }
}

/** The chunks that an area touches, row by row from its top left. */
export function chunksOf(area: Area): number[] {
  const columns = chunkSpan(area.left, area.width)
  const rows = chunkSpan(area.top, area.height)
  return rows.flatMap((row) => columns.map((column) => (row << 8) | column))
}

function chunkSpan(start: number, size: number): number[] {
  const first = Math.floor(start / CHUNK_SIDE)
  const last = Math.floor((start + size - 1) / CHUNK_SIDE)
  const count = Math.min(last - first + 1, CHUNKS_A_SIDE)
  return Array.from({ length: count }, (_, i) => (first + i) & 0xff)
}
