import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Lifetime } from './tmp.ts'

/**
 * A feed on loopback that does what a script says, as server-sent events and as a WebSocket under one address: numbered
 * messages, of which it keeps all, to those who are there.
 */
export class ScriptedFeed {
  readonly #http: Server
  readonly #ws: WebSocketServer
  readonly #listeners = new Set<ServerResponse>()
  #changed = Promise.withResolvers<void>()
  /** What was sent with `data`, by number from 1. */
  readonly kept: string[] = []
  /** `Last-Event-ID`, or the parameter `from`, of each connection. */
  readonly asked: (string | undefined)[] = []
  readonly heard: string[] = []
  /** Those who come back are sent what they missed. */
  resumes = true
  /** Requests answered so before any is taken. */
  refusals: { status: number; times: number; retryAfter?: string } = { status: 503, times: 0 }

  private constructor() {
    this.#http = createServer((request, response) => this.#answer(request, response))
    this.#ws = new WebSocketServer({ server: this.#http })
    this.#ws.on('connection', (socket, request) => this.#connect(socket, request))
  }

  static async open(t: Lifetime): Promise<ScriptedFeed> {
    const feed = new ScriptedFeed()
    feed.#http.listen(0, '127.0.0.1')
    await once(feed.#http, 'listening')
    t.after(() => feed.close())
    return feed
  }

  get url(): string {
    // A server that listens on a port has such an address.
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/feed`
  }

  get socketUrl(): string {
    return this.url.replace('http', 'ws')
  }

  get connections(): number {
    return this.#listeners.size + this.#ws.clients.size
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed.promise
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.refusals.times > 0) {
      this.refusals.times -= 1
      const { status, retryAfter } = this.refusals
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end()
      return
    }
    const last = request.headers['last-event-id']
    this.asked.push(typeof last === 'string' ? last : undefined)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    if (this.resumes && typeof last === 'string') {
      for (let id = Number(last) + 1; id <= this.kept.length; id++) response.write(this.#event(id))
    }
    this.#listeners.add(response)
    response.on('error', () => {})
    response.on('close', () => {
      this.#listeners.delete(response)
      this.#change()
    })
    this.#change()
  }

  #connect(socket: WebSocket, request: IncomingMessage): void {
    const from = new URL(request.url ?? '/', 'ws://feed').searchParams.get('from')
    this.asked.push(from ?? undefined)
    socket.on('error', () => {})
    socket.on('message', (data: Buffer) => {
      this.heard.push(data.toString())
      this.#change()
    })
    socket.on('close', () => this.#change())
    if (this.resumes && from !== null) {
      for (let id = Number(from) + 1; id <= this.kept.length; id++) socket.send(this.#json(id))
    }
    this.#change()
  }

  #event(id: number): string {
    return `id: ${id}\ndata: ${this.kept[id - 1]}\n\n`
  }

  #json(id: number): string {
    return JSON.stringify({ meta: { id }, data: this.kept[id - 1] })
  }

  /** The next message, to all who are there, or to nobody. */
  send(data: string, isHeard = true): void {
    this.kept.push(data)
    const id = this.kept.length
    if (!isHeard) return
    for (const response of this.#listeners) response.write(this.#event(id))
    for (const socket of this.#ws.clients) socket.send(this.#json(id))
  }

  /** Without a number. */
  say(raw: string): void {
    for (const response of this.#listeners) response.write(raw)
    for (const socket of this.#ws.clients) socket.send(raw)
  }

  drop(): void {
    for (const response of this.#listeners) response.destroy()
    for (const socket of this.#ws.clients) socket.terminate()
  }

  close(): void {
    this.drop()
    this.#ws.close()
    this.#http.close()
    this.#http.closeAllConnections()
  }
}
