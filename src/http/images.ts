import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import { type Area, CHUNK_SIDE, chunkOrigin, intersection, unwrap } from '../boards/canvas/geometry.ts'
import type { BoardHost } from '../boards/host.ts'
import type { View } from '../boards/picture.ts'
import { crop } from '../boards/render/crop.ts'
import { positionOf } from '../log/port.ts'
import type { App } from './app.ts'
import type { VersionedImage } from './board-images.ts'
import { positionFrom } from './events.ts'
import { BoardParams, Coordinate } from './schemas.ts'
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

export async function imageRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, images, renderer, clock } = services
  function send(
    request: FastifyRequest,
    reply: FastifyReply,
    image: VersionedImage,
    cache: string,
  ): FastifyReply {
    void reply.header('etag', image.etag).header('x-content-version', image.position)
    void reply.header('cache-control', cache)
    if (request.headers['if-none-match'] === image.etag) return reply.status(304).send()
    return reply.type('image/png').send(image.png)
  }

  async function render(view: View, area: Area): Promise<Buffer> {
    const pixels = crop(area, view.chunk, view.info.background)
    return renderer.png(pixels, area.width, area.height, view.info.palette)
  }

  app.get(
    '/api/boards/:id/image.png',
    {
      schema: {
        summary: 'The board as an indexed PNG, now or at any moment of its past',
        params: BoardParams,
        querystring: ImageQuery,
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      const { at, v, left, top, width, height } = request.query
      await reached(host, positionFrom(v, 0))
      const isWhole = left === undefined && top === undefined && width === undefined && height === undefined
      if (at === undefined && isWhole) {
        areaOf(host.canvas.info.extent, request.query)
        return send(request, reply, await images.of(host).whole(positionFrom(v, 0)), FRESH)
      }
      const view = at === undefined ? host.now() : await viewAt(host, at)
      const area = areaOf(view.info.extent, request.query)
      const etag = `"${view.position}-${area.left}.${area.top}.${area.width}.${area.height}"`
      void reply.header('x-content-version', view.position).header('etag', etag)
      void reply.header('cache-control', at !== undefined && /^\d+$/.test(at) ? FOR_EVER : FRESH)
      if (request.headers['if-none-match'] === etag) return reply.status(304).send()
      return reply.type('image/png').send(await render(view, area))
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
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      await reached(host, positionFrom(request.query.v, 0))
      const { position } = host.canvas
      const chunk = host.canvas.chunks[(request.params.cy << 8) | request.params.cx]
      const etag = `"c${chunk?.changedAt ?? 0}"`
      void reply.header('x-content-version', position).header('etag', etag).header('cache-control', FRESH)
      void reply.header('vary', 'accept-encoding')
      if (request.headers['if-none-match'] === etag) return reply.status(304).send()
      void reply.type('application/octet-stream')
      if (chunk === undefined) return reply.send(Buffer.alloc(0))
      const colors = Buffer.from(chunk.colors)
      if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(colors)
      void reply.header('content-encoding', 'gzip')
      return reply.send(await compress(colors, { level: 1 }))
    },
  )

  app.get(
    '/api/boards/:id/chunks/:cx/:cy/image.png',
    { schema: { summary: 'A chunk as an indexed PNG', params: ChunkParams } },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      const index = (request.params.cy << 8) | request.params.cx
      const etag = `"c${host.canvas.chunks[index]?.changedAt ?? 0}-${host.canvas.infoAt}"`
      const { position, info } = host.canvas
      void reply.header('x-content-version', position).header('etag', etag).header('cache-control', FRESH)
      if (request.headers['if-none-match'] === etag) return reply.status(304).send()
      const origin = chunkOrigin(index)
      const area = {
        left: unwrap(origin.x, info.extent.left),
        top: unwrap(origin.y, info.extent.top),
        width: CHUNK_SIDE,
        height: CHUNK_SIDE,
      }
      return reply.type('image/png').send(await render(host.now(), area))
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

/** @param at a position or an ISO 8601 time */
export function viewAt(host: BoardHost, at: string): Promise<View> {
  if (/^\d{1,16}$/.test(at)) return host.at(positionOf(Number(at)))
  const timeMs = Date.parse(at)
  if (Number.isNaN(timeMs)) throw new SpateError('invalid', 'at: expected a position or an ISO 8601 time')
  return host.atTime(timeMs)
}

function areaOf(extent: Area, query: { left?: number; top?: number; width?: number; height?: number }): Area {
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
