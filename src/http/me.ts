import { Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import { MAX_TOKENS } from '../players/directory.ts'
import { newToken, tokenHash } from '../players/identity.ts'
import type { App } from './app.ts'
import { IDENTITY_CHANGE_COST, limit } from './limits.ts'
import type { HttpServices } from './services.ts'
import { isHttps, playerOf, setCookieHeader } from './visitor.ts'

const Me = Type.Object({
  /** null until the first intent. */
  player: Type.Union([Type.Integer(), Type.Null()]),
  name: Type.Union([Type.String(), Type.Null()]),
  admin: Type.Boolean(),
})

export async function meRoutes(app: App, services: HttpServices): Promise<void> {
  const { identities, players } = services

  app.get(
    '/api/me',
    { schema: { summary: 'Who I am; the first visit sets a cookie', response: { 200: Me } } },
    async (request, reply) => {
      const { visitor } = request
      if (visitor.key === undefined) {
        void reply.header(
          'set-cookie',
          setCookieHeader(identities.newCookie().cookie, isHttps(request.raw, services)),
        )
      }
      void reply.header('cache-control', 'no-store')
      const player = visitor.player === 0 ? undefined : players.player(visitor.player)
      return reply.send({
        player: player?.number ?? null,
        name: player?.name ?? null,
        admin: visitor.isAdmin,
      })
    },
  )

  app.put(
    '/api/me',
    {
      schema: {
        summary: 'Choose a name',
        body: Type.Object({ name: Type.String({ maxLength: 200 }) }, { additionalProperties: false }),
        response: { 200: Me },
      },
    },
    async (request) => {
      const { visitor } = request
      limit(services, visitor, IDENTITY_CHANGE_COST)
      const player = await playerOf(visitor, services)
      await players.rename(player, request.body.name)
      return { player, name: players.player(player)?.name ?? null, admin: visitor.isAdmin }
    },
  )

  app.post(
    '/api/me/tokens',
    {
      schema: {
        summary: 'A bearer token for a bot that plays as me; shown once',
        description: `A player has at most ${MAX_TOKENS} at a time.`,
        body: Type.Object({ label: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
        response: { 201: Type.Object({ token: Type.String(), player: Type.Integer() }) },
      },
    },
    async (request, reply) => {
      if (request.visitor.isAdmin) {
        throw new SpateError('forbidden', 'the organiser has a token; make this one with a cookie')
      }
      limit(services, request.visitor, IDENTITY_CHANGE_COST)
      const player = await playerOf(request.visitor, services)
      const token = newToken()
      await players.issueToken(player, tokenHash(token), request.body.label)
      return reply.status(201).header('cache-control', 'no-store').send({ token, player })
    },
  )

  app.delete(
    '/api/me/tokens',
    {
      schema: {
        summary: 'Revoke the token that this request carries',
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { tokenHash: hash } = request.visitor
      if (hash === undefined) {
        throw new SpateError('invalid', 'send the token to revoke as Authorization: Bearer')
      }
      await players.revokeToken(hash)
      return reply.status(204).send(null)
    },
  )
}
