import { Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import type { App } from './app.ts'
import type { Place } from './compat/place/place.ts'
import { Metrics } from './metrics.ts'
import type { HttpServices } from './services.ts'

export async function healthRoutes(app: App, services: HttpServices, place: Place): Promise<void> {
  const metrics = new Metrics(services, place)

  app.get(
    '/healthz',
    {
      schema: {
        summary: 'The process answers',
        response: { 200: Type.Object({ status: Type.Literal('ok') }) },
      },
    },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        summary: 'Every board, the players and the meters are being followed',
        response: { 200: Type.Object({ status: Type.Literal('ready') }) },
      },
    },
    async () => {
      const { log, players, meters } = services
      const reason = log.stopped ?? players.stopped ?? meters.stopped
      if (reason !== undefined) throw reason
      for (const { id, stopped } of services.boards.all()) {
        if (stopped !== undefined) throw new SpateError(stopped.code, `board ${id}: ${stopped.message}`)
      }
      return { status: 'ready' as const }
    },
  )

  app.get('/metrics', { schema: { summary: 'Prometheus' } }, async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.text())
  })
}
