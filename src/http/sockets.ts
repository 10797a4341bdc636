import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import proxyAddr from 'proxy-addr'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import type { Sink } from '../live/format.ts'
import { MAX_CLIENT_FRAME_BYTES, SUBPROTOCOL } from '../live/protocol.ts'
import { addressGroup } from './address.ts'
import { QUERY_PATH } from './compat/place/addresses.ts'
import type { Place } from './compat/place/place.ts'
import { PlaceSockets } from './compat/place/sockets.ts'
import { acceptSephsplace, isSephsplaceSocket, Reloads } from './compat/sephsplace-socket.ts'
import type { ConnectionCounts } from './connections.ts'
import { acceptLive, LIVE_PATH } from './live.ts'
import { problemOf, retryAfterSeconds } from './problem.ts'
import type { HttpServices } from './services.ts'
import { checkOrigin, isHttps, setCookieHeader, visitorOf } from './visitor.ts'

/** Where a viewer with a full socket is given up instead of waited for. */
const CLOSE_GRACE_MS = 3_000
const GOING_AWAY = 1001

/**
 * Answers upgrades: the live protocol under /api, r/place's under /compat, sephsplace's wherever its clients ask
 * for it.
 *
 * @returns what ends every viewer and refuses new ones: without it, a server does not close while viewers stay,
 *   and those who were sent away come back to it
 */
export function attachSockets(
  server: Server,
  services: HttpServices,
  proxied: ConnectionCounts,
  place: Place,
): () => void {
  let stopping = false
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_CLIENT_FRAME_BYTES,
    // Compressing costs ten times what sending does.
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })
  const cookies = new WeakMap<IncomingMessage, string>()
  const reloads = new Reloads()
  const placeSockets = new PlaceSockets(services, place, refuse)
  sockets.on('headers', (headers, request) => {
    const cookie = cookies.get(request)
    if (cookie === undefined) return
    headers.push(`Set-Cookie: ${setCookieHeader(cookie, isHttps(request, services))}`)
  })

  sockets.on('wsClientError', ({ message }, socket) => refuse(socket, { statusCode: 400, message }))

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    try {
      if (stopping) throw new SpateError('unavailable', 'the server is stopping')
      const url = urlOf(request)
      const placed = QUERY_PATH.exec(url.pathname)
      // That protocol knows no cookies and changes nothing: its clients say that they are pages of another site.
      if (placed === null) checkOrigin(request, services)
      const address = proxyAddr(request, services.trustsProxy)
      if (services.trustsProxy(request.socket.remoteAddress ?? '')) {
        socket.on('close', proxied.take(addressGroup(address)))
      }
      if (placed !== null) {
        placeSockets.upgrade({
          request,
          socket,
          head,
          board: placed[1] ?? '',
          address: addressGroup(address),
          sinkOf: (ws) => new SocketSink(ws, socket, services.clock),
        })
        return
      }
      const live = LIVE_PATH.exec(url.pathname)
      if (live !== null) {
        const visitor = visitorOf(request, address, services)
        const host = services.boards.get(live[1] ?? '')
        const identified = visitor.key === undefined ? services.identities.newCookie() : undefined
        if (identified !== undefined) cookies.set(request, identified.cookie)
        const known = identified === undefined ? visitor : { ...visitor, key: identified.key }
        const accept = acceptLive(services, host, known, url.searchParams)
        sockets.handleUpgrade(request, socket, head, (ws) =>
          accept(ws, new SocketSink(ws, socket, services.clock), socket),
        )
      } else if (isSephsplaceSocket(url, services)) {
        sockets.handleUpgrade(request, socket, head, (ws) => {
          const sink = new SocketSink(ws, socket, services.clock)
          acceptSephsplace(services, reloads, addressGroup(address), ws, sink, socket, url.searchParams)
        })
      } else {
        refuse(socket, { statusCode: 404, message: `there is no socket at ${url.pathname}` })
      }
    } catch (error) {
      refuse(socket, error)
    }
  })

  function refuse(socket: Duplex, error: unknown): void {
    const problem = problemOf(error)
    services.failures.answered(problem, error)
    const body = JSON.stringify(problem)
    const retryAfter = retryAfterSeconds(problem)
    socket.end(
      `HTTP/1.1 ${problem.status} ${problem.title}\r\n` +
        `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
        (retryAfter === undefined ? '' : `Retry-After: ${retryAfter}\r\n`) +
        `X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n${body}`,
      () => socket.destroy(),
    )
  }

  return () => {
    stopping = true
    services.rooms[Symbol.dispose]()
    placeSockets[Symbol.dispose]()
    place[Symbol.dispose]()
  }
}

/** Errors: `invalid` for what is no address. */
function urlOf({ url = '/' }: IncomingMessage): URL {
  if (!URL.canParse(url, 'http://localhost')) throw new SpateError('invalid', 'not an address')
  return new URL(url, 'http://localhost')
}

/**
 * Bytes that are frames already go to the connection as they are: built once, written to many. After a close
 * frame, ours or the peer's, there is nothing more to say.
 */
class SocketSink implements Sink {
  readonly #ws: WebSocket
  readonly #socket: Duplex
  readonly #clock: Clock

  constructor(ws: WebSocket, socket: Duplex, clock: Clock) {
    this.#ws = ws
    this.#socket = socket
    this.#clock = clock
  }

  write(bytes: Uint8Array): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#socket.write(bytes)
  }

  bufferedBytes(): number {
    return this.#socket.writableLength
  }

  close(reason: string): void {
    this.#ws.close(GOING_AWAY, reason)
    this.#ws.on(
      'close',
      this.#clock.after(CLOSE_GRACE_MS, () => this.#ws.terminate()),
    )
  }
}
