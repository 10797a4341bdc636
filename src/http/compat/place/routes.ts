import { Type } from 'typebox'
import { SpateError } from '../../../base/errors.ts'
import { addressGroup } from '../../address.ts'
import type { App } from '../../app.ts'
import { BoardParams, fileOf } from '../../schemas.ts'
import type { HttpServices } from '../../services.ts'
import { placeAddresses } from './addresses.ts'
import { requestIn } from './dialects.ts'
import { placePage } from './page.ts'
import type { Place } from './place.ts'

export const MAX_REQUEST_BYTES = 65_536
/** A frame's address never means another image. */
const MEDIA_CACHE = 'public, max-age=300, immutable'

const FrameParams = Type.Object({
  id: Type.String({ maxLength: 64 }),
  name: Type.String({ maxLength: 80 }),
})

/** Any board over the protocol of r/place: what of it is not a socket. */
export async function placeRoutes(app: App, services: HttpServices, place: Place): Promise<void> {
  app.get(
    '/compat/place/:id',
    {
      schema: {
        summary: 'r/place: the page that holds a token',
        params: BoardParams,
        response: { 200: fileOf('text/html') },
      },
    },
    async (request, reply) => {
      const { id } = services.boards.get(request.params.id)
      const addresses = placeAddresses(request.raw, services, id)
      void reply.header('cache-control', 'no-store')
      void reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
      void reply.type('text/html; charset=utf-8')
      return reply.send(placePage(id, place.newPass(), services.clock.now(), addresses))
    },
  )

  app.get(
    '/compat/place/:id/query',
    { schema: { summary: 'r/place: GraphQL over a WebSocket (PROTOCOL.md)', params: BoardParams } },
    async (_request, reply) => {
      void reply.header('upgrade', 'websocket').header('connection', 'upgrade')
      throw Object.assign(new Error('this is a WebSocket: ask with an upgrade'), { statusCode: 426 })
    },
  )

  app.post(
    '/compat/place/:id/query',
    {
      bodyLimit: MAX_REQUEST_BYTES,
      config: { isOpenToPages: true },
      schema: {
        summary: 'r/place: a query or mutation of GraphQL, such as who placed up to 24 pixels',
        params: BoardParams,
        body: Type.Object({ query: Type.String() }, { additionalProperties: true }),
        response: { 200: Type.Unknown() },
      },
    },
    async (request, reply) => {
      const board = place.board(request.params.id)
      place.requirePass(request.headers.authorization)
      const asked = requestIn(request.body)
      if (typeof asked === 'string') throw new SpateError('invalid', asked)
      const operations = await place.operations()
      void reply.header('cache-control', 'no-store').type('application/json; charset=utf-8')
      const prepared = operations.prepare(asked, addressGroup(request.ip), board)
      if ('errors' in prepared) return reply.serializer(String).send(JSON.stringify(prepared))
      if (prepared.operation === 'subscription')
        throw new SpateError('invalid', 'subscriptions need a WebSocket')
      return reply.serializer(String).send(operations.answer(asked, prepared, board))
    },
  )

  app.get(
    '/compat/place/:id/media/canvas-images/:name',
    {
      schema: {
        summary: 'r/place: a frame as a PNG, for five minutes',
        params: FrameParams,
        response: { 200: fileOf('image/png') },
      },
    },
    async (request, reply) => {
      services.boards.get(request.params.id)
      const png = place.frames.get(request.params.name)
      if (png === undefined) throw new SpateError('not-found', 'there is no such frame (any more)')
      // Images say nothing of who asks, and overlays of other sites read them.
      void reply.header('cache-control', MEDIA_CACHE).header('access-control-allow-origin', '*')
      return reply.type('image/png').send(png)
    },
  )
}
