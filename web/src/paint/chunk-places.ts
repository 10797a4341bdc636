import {
  type Area,
  CHUNK_SIDE,
  chunkOrigin,
  intersection,
  MAX_SIDE,
  unwrap,
} from '../../../src/boards/canvas/geometry.ts'

/**
 * Where a chunk lies on a board, in signed coordinates, cut to the board. A board that is as wide as a board can
 * be and does not begin at a chunk's edge has its first column's other half at its far end: hence several.
 */
export function chunkPlaces(index: number, extent: Area): { origin: { x: number; y: number }; part: Area }[] {
  const wrapped = chunkOrigin(index)
  const x = unwrap(wrapped.x, startOfChunk(extent.left))
  const y = unwrap(wrapped.y, startOfChunk(extent.top))
  const places: { origin: { x: number; y: number }; part: Area }[] = []
  for (const origin of [
    { x, y },
    { x: x + MAX_SIDE, y },
    { x, y: y + MAX_SIDE },
    { x: x + MAX_SIDE, y: y + MAX_SIDE },
  ]) {
    const part = intersection(
      { left: origin.x, top: origin.y, width: CHUNK_SIDE, height: CHUNK_SIDE },
      extent,
    )
    if (part !== undefined) places.push({ origin, part })
  }
  return places
}

function startOfChunk(coordinate: number): number {
  return Math.floor(coordinate / CHUNK_SIDE) * CHUNK_SIDE
}
