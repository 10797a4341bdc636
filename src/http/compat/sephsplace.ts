import { Type } from 'typebox'
import { SpateError } from '../../base/errors.ts'
import { looksAccepted, Verdict } from '../../boards/canvas/verdict.ts'
import type { BoardHost } from '../../boards/host.ts'
import type { App } from '../app.ts'
import { place } from '../placing.ts'
import { problemOfVerdict } from '../problem.ts'
import type { HttpServices } from '../services.ts'

const EXPIRES_MS = 10_000
const Whole = Type.Optional(Type.String({ pattern: '^\\d{1,5}$' }))

/**
 * The HTTP side of sephsplace, so that its own browser client works against one of our boards. It knows no
 * cookies: a player is an address.
 */
export async function sephsplaceRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, sephsplaceBoard } = services
  if (sephsplaceBoard === undefined) return

  function board(): BoardHost {
    return boards.get(sephsplaceBoard ?? '')
  }

  app.get('/sp', { schema: { hide: true } }, (_request, reply) => {
    void reply.redirect(`/?board=${sephsplaceBoard}`)
  })

  app.get(
    '/sp/current',
    { schema: { summary: 'sephsplace: the board as a PNG' } },
    async (_request, reply) => {
      const image = await services.images.of(board()).whole(0)
      void reply.header('x-content-version', image.position)
      void reply.header('expires', new Date(services.clock.now() + EXPIRES_MS).toUTCString())
      return reply.type('image/png').send(image.png)
    },
  )

  app.get(
    '/sp/changes',
    { schema: { summary: 'sephsplace: its old event stream; says refresh' } },
    (_request, reply) => {
      void reply.header('cache-control', 'no-cache').type('text/event-stream').send('\ndata: refresh\n\n')
    },
  )

  app.post(
    '/sp/edit',
    {
      schema: {
        summary: 'sephsplace: place one cell; 403 while the limit is reached',
        querystring: Type.Object({ x: Whole, y: Whole, c: Whole }),
      },
    },
    async (request, reply) => {
      const { x, y, c } = request.query
      if (x === undefined || y === undefined || c === undefined) {
        throw new SpateError('invalid', 'expected x, y and c')
      }
      const edit = { x: Number(x), y: Number(y), color: Number(c) }
      const host = board()
      if (!host.canvas.has(edit.x, edit.y) || edit.color > 255) {
        throw new SpateError('invalid', 'x, y or c is out of range')
      }
      const key = services.identities.keyOfAddress(request.ip)
      const visitor = { key, player: services.players.find(key) ?? 0, isAdmin: false, address: request.ip }
      const { verdicts } = await place(services, visitor, host, [edit])
      const verdict = verdicts[0] ?? 0
      if (looksAccepted(verdict)) return reply.status(200).send('')
      if (verdict === Verdict.coolingDown) return reply.status(403).send('')
      const problem = problemOfVerdict(verdict, 0)
      return reply
        .status(problem?.status ?? 403)
        .type('application/problem+json')
        .send(problem)
    },
  )
}
