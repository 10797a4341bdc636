import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import proxyAddr from 'proxy-addr'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Sink } from '../live/format.ts'
import { MAX_CLIENT_FRAME_BYTES, SUBPROTOCOL } from '../live/protocol.ts'
import { acceptSephsplace, isSephsplaceSocket } from './compat/sephsplace-socket.ts'
import { acceptLive, LIVE_PATH } from './live.ts'
import { problemOf } from './problem.ts'
import type { HttpServices } from './services.ts'
import { checkOrigin, setCookieHeader, visitorOf } from './visitor.ts'

/** Where a viewer with a full socket is given up instead of waited for. */
const CLOSE_GRACE_MS = 3_000
const GOING_AWAY = 1001

/** Answers upgrades: the live protocol under /api, sephsplace's wherever its clients ask for it. */
export function attachSockets(server: Server, services: HttpServices): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_CLIENT_FRAME_BYTES,
    // Compressing costs ten times what sending does.
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })
  const cookies = new WeakMap<IncomingMessage, string>()
  sockets.on('headers', (headers, request) => {
    const cookie = cookies.get(request)
    if (cookie !== undefined) headers.push(`Set-Cookie: ${setCookieHeader(cookie, false)}`)
  })

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    try {
      checkOrigin(request, services)
      const address = proxyAddr(request, services.trustsProxy)
      const url = new URL(request.url ?? '/', 'http://localhost')
      const live = LIVE_PATH.exec(url.pathname)
      if (live !== null) {
        const visitor = visitorOf(request, address, services)
        const host = services.boards.get(live[1] ?? '')
        const identified = visitor.key === undefined ? services.identities.newCookie() : undefined
        if (identified !== undefined) cookies.set(request, identified.cookie)
        const known = identified === undefined ? visitor : { ...visitor, key: identified.key }
        const accept = acceptLive(services, host, known, url.searchParams)
        sockets.handleUpgrade(request, socket, head, (ws) => accept(ws, sinkOf(ws, socket), socket))
      } else if (isSephsplaceSocket(url, services)) {
        sockets.handleUpgrade(request, socket, head, (ws) => {
          acceptSephsplace(services, ws, sinkOf(ws, socket), socket, url.searchParams)
        })
      } else {
        refuse(socket, { statusCode: 404, message: `there is no socket at ${url.pathname}` })
      }
    } catch (error) {
      refuse(socket, error)
    }
  })
}

/** Bytes that are frames already go to the connection as they are: built once, written to many. */
function sinkOf(ws: WebSocket, socket: Duplex): Sink {
  return {
    write: (bytes) => {
      if (!socket.destroyed) socket.write(bytes)
    },
    bufferedBytes: () => socket.writableLength,
    close: (reason) => {
      ws.close(GOING_AWAY, reason)
      setTimeout(() => ws.terminate(), CLOSE_GRACE_MS).unref()
    },
  }
}

function refuse(socket: Duplex, error: unknown): void {
  const problem = problemOf(error)
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
