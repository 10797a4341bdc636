import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Lifetime } from './tmp.ts'

export interface SocketOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly protocol?: string
}

/** A WebSocket whose messages are awaited one by one: bytes, or text. */
export class TestSocket {
  readonly ws: WebSocket
  /** Of the answer to the upgrade. */
  headers: Readonly<Record<string, string | string[] | undefined>> = {}
  readonly #messages: (Buffer | string)[] = []
  readonly #waiting: PromiseWithResolvers<Buffer | string>[] = []
  /** Code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>
  pings = 0

  private constructor(ws: WebSocket) {
    this.ws = ws
    const closed = Promise.withResolvers<{ code: number; reason: string }>()
    this.closed = closed.promise
    ws.on('message', (data: Buffer, isBinary) => {
      const message = isBinary ? data : data.toString()
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#messages.push(message)
      else waiting.resolve(message)
    })
    ws.on('ping', () => {
      this.pings += 1
    })
    ws.on('upgrade', ({ headers }) => {
      this.headers = headers
    })
    ws.on('error', () => {})
    ws.on('close', (code, reason) => {
      closed.resolve({ code, reason: reason.toString() })
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`closed (${code} ${reason})`))
    })
  }

  /** Open when it resolves; errors: {@link Refused}. Ended with the test. */
  static async open(t: Lifetime, url: string, options: SocketOptions = {}): Promise<TestSocket> {
    const ws = new WebSocket(url.replace(/^http/, 'ws'), options.protocol, {
      headers: { ...options.headers },
      perMessageDeflate: false,
    })
    t.after(() => ws.terminate())
    const socket = new TestSocket(ws)
    const refused = new Promise<never>((_, reject) => {
      ws.on('unexpected-response', (_request, response) => {
        response.setEncoding('utf8')
        let body = ''
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('end', () => reject(new Refused(response.statusCode ?? 0, response.headers, body)))
      })
    })
    await Promise.race([once(ws, 'open'), refused])
    return socket
  }

  /** Errors: the connection is closed, and all that came was taken. */
  next(): Promise<Buffer | string> {
    const message = this.#messages.shift()
    if (message !== undefined) return Promise.resolve(message)
    if (this.ws.readyState === this.ws.CLOSED) return Promise.reject(new Error('closed'))
    const waiting = Promise.withResolvers<Buffer | string>()
    this.#waiting.push(waiting)
    return waiting.promise
  }

  send(data: Uint8Array | string): void {
    this.ws.send(data)
  }
}

/** The server answered the upgrade with something else. */
export class Refused extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string

  constructor(
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    body: string,
  ) {
    super(`refused with ${status}: ${body}`)
    this.status = status
    this.headers = headers
    this.body = body
  }
}
