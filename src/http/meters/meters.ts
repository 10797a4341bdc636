import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { TurnGate } from '../../base/turn-gate.ts'
import type { App } from '../app.ts'
import type { HttpServices } from '../services.ts'
import { Asking } from './asking.ts'
import { FreeStanding, type MeterBase, OfBoards } from './base.ts'
import { liveRoutes } from './live.ts'
import { LiveBoards } from './live-board.ts'
import { overTimeRoutes } from './over-time.ts'
import { questionRoutes } from './questions.ts'
import { MeterName } from './schemas.ts'
import { sumsRoutes } from './sums.ts'
import type { Under } from './under.ts'
import { MeterSchema, MetersSchema, meterOf, writingRoutes } from './writing.ts'

/** Leaderboards that are watched at once, however many watch each. */
const MAX_LIVE = 256

/** Meters of the organiser's, and those that boards feed: the same questions under two addresses. */
export async function meterRoutes(app: App, services: HttpServices): Promise<void> {
  const freeStanding = new FreeStanding(services)
  const ofBoards = new OfBoards(services)
  const asking = new Asking(services.clock)
  const live = new LiveBoards(services.clock, MAX_LIVE)
  const making = new TurnGate(1, MAX_LIVE, 'too many leaderboards are being made')
  app.addHook('preClose', async () => live.close())
  const addresses: readonly Under[] = [
    { prefix: '/api/meters', params: {}, baseOf: () => freeStanding.base() },
    {
      prefix: '/api/boards/:id/meters',
      params: { id: Type.String({ maxLength: 64 }) },
      baseOf: (request) => ofBoards.base(idOf(request)),
    },
  ]
  for (const under of addresses) {
    await app.register(async (scope: App) => {
      await listRoutes(scope, under, asking)
      await questionRoutes(scope, under, asking)
      await overTimeRoutes(scope, under, asking)
      await sumsRoutes(scope, under, asking)
      await liveRoutes(scope, under, asking, live, making)
    })
  }
  await app.register(async (scope: App) => writingRoutes(scope, services))
}

function idOf({ params }: FastifyRequest): string {
  // Every address of boards has it.
  return (params as { id: string }).id
}

async function listRoutes(app: App, { prefix, params, baseOf }: Under, asking: Asking): Promise<void> {
  const all = ({ source }: MeterBase) => source.questions.all()

  app.get(
    prefix,
    {
      schema: {
        summary: 'All meters, with what each keeps and takes',
        params: Type.Object(params),
        response: { 200: MetersSchema },
      },
    },
    async (request, reply) => {
      const base = await baseOf(request)
      if (asking.isFresh(request, reply, base, 'list')) return reply
      return { meters: all(base).map(meterOf) }
    },
  )

  app.get(
    `${prefix}/:meter`,
    {
      schema: {
        summary: 'One meter',
        params: Type.Object({ ...params, meter: MeterName }),
        response: { 200: MeterSchema },
      },
    },
    async (request, reply) => {
      const base = await baseOf(request)
      const { meter } = request.params
      const found = meterOf(base.source.questions.one(meter))
      if (asking.isFresh(request, reply, base, 'one')) return reply
      return found
    },
  )
}
