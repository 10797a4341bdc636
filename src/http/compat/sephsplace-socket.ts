import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { keepNewest } from '../../base/keep-newest.ts'
import type { Format, Sink } from '../../live/format.ts'
import type { HttpServices } from '../services.ts'
import { endOnError } from '../socket-errors.ts'
import { emptyFrame, RELOAD_FRAME, sephsplaceFormat } from './sephsplace-format.ts'

const POLICY_VIOLATION = 1008
const MAX_REMEMBERED = 4096

/** Its clients ask on any path, with `from=` in the query; without it they are told so, our own paths aside. */
export function isSephsplaceSocket(url: URL, services: HttpServices): boolean {
  const board = services.sephsplaceBoard
  if (board === undefined || !services.boards.has(board)) return false
  return url.searchParams.has('from') || !url.pathname.startsWith('/api/')
}

/**
 * Connections that were told to reload. The seed's page then fetches the picture and opens a new socket, but it
 * also opens the old one again, with the version that was too old, for ever, with one more socket each time. So
 * who comes back with the same version, and who was told in the middle, is given a version before the word: an
 * empty frame, which that page remembers and comes back with.
 */
export class Reloads {
  readonly #told = new Set<string>()

  /** Whether the connection was told before; from now on it was. */
  again(connection: string): boolean {
    if (this.#told.has(connection)) return true
    this.#told.add(connection)
    keepNewest(this.#told, MAX_REMEMBERED)
    return false
  }
}

/** Sends everything after `from`, then the live edits. What the client sends is ignored. */
export function acceptSephsplace(
  services: HttpServices,
  reloads: Reloads,
  address: string,
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
  // sephsplace itself says reload to those alone who come too late, before anything else.
  let isFirst = true
  const noting: Sink = {
    write: (bytes) => {
      isFirst = false
      sink.write(bytes)
    },
    bufferedBytes: () => sink.bufferedBytes(),
    close: (reason) => sink.close(reason),
  }
  const format: Format = {
    ...sephsplaceFormat,
    resync: (position) =>
      isFirst && !reloads.again(`${address} ${from}`)
        ? RELOAD_FRAME
        : Buffer.concat([emptyFrame(position), RELOAD_FRAME]),
  }
  const room = services.rooms.of(host)
  const viewer = room.join(noting, { format, after, chunks: null, player: 0, answersHeartbeats: true })
  socket.on('drain', () => room.drained(viewer))
  ws.on('pong', () => room.heard(viewer))
  ws.on('message', () => room.heard(viewer))
  ws.on('close', () => room.leave(viewer))
}
