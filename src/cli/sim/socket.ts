import { WebSocket } from 'ws'
import type { SocketLike } from '../../client/live-socket.ts'

/** A connection that can carry a cookie, and stop reading. */
export class CrowdSocket {
  #ws: WebSocket | undefined
  readonly #cookie: string | undefined

  /** @param cookie as the Cookie header has it */
  constructor(cookie?: string) {
    this.#cookie = cookie
  }

  readonly open = (url: string, protocol: string): SocketLike => {
    const headers = this.#cookie === undefined ? {} : { cookie: this.#cookie }
    this.#ws = new WebSocket(url, protocol, { headers, perMessageDeflate: false })
    // ws has all that the client needs; its event types are its own.
    return this.#ws as unknown as SocketLike
  }

  pause(): void {
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.pause()
  }

  resume(): void {
    this.#ws?.resume()
  }
}
