import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { HttpServices } from '../services.ts'
import { requireAdmin } from '../visitor.ts'
import { CaptureParams, PixelParams } from './schemas.ts'

const MAX_CHANGES = 1000
const Nullable = (type: ReturnType<typeof Type.String>) => Type.Union([type, Type.Null()])
const Colour = Nullable(Type.String({ description: '#RRGGBB; null: not known' }))

const Change = Type.Object({
  modifiedMs: Type.Number(),
  player: Nullable(Type.String({ description: 'as the source numbers them' })),
  name: Nullable(Type.String()),
  colour: Colour,
})

/** What the tables of a capture tell: its frames, and who changed a pixel. */
export async function capturedPixelRoutes(app: App, services: HttpServices): Promise<void> {
  const { captures } = services

  app.get(
    '/api/captures/:name/info',
    {
      schema: {
        summary: 'What was captured, in numbers: frames by what became of them, pixels, canvases',
        params: CaptureParams,
        response: {
          200: Type.Object({
            name: Type.String(),
            source: Type.String(),
            canvases: Type.Array(
              Type.Object({ canvas: Type.Integer(), dx: Type.Integer(), dy: Type.Integer() }),
            ),
            messages: Type.Integer(),
            frames: Type.Object({
              waiting: Type.Integer(),
              stored: Type.Integer(),
              expired: Type.Integer(),
              missing: Type.Integer(),
              failed: Type.Integer(),
            }),
            cells: Type.Integer({ description: 'changes that frames showed' }),
            answered: Type.Integer({ description: 'changes whose author the source told' }),
          }),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { kind, report } = await captures.status(name)
      const frames = await captures.urls(name)
      const sum = (key: 'cells' | 'answered'): number =>
        report.canvases.reduce((total, { counts }) => total + counts[key], 0)
      return reply.header('cache-control', 'no-cache').send({
        name,
        source: report.source,
        canvases: report.canvases.map(({ canvas, dx, dy }) => ({ canvas, dx, dy })),
        messages: report.counts.messages,
        frames,
        cells: sum('cells'),
        // Another Spate tells with each change who made it.
        answered: sum(kind === 'spate' ? 'cells' : 'answered'),
      })
    },
  )

  app.get(
    '/api/captures/:name/pixels/:x/:y',
    {
      schema: {
        summary: 'Who changed a pixel when, as far as the source told, the latest first',
        params: PixelParams,
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_CHANGES })),
        }),
        response: {
          200: Type.Object({ x: Type.Integer(), y: Type.Integer(), changes: Type.Array(Change) }),
        },
      },
    },
    async (request, reply) => {
      const { name, x, y } = request.params
      const rows = await captures.history(name, x, y, request.query.limit ?? MAX_CHANGES)
      const changes = rows.map(({ modified, player, name: called, colour }) => ({
        modifiedMs: modified,
        player,
        name: called,
        colour: colour === null ? null : `#${colour.toString(16).padStart(6, '0')}`,
      }))
      return reply.header('cache-control', 'no-cache').send({ x, y, changes })
    },
  )

  app.post(
    '/api/captures/:name/pixels/:x/:y/ask',
    {
      onRequest: async ({ visitor }) => requireAdmin(visitor),
      schema: {
        summary: 'Ask the source now who changed a pixel last',
        security: [{ bearer: [] }],
        params: PixelParams,
        response: {
          200: Type.Object({
            x: Type.Integer(),
            y: Type.Integer(),
            modifiedMs: Type.Union([Type.Number(), Type.Null()]),
            player: Nullable(Type.String()),
            name: Nullable(Type.String()),
          }),
        },
      },
    },
    async (request) => {
      const { name, x, y } = request.params
      const history = await captures.askPixel(name, x, y)
      const user = history?.user ?? null
      const modifiedMs = history === undefined || history.modifiedMs === 0 ? null : history.modifiedMs
      return { x, y, modifiedMs, player: user?.id ?? null, name: user?.name ?? null }
    },
  )
}
