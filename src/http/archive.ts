import { type Static, Type } from 'typebox'
import type { Sealer } from '../archive/sealer.ts'
import { archiveStatus } from '../archive/status.ts'
import { SpateError } from '../base/errors.ts'
import { boardStream } from '../boards/host.ts'
import { type Log, positionOf } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import type { App } from './app.ts'
import { BoardParams } from './schemas.ts'
import type { HttpServices } from './services.ts'
import { requireAdmin } from './visitor.ts'

/** What of the archive an organiser can ask for. */
export interface Archive {
  readonly sealer: Sealer
  readonly objects: ObjectStore
  /** Trims only what is sealed. */
  readonly log: Log
}

const Status = Type.Object({
  streams: Type.Array(
    Type.Object({
      stream: Type.String(),
      entries: Type.Integer(),
      records: Type.Integer(),
      placements: Type.Integer(),
      bytes: Type.Integer(),
      sealedUpTo: Type.Integer(),
      firstMs: Type.Number(),
      lastMs: Type.Number(),
    }),
  ),
  unnamed: Type.Object({ segments: Type.Integer(), bytes: Type.Integer() }),
})

export async function archiveRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards } = services
  const security = [{ bearer: [] }]

  function archive(): Archive {
    if (services.archive !== undefined) return services.archive
    throw new SpateError('not-found', 'a log in memory is not archived')
  }

  app.addHook('onRequest', async (request) => requireAdmin(request.visitor))

  app.get(
    '/api/archive',
    { schema: { summary: 'What is in the archive', security, response: { 200: Status } } },
    async () => statusOf(archive()),
  )

  app.post(
    '/api/archive/seal',
    {
      schema: {
        summary: 'Seal all that the log holds now, however little',
        security,
        response: { 200: Status },
      },
    },
    async () => {
      await archive().sealer.sealAll()
      return statusOf(archive())
    },
  )

  app.post(
    '/api/boards/:id/trim',
    {
      schema: {
        summary: 'Free the log of what the archive has; it stays readable from there',
        security,
        params: BoardParams,
        body: Type.Object(
          {
            upTo: Type.Optional(
              Type.Integer({ minimum: 1, description: 'A position; default: all that is archived' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ trimmed: Type.Integer() }) },
      },
    },
    async (request) => {
      const { log, objects } = archive()
      const stream = boardStream(boards.get(request.params.id).id)
      const { upTo } = request.body
      if (upTo !== undefined) await log.trim(stream, positionOf(upTo))
      else {
        const { streams } = await archiveStatus(objects)
        const sealed = streams.find((status) => status.stream === stream)?.sealedUpTo ?? 0
        if (sealed === 0) throw new SpateError('conflict', 'nothing of this board is archived yet')
        await log.trim(stream, positionOf(sealed))
      }
      return { trimmed: await log.trimmed(stream) }
    },
  )
}

async function statusOf({ objects }: Archive): Promise<Static<typeof Status>> {
  const { streams, unnamed } = await archiveStatus(objects)
  return { streams: [...streams], unnamed }
}
