import type { Clock } from '../base/clock.ts'
import {
  type ClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  type ServerMessage,
  SUBPROTOCOL,
} from '../live/protocol.ts'

const HEARTBEAT_MS = 15_000
/** The server speaks at least every 15 s; after this silence the connection is dead. */
const SILENCE_MS = 40_000

/** What this needs of a WebSocket; browsers, Node and the `ws` package all have it. */
export interface SocketLike {
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(data: Uint8Array<ArrayBuffer>): void
  close(): void
}

export type OpenSocket = (url: string, protocol: string) => SocketLike

export interface LiveSocketEvents {
  readonly onMessage: (message: ServerMessage) => void
  /** Once, whoever ended it. Nothing is heard of it afterwards. */
  readonly onLost: () => void
}

/**
 * One connection that speaks the live protocol. After the first message it says every 15 s that it is there.
 * It is lost when it closes, is silent for 40 s, or says what is not of the protocol.
 */
export class LiveSocket {
  readonly #socket: SocketLike
  readonly #clock: Clock
  readonly #events: LiveSocketEvents
  #isGreeted = false
  #isLost = false
  #cancelSilence: (() => void) | undefined
  #cancelBeat: (() => void) | undefined

  constructor(socket: SocketLike, clock: Clock, events: LiveSocketEvents) {
    this.#socket = socket
    this.#clock = clock
    this.#events = events
    socket.binaryType = 'arraybuffer'
    socket.onmessage = ({ data }) => this.#hear(data)
    socket.onclose = () => this.#lose()
    socket.onerror = () => {}
    this.#armSilence()
    this.#armBeat()
  }

  send(message: ClientMessage): void {
    this.#socket.send(encodeClientMessage(message))
  }

  close(): void {
    if (this.#isLost) return
    this.#socket.close()
    this.#lose()
  }

  #hear(data: unknown): void {
    if (this.#isLost) return
    this.#isGreeted = true
    this.#armSilence()
    const message = messageIn(data)
    if (message === undefined) this.close()
    else this.#events.onMessage(message)
  }

  #lose(): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#cancelSilence?.()
    this.#cancelBeat?.()
    this.#events.onLost()
  }

  #armSilence(): void {
    this.#cancelSilence?.()
    this.#cancelSilence = this.#clock.after(SILENCE_MS, () => this.close())
  }

  #armBeat(): void {
    this.#cancelBeat = this.#clock.after(HEARTBEAT_MS, () => {
      if (this.#isGreeted) this.send({ type: 'heartbeat' })
      this.#armBeat()
    })
  }
}

/** Undefined for what is not of this protocol. */
function messageIn(data: unknown): ServerMessage | undefined {
  // binaryType is arraybuffer; a text frame is not of this protocol.
  if (!(data instanceof ArrayBuffer)) return undefined
  try {
    return decodeServerMessage(new Uint8Array(data))
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined
    throw error
  }
}

/** @param path with its query, e.g. `/api/boards/lobby/live?v=1` */
export function openLive(open: OpenSocket, baseUrl: string, path: string): SocketLike {
  const url = new URL(path, baseUrl)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return open(url.href, SUBPROTOCOL)
}
