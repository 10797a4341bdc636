import type { Area } from '../canvas/geometry.ts'
import { CHUNK_SIDE, cellInChunk, chunkIndex, wrap } from '../canvas/geometry.ts'
import type { ChunkColors } from '../picture.ts'

/** The colours of an area, row by row. Chunks are read row segment by row segment. */
export function crop(area: Area, chunk: ChunkColors, background: number): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(area.width * area.height)
  if (background !== 0) pixels.fill(background)
  for (let row = 0; row < area.height; row++) {
    const y = wrap(area.top + row)
    let column = 0
    while (column < area.width) {
      const x = wrap(area.left + column)
      const run = Math.min(CHUNK_SIDE - (x & 0xff), area.width - column)
      const colors = chunk(chunkIndex(x, y))
      if (colors !== undefined) {
        const from = cellInChunk(x, y)
        pixels.set(colors.subarray(from, from + run), row * area.width + column)
      }
      column += run
    }
  }
  return pixels
}
