import { createHash } from 'node:crypto'
import type { Canvas } from '../../src/boards/canvas/canvas.ts'

function hashOf(column: Float64Array | Uint32Array | Uint8Array): string {
  const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
  return createHash('sha1').update(bytes).digest('hex')
}

/** Every field of a canvas that a record can change or that decides what the next one does. */
export function stateOf(canvas: Canvas): object {
  const { position, timeMs, info, infoAt, hull, bans, shadows, undo, activity } = canvas
  return {
    position,
    timeMs,
    info,
    infoAt,
    hull,
    bans: [...bans],
    shadows: [...shadows.byPlayer].map(([player, cells]) => [player, [...cells]]),
    undo: [...undo.byPlayer],
    activity: { ...activity },
    chunks: canvas.chunks.flatMap((chunk, index) =>
      chunk === undefined
        ? []
        : [
            {
              index,
              changedAt: chunk.changedAt,
              colors: hashOf(chunk.colors),
              players: hashOf(chunk.players),
              timesMs: hashOf(chunk.timesMs),
            },
          ],
    ),
    pages: [...canvas.players.entries()].map(([index, page]) => ({
      index,
      debt: hashOf(page.debt),
      spent: hashOf(page.spent),
      activeIn: hashOf(page.activeIn),
      banned: hashOf(page.banned),
    })),
  }
}
