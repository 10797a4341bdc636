import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { wrap } from '../boards/canvas/geometry.ts'
import { Verdict, verdictName } from '../boards/canvas/verdict.ts'
import type { App } from './app.ts'
import { type Judged, place, undo } from './placing.ts'
import { problemOfVerdict, retryAfterSeconds } from './problem.ts'
import { BoardParams, Coordinate } from './schemas.ts'
import type { HttpServices } from './services.ts'

const Answer = Type.Object({
  position: Type.Integer(),
  verdict: Type.String(),
  /** When this player may place again, ms since the epoch. */
  nextMs: Type.Number(),
})

export async function editRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, clock, failures } = services

  function answer(reply: FastifyReply, { position, verdicts, nextMs }: Judged): FastifyReply {
    const verdict = verdicts[0] ?? 0
    const problem = problemOfVerdict(verdict, nextMs - clock.now())
    if (problem === undefined) {
      // A shadow-banned player is told what an accepted one is.
      return reply.send({
        position,
        verdict: verdict === Verdict.unchanged ? verdictName(verdict) : 'accepted',
        nextMs,
      })
    }
    failures.answered(problem, undefined)
    const retryAfter = retryAfterSeconds(problem)
    if (retryAfter !== undefined) void reply.header('retry-after', retryAfter)
    return reply.status(problem.status).type('application/problem+json').send(problem)
  }

  app.post(
    '/api/boards/:id/edit',
    {
      schema: {
        summary: 'Place one cell; answers once durable and judged',
        params: BoardParams,
        body: Type.Object(
          { x: Coordinate, y: Coordinate, c: Type.Integer({ minimum: 0, maximum: 255 }) },
          { additionalProperties: false },
        ),
        response: { 200: Answer },
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      const { x, y, c } = request.body
      if (!host.canvas.has(x, y)) {
        const verdicts = Uint8Array.of(Verdict.outOfRange)
        return answer(reply, { position: host.canvas.position, verdicts, nextMs: clock.now() })
      }
      const judged = await place(services, request.visitor, host, [{ x: wrap(x), y: wrap(y), color: c }])
      return answer(reply, judged)
    },
  )

  app.post(
    '/api/boards/:id/undo',
    {
      schema: {
        summary: 'Take my last placement back, within the board’s undo time',
        params: BoardParams,
        response: { 200: Answer },
      },
    },
    async (request, reply) =>
      answer(reply, await undo(services, request.visitor, boards.get(request.params.id))),
  )
}
