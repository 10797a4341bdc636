import { Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import type { Sink } from '../live/format.ts'
import { eventStreamFormat } from '../live/formats.ts'
import type { App } from './app.ts'
import { beginEventStream } from './event-stream.ts'
import { BoardParams } from './schemas.ts'
import type { HttpServices } from './services.ts'

/** Positions as clients send them: the last thing they saw. */
export function positionFrom(text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
    throw new SpateError('invalid', `not a position: ${JSON.stringify(text.slice(0, 32))}`)
  }
  return value
}

export async function eventRoutes(app: App, services: HttpServices): Promise<void> {
  app.get(
    '/api/boards/:id/edits',
    {
      schema: {
        summary: 'Accepted edits after a position, as server-sent events',
        description:
          'id: position. data: {"edits": [[x, y, colour], …]}. Events `board` and `resync` besides.',
        params: BoardParams,
        querystring: Type.Object({ v: Type.Optional(Type.String({ maxLength: 32 })) }),
      },
    },
    (request, reply) => {
      const host = services.boards.get(request.params.id)
      const last = request.headers['last-event-id']
      // A browser that was dropped says what it saw last; the address still says where it once began.
      const after = positionFrom(typeof last === 'string' ? last : request.query.v, host.canvas.position)
      const raw = beginEventStream(request, reply)
      if (raw === undefined) return
      const sink: Sink = {
        write: (bytes) => void raw.write(bytes),
        bufferedBytes: () => raw.writableLength,
        close: () => void raw.end(),
      }
      const room = services.rooms.of(host)
      const viewer = room.join(sink, {
        format: eventStreamFormat,
        after,
        chunks: null,
        // What one player alone sees has no event of its own.
        player: 0,
        answersHeartbeats: false,
      })
      raw.on('drain', () => room.drained(viewer))
      raw.on('close', () => room.leave(viewer))
      raw.on('error', () => room.leave(viewer))
    },
  )
}
