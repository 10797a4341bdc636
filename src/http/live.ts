import type { Duplex } from 'node:stream'
import { Type } from 'typebox'
import type { RawData, WebSocket } from 'ws'
import { SpateError } from '../base/errors.ts'
import { Verdict } from '../boards/canvas/verdict.ts'
import type { BoardHost } from '../boards/host.ts'
import type { Sink } from '../live/format.ts'
import { binaryFormat, boardJson } from '../live/formats.ts'
import {
  type ClientMessage,
  decodeClientMessage,
  encodeServerMessage,
  MAX_SUBSCRIBED_CHUNKS,
  PROTOCOL_VERSION,
  type ServerMessage,
  SUBPROTOCOL,
} from '../live/protocol.ts'
import type { Room } from '../live/room.ts'
import { MAX_BUFFERED_BYTES, type Viewer } from '../live/viewer.ts'
import { binaryFrame } from '../live/websocket-frame.ts'
import type { App } from './app.ts'
import { positionFrom } from './events.ts'
import { type Judged, place, undo } from './placing.ts'
import { problemOf } from './problem.ts'
import { BoardParams } from './schemas.ts'
import type { HttpServices } from './services.ts'
import { endOnError } from './socket-errors.ts'
import { requireToken, type Visitor } from './visitor.ts'

export const LIVE_PATH = /^\/api\/boards\/([^/]{1,64})\/live\/?$/

/** Requests of one connection that may wait for their verdict; more are refused. */
const MAX_UNANSWERED = 256
const UNSUPPORTED = 1003
const TRY_AGAIN = 1013

/** For the documents, and for who asks without an upgrade. */
export async function liveRoutes(app: App): Promise<void> {
  app.get(
    '/api/boards/:id/live',
    {
      schema: {
        summary: 'Live frames and edits over a WebSocket (PROTOCOL.md)',
        description: `Subprotocol ${SUBPROTOCOL}, binary frames.`,
        params: BoardParams,
        querystring: Type.Object({
          v: Type.Optional(Type.String({ maxLength: 32, description: 'What the client already shows' })),
          chunks: Type.Optional(
            Type.String({ description: 'Numbers of the chunks to watch, comma separated; default: all' }),
          ),
        }),
      },
    },
    async (_request, reply) => {
      void reply.header('upgrade', 'websocket').header('connection', 'upgrade')
      throw Object.assign(new Error('this is a WebSocket: ask with an upgrade'), { statusCode: 426 })
    },
  )
}

/** Reads the query before the upgrade, so that a wrong one is refused with a problem document. */
export function acceptLive(
  services: HttpServices,
  host: BoardHost,
  visitor: Visitor,
  query: URLSearchParams,
): (ws: WebSocket, sink: Sink, socket: Duplex) => void {
  const after = positionFrom(query.get('v') ?? undefined, host.canvas.position)
  const chunks = chunksFrom(query.get('chunks'))
  return (ws, sink, socket) => {
    endOnError(ws, services)
    const room = services.rooms.of(host)
    const nowMs = services.clock.now()
    sink.write(
      frameOf({
        type: 'hello',
        version: PROTOCOL_VERSION,
        position: host.canvas.position,
        timeMs: nowMs,
        nextMs: host.canvas.nextMs(visitor.player, nowMs),
        player: visitor.player,
        board: boardJson(host.canvas.info),
      }),
    )
    const options = { format: binaryFormat, after, chunks, player: visitor.player, answersHeartbeats: true }
    const viewer = room.join(sink, options)
    const connection = new LiveConnection(services, host, room, viewer, visitor, ws, sink, socket)
    socket.on('drain', () => room.drained(viewer))
    ws.on('close', () => room.leave(viewer))
    ws.on('message', (data, isBinary) => connection.take(data, isBinary))
  }
}

function chunksFrom(text: string | null): ReadonlySet<number> | null {
  if (text === null) return null
  const chunks = text.split(',').filter((part) => part !== '')
  const invalid = chunks.some((part) => !/^\d{1,5}$/.test(part) || Number(part) > 0xffff)
  if (invalid || chunks.length > MAX_SUBSCRIBED_CHUNKS) {
    throw new SpateError('invalid', 'chunks: expected chunk numbers, comma separated')
  }
  return new Set(chunks.map(Number))
}

function frameOf(message: ServerMessage): Uint8Array {
  return binaryFrame(encodeServerMessage(message))
}

/** What one player's connection asks for. Answers come in any order; each names its request. */
class LiveConnection {
  readonly #services: HttpServices
  readonly #host: BoardHost
  readonly #room: Room
  readonly #viewer: Viewer
  readonly #visitor: Visitor
  readonly #ws: WebSocket
  readonly #sink: Sink
  readonly #socket: Duplex
  #unanswered = 0
  #corked = false

  constructor(
    services: HttpServices,
    host: BoardHost,
    room: Room,
    viewer: Viewer,
    visitor: Visitor,
    ws: WebSocket,
    sink: Sink,
    socket: Duplex,
  ) {
    this.#services = services
    this.#host = host
    this.#room = room
    this.#viewer = viewer
    this.#visitor = visitor
    this.#ws = ws
    this.#sink = sink
    this.#socket = socket
  }

  take(data: RawData, isBinary: boolean): void {
    this.#room.heard(this.#viewer)
    let message: ClientMessage
    try {
      if (!isBinary || !(data instanceof Buffer)) throw new RangeError('expected binary frames')
      message = decodeClientMessage(data)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#ws.close(UNSUPPORTED, error.message)
      return
    }
    switch (message.type) {
      case 'heartbeat':
        return
      case 'subscribe': {
        const { request, chunks } = message
        this.#room.subscribe(this.#viewer, request, chunks === null ? null : new Set(chunks))
        return
      }
      case 'edit': {
        const { edits } = message
        void this.#answer(message.request, () => place(this.#services, this.#visitor, this.#host, edits))
        return
      }
      case 'undo':
        void this.#answer(message.request, () => undo(this.#services, this.#visitor, this.#host))
        return
    }
  }

  async #answer(request: number, ask: () => Promise<Judged>): Promise<void> {
    try {
      if (this.#unanswered >= MAX_UNANSWERED) {
        throw new SpateError('overloaded', `at most ${MAX_UNANSWERED} requests at once`)
      }
      requireToken(this.#visitor, this.#services)
      this.#unanswered += 1
      try {
        const { position, verdicts, nextMs } = await ask()
        this.#room.identify(this.#viewer, this.#visitor.player)
        // A shadow-banned player is told what an accepted one is.
        const told = verdicts.map((verdict) => (verdict === Verdict.shadowed ? Verdict.accepted : verdict))
        this.#send({ type: 'judged', request, position, nextMs, verdicts: told })
      } finally {
        this.#unanswered -= 1
      }
    } catch (error) {
      const problem = problemOf(error)
      this.#services.failures.answered(problem, error)
      this.#send({ type: 'refused', request, problem: JSON.stringify(problem) })
    }
  }

  /** Answers of one turn share a write. A peer that asks but does not read is let go. */
  #send(message: ServerMessage): void {
    const frame = frameOf(message)
    if (this.#sink.bufferedBytes() + frame.length > MAX_BUFFERED_BYTES) {
      this.#ws.close(TRY_AGAIN, 'answers are not being read')
      this.#ws.terminate()
      return
    }
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#sink.write(frame)
  }
}
