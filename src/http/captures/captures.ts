import { Type } from 'typebox'
import type { CaptureStatus } from '../../capture/captures.ts'
import type { App } from '../app.ts'
import type { HttpServices } from '../services.ts'
import { requireAdmin, type Visitor } from '../visitor.ts'
import { CaptureLineSchema, CaptureParams, CaptureSchema, ReportSchema, WantedSchema } from './schemas.ts'

/** A capture begins, changes and ends; how it is doing. */
export async function captureRoutes(app: App, services: HttpServices): Promise<void> {
  const { captures } = services
  const security = [{ bearer: [] }]
  const onRequest = async ({ visitor }: { visitor: Visitor }): Promise<void> => requireAdmin(visitor)

  app.get(
    '/api/captures',
    {
      schema: {
        summary: 'All captures',
        response: { 200: Type.Object({ captures: Type.Array(CaptureLineSchema) }) },
      },
    },
    async (request, reply) => {
      const names = await captures.names()
      const all = await Promise.all(
        names.map(async (name) => lineOf(name, await captures.line(name), request.visitor)),
      )
      return reply.header('cache-control', 'no-cache').send({ captures: all as never })
    },
  )

  app.get(
    '/api/captures/:name',
    { schema: { summary: 'One capture', params: CaptureParams, response: { 200: CaptureSchema } } },
    async (request, reply) => {
      const { name } = request.params
      const status = await captures.status(name)
      return reply
        .header('cache-control', 'no-cache')
        .send({ name, ...status, ...told(status, request.visitor) } as never)
    },
  )

  app.get(
    '/api/captures/:name/report',
    {
      schema: {
        summary: 'What a capture can vouch for, and what not',
        params: CaptureParams,
        response: { 200: ReportSchema },
      },
    },
    async (request, reply) => {
      const { report } = await captures.status(request.params.name)
      return reply.header('cache-control', 'no-cache').send(report as never)
    },
  )

  app.put(
    '/api/captures/:name',
    {
      onRequest,
      schema: {
        summary: 'Follow a source, now and after every restart of this server; or follow it otherwise',
        security,
        params: CaptureParams,
        body: WantedSchema,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { kind, settings = {} } = request.body
      await captures.put(request.params.name, { kind, settings })
      return reply.status(204).send(null)
    },
  )

  app.delete(
    '/api/captures/:name',
    {
      onRequest,
      schema: {
        summary: 'Follow a source no more; what was captured stays',
        security,
        params: CaptureParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await captures.remove(request.params.name)
      return reply.status(204).send(null)
    },
  )
}

/** Words of systems and sources may name what is nobody else's business. */
function told({ problem }: CaptureStatus, { isAdmin }: Visitor): { problem: string | null } {
  return { problem: isAdmin ? problem : null }
}

function lineOf(name: string, status: CaptureStatus, visitor: Visitor): object {
  const canvases = status.report.canvases.map(({ covered: _, holes, ...canvas }) => ({
    ...canvas,
    holes: holes.length,
  }))
  return { name, ...status, ...told(status, visitor), report: { ...status.report, canvases } }
}
