import { Type } from 'typebox'
import { SpateError } from '../../base/errors.ts'
import { looksAccepted, Verdict } from '../../boards/canvas/verdict.ts'
import type { BoardHost } from '../../boards/host.ts'
import { addressGroup, plainAddress } from '../address.ts'
import type { App } from '../app.ts'
import type { Framing } from '../board-images.ts'
import { wholeBoard } from '../images.ts'
import { place } from '../placing.ts'
import { problemOfVerdict } from '../problem.ts'
import type { HttpServices } from '../services.ts'
import type { Visitor } from '../visitor.ts'

const EXPIRES_MS = 10_000
const SIDE = 1000
const COLORS = 16
/** What its clients see of a board that is larger, or begins elsewhere. */
const topLeft: Framing = () => ({ left: 0, top: 0, width: SIDE, height: SIDE })
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

  function visitorAt(ip: string): Visitor {
    const key = services.identities.keyOfAddress(plainAddress(ip))
    const player = services.players.find(key) ?? 0
    return { key, player, isAdmin: false, address: addressGroup(ip), tokenHash: undefined }
  }

  app.get('/sp', { schema: { hide: true } }, (_request, reply) => {
    void reply.redirect(`/?board=${sephsplaceBoard}`)
  })

  app.get(
    '/sp/current',
    { schema: { summary: 'sephsplace: the board as a PNG' } },
    async (_request, reply) => {
      const host = board()
      const { left, top, width, height } = host.canvas.info.extent
      const isPlain = left === 0 && top === 0 && width === SIDE && height === SIDE
      const image = await services.images.get(host, isPlain ? wholeBoard : topLeft, 0)
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
      const isInside = edit.x < SIDE && edit.y < SIDE && edit.color < COLORS
      if (!isInside || !host.canvas.has(edit.x, edit.y)) {
        throw new SpateError('invalid', 'x, y or c is out of range')
      }
      let verdict: number
      try {
        const { verdicts } = await place(services, visitorAt(request.ip), host, [edit])
        verdict = verdicts[0] ?? 0
      } catch (error) {
        if (!(error instanceof SpateError && error.code === 'limited')) throw error
        verdict = Verdict.coolingDown
      }
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
