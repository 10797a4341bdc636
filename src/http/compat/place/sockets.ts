import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Sink } from '../../../live/format.ts'
import { MAX_BUFFERED_BYTES } from '../../../live/viewer.ts'
import type { HttpServices } from '../../services.ts'
import { endOnError } from '../../socket-errors.ts'
import { placeAddresses } from './addresses.ts'
import { PlaceConnection } from './connection.ts'
import { bearerOf, SUBPROTOCOLS, type Subprotocol, withoutRepetition } from './dialects.ts'
import type { Place } from './place.ts'
import { MAX_REQUEST_BYTES } from './routes.ts'

const BEAT_MS = 5_000
/** A ping with every third beat. */
const BEATS_A_PING = 3

export interface PlaceUpgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly board: string
  readonly address: string
  readonly sinkOf: (ws: WebSocket) => Sink
}

/** All sockets of the protocol, over all boards. */
export class PlaceSockets implements Disposable {
  readonly #services: HttpServices
  readonly #place: Place
  readonly #server: WebSocketServer
  readonly #refuse: (socket: Duplex, error: unknown) => void
  readonly #connections = new Set<PlaceConnection>()
  #cancelBeat: (() => void) | undefined
  #beats = 0
  #isStopped = false

  /** @param refuse answers an upgrade that is none */
  constructor(services: HttpServices, place: Place, refuse: (socket: Duplex, error: unknown) => void) {
    this.#services = services
    this.#place = place
    this.#refuse = refuse
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: MAX_REQUEST_BYTES,
      perMessageDeflate: false,
      autoPong: false,
      handleProtocols: (offered) => [...offered].find(isSubprotocol) ?? false,
    })
    this.#server.on('wsClientError', ({ message }, socket) => refuse(socket, { statusCode: 400, message }))
  }

  /** Errors: `not-found`. */
  upgrade(upgrade: PlaceUpgrade): void {
    const { request, socket, head } = upgrade
    const board = this.#place.board(upgrade.board)
    const { headers } = request
    const offer = headers['sec-websocket-protocol']
    const offers = offer === undefined ? '' : withoutRepetition(offer)
    if (offers === '') delete headers['sec-websocket-protocol']
    else headers['sec-websocket-protocol'] = offers
    const caller = {
      address: upgrade.address,
      bearer: bearerOf(headers.authorization),
      media: placeAddresses(request, this.#services, upgrade.board).media,
    }
    const refuse = (error: unknown): void => this.#refuse(socket, error)
    void this.#place.operations().then((operations) => {
      if (this.#isStopped) return void socket.destroy()
      this.#server.handleUpgrade(request, socket, head, (ws) => {
        endOnError(ws, this.#services)
        const agreed = isSubprotocol(ws.protocol) ? ws.protocol : undefined
        const { clock, identities } = this.#services
        const endOfPass = (pass: string): number | undefined => identities.endOfPass(pass)
        const services = { clock, operations, board, endOfPass }
        const sink = upgrade.sinkOf(ws)
        board.followers += 1
        ws.on('close', () => {
          board.followers -= 1
        })
        this.#open(new PlaceConnection(services, { ...caller, agreed }, ws, sink), ws, sink)
      })
    }, refuse)
  }

  #open(connection: PlaceConnection, ws: WebSocket, sink: Sink): void {
    this.#connections.add(connection)
    ws.on('message', (data, isBinary) => connection.take(data, isBinary))
    ws.on('pong', () => connection.heard())
    ws.on('ping', (data) => {
      connection.heard()
      // Who pings without reading the answers is let go.
      if (sink.bufferedBytes() > MAX_BUFFERED_BYTES) ws.terminate()
      else ws.pong(data)
    })
    ws.on('close', () => {
      this.#connections.delete(connection)
      connection.closed()
    })
    this.#armBeat()
  }

  #armBeat(): void {
    if (this.#connections.size === 0) return
    this.#cancelBeat ??= this.#services.clock.after(BEAT_MS, () => {
      this.#cancelBeat = undefined
      this.#beats += 1
      for (const connection of this.#connections) connection.beat(this.#beats % BEATS_A_PING === 0)
      this.#armBeat()
    })
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    this.#cancelBeat?.()
    for (const connection of [...this.#connections]) {
      connection.closed()
      connection.goAway()
    }
  }
}

function isSubprotocol(name: string): name is Subprotocol {
  return (SUBPROTOCOLS as readonly string[]).includes(name)
}
