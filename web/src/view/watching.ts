import { type Area, CHUNK_SIDE, chunksOf, intersection } from '../../../src/boards/canvas/geometry.ts'

/** Boards of up to this many chunks are followed whole. */
export const SMALL_BOARD_CHUNKS = 64
/** Chunks followed at once: up to 16 MiB of colours and 128 MiB of pixels. */
export const MOST_WATCHED = 512
/** Chunks followed around what is seen, so that a small move shows no hole. */
const MARGIN_CELLS = CHUNK_SIDE

export interface Selection {
  readonly chunks: readonly number[]
  /** Of what is seen, the chunks that hold something and are too many to follow. */
  readonly leftOut: ReadonlySet<number>
}

export function isSmall(extent: Area): boolean {
  return chunksOf(extent).length <= SMALL_BOARD_CHUNKS
}

/**
 * Which chunks to follow: all of a small board; of a large one those that are seen, and as many around them
 * as there is room for. Where even those seen are too many, the painted ones come first, the nearest to the
 * middle before the others.
 *
 * @param painted chunks known to hold anything
 */
export function chunksToWatch(extent: Area, visible: Area, painted: ReadonlySet<number>): Selection {
  if (isSmall(extent)) return { chunks: chunksOf(extent), leftOut: new Set() }
  const seen = chunksFromMiddle(extent, visible)
  const paintedSeen = seen.filter((chunk) => painted.has(chunk))
  const around = chunksFromMiddle(extent, grown(visible))
  const wanted = new Set([...paintedSeen, ...seen, ...around])
  return {
    chunks: [...wanted].slice(0, MOST_WATCHED).sort((a, b) => a - b),
    leftOut: new Set(paintedSeen.slice(MOST_WATCHED)),
  }
}

function grown({ left, top, width, height }: Area): Area {
  return {
    left: left - MARGIN_CELLS,
    top: top - MARGIN_CELLS,
    width: width + 2 * MARGIN_CELLS,
    height: height + 2 * MARGIN_CELLS,
  }
}

/** The chunks of the board that an area touches, the nearest to the area's middle first, none twice. */
function chunksFromMiddle(extent: Area, area: Area): number[] {
  const part = intersection(extent, area)
  if (part === undefined) return []
  const middleColumn = (area.left + area.width / 2) / CHUNK_SIDE - 0.5
  const middleRow = (area.top + area.height / 2) / CHUNK_SIDE - 0.5
  const firstColumn = Math.floor(part.left / CHUNK_SIDE)
  const firstRow = Math.floor(part.top / CHUNK_SIDE)
  const columns = Math.floor((part.left + part.width - 1) / CHUNK_SIDE) - firstColumn + 1
  const ranked = chunksOf(part).map((chunk, i) => {
    const dx = firstColumn + (i % Math.min(columns, 256)) - middleColumn
    const dy = firstRow + Math.floor(i / Math.min(columns, 256)) - middleRow
    return { chunk, distance: dx * dx + dy * dy }
  })
  return ranked.sort((a, b) => a.distance - b.distance).map(({ chunk }) => chunk)
}
