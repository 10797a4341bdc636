import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import { Gate } from '../base/gate.ts'
import { type Area, CHUNK_SIDE, chunkOrigin, intersection, unwrap } from '../boards/canvas/geometry.ts'
import type { BoardHost } from '../boards/host.ts'
import type { View } from '../boards/picture.ts'
import { crop } from '../boards/render/crop.ts'
import { positionOf } from '../log/port.ts'
import type { App } from './app.ts'
import { BoardAges } from './board-ages.ts'
import type { Framing } from './board-images.ts'
import { isKnown } from './etag.ts'
import { positionFrom } from './events.ts'
import { isPosition, type Moment, momentFrom } from './moments.ts'
import { BoardParams, Coordinate, fileOf } from './schemas.ts'
import type { HttpServices } from './services.ts'

const compress = promisify(gzip)
/** Cells in one image; larger boards are shown by area or by chunk. */
const MAX_IMAGE_CELLS = 4096 * 4096
/** For what changes: a cache in front answers for a second, and stale while it asks. */
const FRESH = 'public, max-age=1, stale-while-revalidate=10'
const FOR_EVER = 'public, max-age=31536000, immutable'
/** How long a request waits for a position that this server has not reached. */
const WAIT_MS = 2_000

const ImageQuery = Type.Object({
  /** A position, or an ISO 8601 time. */
  at: Type.Optional(Type.String({ maxLength: 40 })),
  v: Type.Optional(Type.String({ maxLength: 32, description: 'This position or a later one' })),
  left: Type.Optional(Coordinate),
  top: Type.Optional(Coordinate),
  width: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536 })),
  height: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536 })),
})

const ChunkParams = Type.Object({
  id: Type.String({ maxLength: 64 }),
  cx: Type.Integer({ minimum: 0, maximum: 255 }),
  cy: Type.Integer({ minimum: 0, maximum: 255 }),
})

/** Past moments read at once, and images made that nobody else asks for; how many may wait for either. */
const PAST_AT_ONCE = 2
const IMAGES_AT_ONCE = 4
const MAY_WAIT = 64

export async function imageRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, images, renderer, clock } = services
  const ages = new BoardAges()
  const past = new Gate(PAST_AT_ONCE, MAY_WAIT, 'too many past moments are being read')
  const making = new Gate(IMAGES_AT_ONCE, MAY_WAIT, 'too many images are being made')

  /** The headers of an answer; true when the client has that entity and the answer is done. */
  function isFresh(request: FastifyRequest, reply: FastifyReply, entity: Entity): boolean {
    describe(reply, entity)
    if (!isKnown(request.headers['if-none-match'], entity.etag)) return false
    void reply.status(304).send()
    return true
  }

  /** @param take asked again when its turn has come, so that picture and headers are of one moment */
  async function sendImage(request: FastifyRequest, reply: FastifyReply, take: () => Shot): Promise<void> {
    if (isFresh(request, reply, take().entity)) return
    const { entity, png } = await making.pass(async () => {
      const { view, area, entity } = take()
      const pixels = crop(area, view.chunk, view.info.background)
      return { entity, png: await renderer.png(pixels, area.width, area.height, view.info.palette) }
    })
    describe(reply, entity)
    void reply.type('image/png').send(png)
  }

  app.get(
    '/api/boards/:id/image.png',
    {
      schema: {
        summary: 'The board as an indexed PNG, now or at any moment of its past',
        params: BoardParams,
        querystring: ImageQuery,
        response: { 200: fileOf('image/png') },
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      const { at, v, left, top, width, height } = request.query
      const atLeast = positionFrom(v, 0)
      await reached(host, atLeast)
      const age = await ages.of(host)
      const isWhole = left === undefined && top === undefined && width === undefined && height === undefined
      if (at === undefined && isWhole) {
        // A cache that has it asks again every second: nothing is encoded for that.
        const current = host.canvas.position
        if (isFresh(request, reply, { etag: `"${age}-${current}"`, position: current, cache: FRESH }))
          return reply
        const { position, png } = await images.get(host, wholeBoard, atLeast)
        if (isFresh(request, reply, { etag: `"${age}-${position}"`, position, cache: FRESH })) return reply
        return reply.type('image/png').send(png)
      }
      const viewed =
        at === undefined ? undefined : await past.pass(() => viewAt(host, momentFrom(at, clock.now())))
      const cache = at !== undefined && isPosition(at) ? FOR_EVER : FRESH
      await sendImage(request, reply, () => {
        const view = viewed ?? host.now()
        const { position } = view
        const area = areaOf(view.info.extent, request.query)
        const etag = `"${age}-${position}-${area.left}.${area.top}.${area.width}.${area.height}"`
        return { view, area, entity: { etag, position, cache } }
      })
      return reply
    },
  )

  app.get(
    '/api/boards/:id/chunks',
    {
      schema: {
        summary: 'Numbers of the chunks that hold anything (row × 256 + column)',
        params: BoardParams,
        response: { 200: Type.Object({ position: Type.Integer(), chunks: Type.Array(Type.Integer()) }) },
      },
    },
    async (request, reply) => {
      const { canvas } = boards.get(request.params.id)
      const chunks: number[] = []
      canvas.chunks.forEach((chunk, index) => {
        if (chunk !== undefined) chunks.push(index)
      })
      return reply.header('cache-control', FRESH).send({ position: canvas.position, chunks })
    },
  )

  app.get(
    '/api/boards/:id/chunks/:cx/:cy',
    {
      schema: {
        summary: 'The 65,536 colours of a chunk, a byte each; empty: all background',
        params: ChunkParams,
        querystring: Type.Object({ v: Type.Optional(Type.String({ maxLength: 32 })) }),
        response: { 200: fileOf('application/octet-stream') },
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      await reached(host, positionFrom(request.query.v, 0))
      const age = await ages.of(host)
      const { position, chunks } = host.canvas
      const chunk = chunks[(request.params.cy << 8) | request.params.cx]
      // Weak: compressed and plain are one entity.
      const etag = `W/"${age}-c${chunk?.changedAt ?? 0}"`
      const vary = reply.getHeader('vary')
      void reply.header('vary', vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`)
      if (isFresh(request, reply, { etag, position, cache: FRESH })) return reply
      void reply.type('application/octet-stream')
      if (chunk === undefined) return reply.send(Buffer.alloc(0))
      const colors = Buffer.from(chunk.colors)
      if (!takesGzip(request.headers['accept-encoding'])) return reply.send(colors)
      void reply.header('content-encoding', 'gzip')
      return reply.send(await compress(colors, { level: 1 }))
    },
  )

  app.get(
    '/api/boards/:id/chunks/:cx/:cy/image.png',
    {
      schema: {
        summary: 'A chunk as an indexed PNG',
        params: ChunkParams,
        response: { 200: fileOf('image/png') },
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      const age = await ages.of(host)
      const index = (request.params.cy << 8) | request.params.cx
      await sendImage(request, reply, () => {
        const { position, info, infoAt, chunks } = host.canvas
        const origin = chunkOrigin(index)
        const area = {
          left: unwrap(origin.x, info.extent.left),
          top: unwrap(origin.y, info.extent.top),
          width: CHUNK_SIDE,
          height: CHUNK_SIDE,
        }
        const etag = `"${age}-c${chunks[index]?.changedAt ?? 0}-${infoAt}"`
        return { view: host.now(), area, entity: { etag, position, cache: FRESH } }
      })
      return reply
    },
  )

  /** Errors: `unavailable` when the position is still unknown here after a while. */
  async function reached(host: BoardHost, position: number): Promise<void> {
    if (host.canvas.position >= position) return
    const arrived = Promise.withResolvers<void>()
    const unlisten = host.listen((at) => {
      if (at >= position) arrived.resolve()
    })
    const cancel = clock.after(WAIT_MS, () =>
      arrived.reject(new SpateError('unavailable', `this server has not reached position ${position} yet`)),
    )
    try {
      await arrived.promise
    } finally {
      cancel()
      unlisten()
    }
  }
}

interface Entity {
  readonly etag: string
  readonly position: number
  readonly cache: string
}

interface Shot {
  readonly view: View
  readonly area: Area
  readonly entity: Entity
}

function describe(reply: FastifyReply, { etag, position, cache }: Entity): void {
  void reply.header('etag', etag).header('x-content-version', position).header('cache-control', cache)
}

function viewAt(host: BoardHost, moment: Moment): Promise<View> {
  return 'position' in moment ? host.at(positionOf(moment.position)) : host.atTime(moment.timeMs)
}

export function takesGzip(acceptEncoding = ''): boolean {
  return acceptEncoding.split(',').some((part) => {
    const [coding, ...weights] = part.split(';').map((text) => text.trim().toLowerCase())
    return coding === 'gzip' && !weights.some((weight) => /^q=0(\.0*)?$/.test(weight))
  })
}

/** Errors: `too-large`. */
export const wholeBoard: Framing = ({ extent }) => areaOf(extent, {})

/** The part of the extent that a query names. Errors: `invalid`, `too-large`. */
export function areaOf(
  extent: Area,
  query: { left?: number; top?: number; width?: number; height?: number },
): Area {
  const asked = {
    left: query.left ?? extent.left,
    top: query.top ?? extent.top,
    width: query.width ?? extent.width - ((query.left ?? extent.left) - extent.left),
    height: query.height ?? extent.height - ((query.top ?? extent.top) - extent.top),
  }
  const area = asked.width > 0 && asked.height > 0 ? intersection(asked, extent) : undefined
  if (area === undefined) throw new SpateError('invalid', 'the area lies outside the board')
  if (area.width * area.height > MAX_IMAGE_CELLS) {
    throw new SpateError(
      'too-large',
      `an image has at most ${MAX_IMAGE_CELLS} cells: ask for an area or for chunks`,
    )
  }
  return area
}
