import { Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import { MAX_SIDE } from '../boards/canvas/geometry.ts'
import { CLASSIC_PALETTE } from '../boards/canvas/palettes.ts'
import { Digests } from '../boards/digest.ts'
import type { BoardHost } from '../boards/host.ts'
import type { App } from './app.ts'
import {
  AreaSchema,
  BoardParams,
  CooldownSchema,
  Coordinate,
  colorsOf,
  PaletteSchema,
  rulesOf,
} from './schemas.ts'
import type { HttpServices } from './services.ts'
import { requireAdmin } from './visitor.ts'

const Board = Type.Object({
  id: Type.String(),
  position: Type.Integer(),
  timeMs: Type.Number(),
  extent: AreaSchema,
  /** 0xRRGGBB. */
  palette: Type.Array(Type.Integer()),
  background: Type.Integer(),
  rules: Type.Unsafe({ type: 'object', additionalProperties: true }),
  locks: Type.Array(Type.Unsafe({ type: 'object', additionalProperties: true })),
  isCaptured: Type.Boolean({ description: 'a capture is made onto it: /captures' }),
})

function boardOf({ canvas }: BoardHost, isCaptured: boolean): object {
  return { ...canvas.info, position: canvas.position, timeMs: canvas.timeMs, isCaptured }
}

export async function boardRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, captures } = services
  const digests = new WeakMap<BoardHost, Digests>()

  app.get(
    '/api/boards',
    { schema: { summary: 'All boards', response: { 200: Type.Object({ boards: Type.Array(Board) }) } } },
    async (_request, reply) => {
      const captured = new Set(await captures.names())
      const all = boards.all().map((host) => boardOf(host, captured.has(host.id)))
      return reply.header('cache-control', 'no-cache').send({ boards: all as never })
    },
  )

  app.get(
    '/api/boards/:id',
    { schema: { summary: 'One board', params: BoardParams, response: { 200: Board } } },
    async (request, reply) => {
      const { id } = request.params
      const host = boards.get(id)
      const isCaptured = await captures.has(id)
      return reply.header('cache-control', 'no-cache').send(boardOf(host, isCaptured) as never)
    },
  )

  app.post(
    '/api/boards',
    {
      onRequest: async (request) => requireAdmin(request.visitor),
      schema: {
        summary: 'Create a board',
        security: [{ bearer: [] }],
        body: Type.Object(
          {
            id: Type.String({ maxLength: 64 }),
            width: Type.Integer({ minimum: 1, maximum: MAX_SIDE }),
            height: Type.Integer({ minimum: 1, maximum: MAX_SIDE }),
            left: Type.Optional(Coordinate),
            top: Type.Optional(Coordinate),
            palette: Type.Optional(PaletteSchema),
            background: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
            cooldown: Type.Optional(CooldownSchema),
            undoSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 3600 })),
            activeZone: Type.Optional(Type.Union([AreaSchema, Type.Null()])),
            /** When it began, for a board that began elsewhere; in the past. */
            timeMs: Type.Optional(Type.Integer({ minimum: 0 })),
          },
          { additionalProperties: false },
        ),
        response: { 201: Board },
      },
    },
    async (request, reply) => {
      const { id, width, height, left = 0, top = 0, background = 0, palette, timeMs, ...rest } = request.body
      const colors = palette === undefined ? [...CLASSIC_PALETTE] : colorsOf(palette)
      if (background >= colors.length)
        throw new SpateError('invalid', 'background: the palette has no such colour')
      const rules = rulesOf(rest)
      if (rules === undefined) throw new SpateError('invalid', COOLDOWN_MIXED)
      if (timeMs !== undefined && timeMs > services.clock.now())
        throw new SpateError('invalid', 'timeMs: not in the past')
      const body = { id, extent: { left, top, width, height }, palette: colors, background, rules }
      const host = await boards.create(body, timeMs)
      return reply.status(201).send(boardOf(host, false) as never)
    },
  )

  app.get(
    '/api/boards/:id/digest',
    {
      schema: {
        summary: 'Position and hashes of the state, by which copies are compared',
        params: BoardParams,
        response: {
          200: Type.Object({ position: Type.Integer(), colors: Type.String(), state: Type.String() }),
        },
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      let digest = digests.get(host)
      if (digest === undefined) {
        digest = new Digests(host.canvas)
        digests.set(host, digest)
      }
      return reply.header('cache-control', 'no-cache').send(digest.get())
    },
  )
}

export const COOLDOWN_MIXED =
  'cooldown: either seconds (with blankSeconds, stack, activity), or windowSeconds with budget, cost and blankCost'
