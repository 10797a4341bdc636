import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Clock } from '../base/clock.ts'
import { messageOf, SpateError } from '../base/errors.ts'
import type { Area } from '../boards/canvas/geometry.ts'
import type { BoardHost } from '../boards/host.ts'
import { film } from '../boards/timelapse/camera.ts'
import { MAX_WEBP_SIDE, momentsOf, scaledSide } from '../boards/timelapse/film.ts'
import type { FilmFormat } from '../boards/timelapse/formats.ts'
import { createdAtMs, passage } from '../boards/timelapse/passage.ts'
import type { FilmHead } from '../boards/timelapse/stills.ts'
import type { App } from './app.ts'
import { areaOf, takesGzip } from './images.ts'
import { timeFrom } from './moments.ts'
import { BoardParams, Coordinate, fileOf } from './schemas.ts'
import type { HttpServices } from './services.ts'
import { requireAdmin } from './visitor.ts'

interface FilmLimits {
  readonly frames: number
  /** Pixels of all frames. */
  readonly pixels: number
}

/** Of what anybody may ask for; each takes a core while it is made. */
const ANYBODYS: FilmLimits = { frames: 600, pixels: 1 << 27 }
const ANYBODYS_AT_ONCE = 2
const TIME_LIMIT_MS = 60_000
const MAX_FILE_BYTES = 64 << 20
/** Of what the organiser may, who takes it frame by frame. */
const ORGANISERS: FilmLimits = { frames: 36_000, pixels: 2 ** 36 }
const ORGANISERS_AT_ONCE = 2
/** Twice: at the first look, and still at the next. */
const STALLED_AFTER_MS = 30_000
const MAX_FRAME_PIXELS = 1 << 22

const DEFAULT_FPS = 10
const DEFAULT_FRAMES = 100

const FilmQuery = Type.Object({
  from: Type.Optional(
    Type.String({ maxLength: 40, description: 'ISO 8601; default: when the board was made' }),
  ),
  to: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601; default: the last change' })),
  fps: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: `Default: ${DEFAULT_FPS}` })),
  frames: Type.Optional(Type.Integer({ minimum: 1, description: `Default: ${DEFAULT_FRAMES}` })),
  speed: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'Seconds of the board in one of the film, not with frames',
    }),
  ),
  left: Type.Optional(Coordinate),
  top: Type.Optional(Coordinate),
  width: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536 })),
  height: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536 })),
  scale: Type.Optional(
    Type.Number({ minimum: 1 / 64, maximum: 64, description: 'Pixels a cell, below 1 cells are left out' }),
  ),
})

interface Plan {
  readonly area: Area
  readonly scale: number
  readonly head: FilmHead
  readonly momentsMs: readonly number[]
}

/**
 * Films of a board. What anybody may ask for is made whole and then sent; the organiser takes frame by frame what
 * is encoded elsewhere (`spate timelapse`). Each reads history once and ends with the connection that asked for it.
 */
export async function timelapseRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, clock, logger } = services
  let anybodys = 0
  let organisers = 0

  /** Errors: `invalid`, `not-found`, `too-large`. */
  async function planOf(host: BoardHost, query: Static<typeof FilmQuery>, limits: FilmLimits): Promise<Plan> {
    const { fps = DEFAULT_FPS, scale = 1 } = query
    const nowMs = clock.now()
    const createdMs = await createdAtMs(host)
    const time = (name: 'from' | 'to', otherwise: number) => {
      const text = query[name]
      return text === undefined ? otherwise : timeFrom(name, 'a time', text, nowMs)
    }
    const fromMs = time('from', createdMs)
    const toMs = time('to', Math.max(fromMs, host.canvas.timeMs))
    if (fromMs < createdMs) throw new SpateError('not-found', 'from: the board did not exist then')
    if (fromMs > toMs) throw new SpateError('invalid', 'from: expected a time before `to`')
    const frames = framesOf(query, fps, toMs - fromMs)
    const area = areaOf(host.canvas.info.extent, query)
    const width = scaledSide(area.width, scale)
    const height = scaledSide(area.height, scale)
    requireWithin('frames', frames, limits.frames)
    requireWithin('pixels a side', Math.max(width, height), MAX_WEBP_SIDE)
    requireWithin('pixels a frame', width * height, MAX_FRAME_PIXELS)
    requireWithin('pixels in all', width * height * frames, limits.pixels)
    const head = { width, height, frames, fps }
    return { area, scale, head, momentsMs: momentsOf(fromMs, toMs, frames) }
  }

  function filmOf(host: BoardHost, format: FilmFormat, plan: Plan, signal: AbortSignal) {
    const { area, scale, head, momentsMs } = plan
    const job = { format, head, width: area.width, height: area.height, scale }
    return film(passage(host, momentsMs, signal), area, job, signal)
  }

  async function whole(
    request: FastifyRequest<{ Params: { id: string }; Querystring: Static<typeof FilmQuery> }>,
    reply: FastifyReply,
    format: 'gif' | 'webp',
  ): Promise<FastifyReply> {
    const host = boards.get(request.params.id)
    if (anybodys >= ANYBODYS_AT_ONCE) {
      throw new SpateError('overloaded', 'other timelapses are being made', { retryAfterMs: 10_000 })
    }
    anybodys += 1
    const stop = new AbortController()
    const cancel = clock.after(TIME_LIMIT_MS, () =>
      stop.abort(new SpateError('overloaded', 'it took too long: ask for less, or later')),
    )
    reply.raw.once('close', () => stop.abort(new SpateError('unavailable', 'nobody waits for it')))
    try {
      const { position } = host.canvas
      const plan = await planOf(host, request.query, ANYBODYS)
      const parts: Uint8Array[] = []
      let bytes = 0
      for await (const part of filmOf(host, format, plan, stop.signal)) {
        bytes += part.length
        requireWithin('bytes', bytes, MAX_FILE_BYTES)
        parts.push(part)
      }
      void reply.header('x-content-version', position).header('cache-control', 'public, max-age=60')
      return reply.type(`image/${format}`).send(Buffer.concat(parts))
    } finally {
      cancel()
      anybodys -= 1
    }
  }

  for (const format of ['webp', 'gif'] as const) {
    app.get(
      `/api/boards/:id/timelapse.${format}`,
      {
        schema: {
          summary: `A film of the board's past, as an animated ${format === 'gif' ? 'GIF' : 'WebP'}`,
          params: BoardParams,
          querystring: FilmQuery,
          response: { 200: fileOf(`image/${format}`) },
        },
      },
      (request, reply) => whole(request, reply, format),
    )
  }

  app.get(
    '/api/boards/:id/timelapse.stills',
    {
      schema: {
        summary: 'A film of the board’s past, frame by frame, for an encoder (PROTOCOL.md)',
        security: [{ bearer: [] }],
        params: BoardParams,
        querystring: FilmQuery,
        response: { 200: fileOf('application/octet-stream') },
      },
      onRequest: async (request) => requireAdmin(request.visitor),
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      const { position } = host.canvas
      const plan = await planOf(host, request.query, ORGANISERS)
      if (organisers >= ORGANISERS_AT_ONCE) {
        throw new SpateError('overloaded', 'other timelapses are being taken', { retryAfterMs: 10_000 })
      }
      organisers += 1
      const stop = new AbortController()
      const source = Readable.from(filmOf(host, 'stills', plan, stop.signal), { objectMode: false })
      const compressed = takesGzip(request.headers['accept-encoding'])
      const stream = compressed ? pipeline(source, createGzip({ level: 1 }), () => {}) : source
      stream.once('close', () => {
        organisers -= 1
        stop.abort(new SpateError('unavailable', 'nobody waits for it'))
      })
      stream.on('error', (error) => {
        logger.warn({ board: host.id, reason: messageOf(error) }, 'a timelapse broke off')
      })
      stream.once(
        'close',
        whenStalled(reply, clock, () => {
          stream.destroy(new SpateError('unavailable', 'the timelapse was not taken'))
        }),
      )
      void reply.header('x-content-version', position).header('cache-control', 'no-store')
      if (compressed) void reply.header('content-encoding', 'gzip')
      return reply.type('application/octet-stream').send(stream)
    },
  )
}

/**
 * Tells when somebody takes nothing of what waits for them; a still that lasts is no reason.
 * @returns ends it
 */
function whenStalled({ raw }: FastifyReply, clock: Clock, tell: () => void): () => void {
  let before = -1
  let cancel = clock.after(STALLED_AFTER_MS, check)
  function check(): void {
    const sent = raw.socket?.bytesWritten ?? 0
    if (raw.writableLength > 0 && sent === before) tell()
    else cancel = clock.after(STALLED_AFTER_MS, check)
    before = sent
  }
  return () => cancel()
}

/** Errors: `invalid`. */
function framesOf({ frames, speed }: Static<typeof FilmQuery>, fps: number, spanMs: number): number {
  if (speed === undefined) return frames ?? DEFAULT_FRAMES
  if (frames !== undefined) throw new SpateError('invalid', 'either frames or speed, not both')
  return Math.ceil((spanMs / 1000 / speed) * fps) + 1
}

/** Errors: `too-large`. */
function requireWithin(what: string, count: number, limit: number): void {
  if (count > limit) throw new SpateError('too-large', `a timelapse has at most ${limit} ${what}`)
}
