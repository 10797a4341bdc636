import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Sink } from '../../live/format.ts'
import type { HttpServices } from '../services.ts'
import { endOnError } from '../socket-errors.ts'
import { sephsplaceFormat } from './sephsplace-format.ts'

const POLICY_VIOLATION = 1008

/** Its clients ask on any path, with `from=` in the query; without it they are told so, our own paths aside. */
export function isSephsplaceSocket(url: URL, services: HttpServices): boolean {
  const board = services.sephsplaceBoard
  if (board === undefined || !services.boards.has(board)) return false
  return url.searchParams.has('from') || !url.pathname.startsWith('/api/')
}

/** Sends everything after `from`, then the live edits. What the client sends is ignored. */
export function acceptSephsplace(
  services: HttpServices,
  ws: WebSocket,
  sink: Sink,
  socket: Duplex,
  query: URLSearchParams,
): void {
  endOnError(ws, services)
  const host = services.boards.get(services.sephsplaceBoard ?? '')
  const from = query.get('from')
  const isNumber = from !== null && /^-?\d{1,16}$/.test(from)
  if (!isNumber && from !== 'latest') {
    ws.send('error: Invalid from= parameter')
    ws.close(POLICY_VIOLATION)
    return
  }
  const after = isNumber ? Math.max(0, Number(from)) : host.canvas.position
  const room = services.rooms.of(host)
  const viewer = room.join(sink, {
    format: sephsplaceFormat,
    after,
    chunks: null,
    player: 0,
    answersHeartbeats: true,
  })
  socket.on('drain', () => room.drained(viewer))
  ws.on('pong', () => room.heard(viewer))
  ws.on('message', () => room.heard(viewer))
  ws.on('close', () => room.leave(viewer))
}
