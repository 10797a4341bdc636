import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { Random } from '../../src/base/random.ts'
import type { Lifetime } from './tmp.ts'

/** A frame that the source told of, and what the proxy let through of it. */
export interface PassedFrame {
  readonly canvas: number
  readonly kind: 'full' | 'diff'
  /** Its address. */
  readonly name: string
  readonly timestampMs: number
  /** Of a full frame its own timestamp. */
  readonly previousMs: number
  /** No other connection of the canvas was up at the source when it came. */
  readonly isAlone: boolean
  /** `heard`: a client acknowledged what was sent after it; `unsure`: it was sent, then the client left. */
  passed: 'heard' | 'unsure' | 'unheard'
  /** Every download is answered so; 0: it can be had. */
  readonly refusedWith: number
}

/** Chances, each a share of 1, of what befalls a diff, a message or a download. */
interface Chances {
  readonly lost: number
  readonly allDropped: number
  readonly allStalled: number
  readonly refused: number
  readonly swallowed: number
  readonly dropped: number
  readonly stalled: number
  readonly delayed: number
  readonly downloadDelayed: number
  readonly downloadFailed: number
}

const CHANCES: Chances = {
  lost: 0.05,
  allDropped: 0.02,
  allStalled: 0.01,
  refused: 0.03,
  swallowed: 0.1,
  dropped: 0.02,
  stalled: 0.01,
  delayed: 0.2,
  downloadDelayed: 0.5,
  downloadFailed: 0.1,
}
const MOST_DELAY_MS = 60
/** Of a frame that can be had: fewer than a collector's tries. */
const MOST_FAILURES = 2
const MOST_DOWNLOAD_DELAY_MS = 120
const FRAME = /\/media\/canvas-images\//

/** One WebSocket of a client, and the one that it makes at the source. */
interface Relay {
  readonly client: WebSocket
  readonly source: WebSocket
  readonly random: Random
  /** The canvas that it subscribes to; undefined for all else. */
  canvas: number | undefined
  hasFrame: boolean
  /** Nothing more is passed on. While the source's socket is open it is stalled: the client must have enough of it. */
  isDead: boolean
  readonly unacknowledged: PassedFrame[][]
  notBeforeMs: number
}

/**
 * Stands between a collector and a source that speaks the protocol of r/place, on loopback, and does harm, all of it
 * drawn from a seed: ends connections and stalls them, one or all of a canvas; swallows messages, on one connection or
 * all; delays messages, and downloads so that they end in another order; refuses a frame for ever, or once. It keeps a
 * ledger of every frame that the source told of. It is calm, and passes everything, until `isCalm` is false.
 */
export class FaultProxy {
  isCalm = true
  readonly harms: Record<keyof Chances, number> = {
    lost: 0,
    allDropped: 0,
    allStalled: 0,
    refused: 0,
    swallowed: 0,
    dropped: 0,
    stalled: 0,
    delayed: 0,
    downloadDelayed: 0,
    downloadFailed: 0,
  }
  readonly #origin: URL
  readonly #random: Random
  readonly #http: Server
  readonly #relays = new Set<Relay>()
  readonly #frames = new Map<string, PassedFrame>()
  readonly #lost = new Set<string>()
  /** Downloads that failed, by address. */
  readonly #failed = new Map<string, number>()
  readonly #timers = new Set<NodeJS.Timeout>()

  private constructor(origin: string, seed: number) {
    this.#origin = new URL(origin)
    this.#random = new Random(seed)
    this.#http = createServer((incoming, outgoing) => this.#forward(incoming, outgoing))
    this.#http.on('upgrade', (incoming, socket, head) => this.#upgrade(incoming, socket, head))
  }

  static async open(t: Lifetime, origin: string, seed: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(origin, seed)
    proxy.#http.listen(0, '127.0.0.1')
    await once(proxy.#http, 'listening')
    t.after(() => proxy.#close())
    return proxy
  }

  get url(): string {
    // A server that listens on a port has such an address.
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  /** What the source told of on a canvas, by time; of one time diffs first. */
  frames(canvas: number): PassedFrame[] {
    return [...this.#frames.values()].filter((frame) => frame.canvas === canvas).sort(inOrder)
  }

  get canvases(): number[] {
    return [...new Set(Array.from(this.#frames.values(), ({ canvas }) => canvas))].sort((a, b) => a - b)
  }

  #draw(what: keyof Chances, random: Random): boolean {
    if (this.isCalm || !random.chance(CHANCES[what])) return false
    this.harms[what] += 1
    return true
  }

  #later(ms: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      task()
    }, ms)
    this.#timers.add(timer)
  }

  // Downloads and all other requests.

  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const address = `${this.url}${incoming.url}`
    const isFrame = FRAME.test(address)
    const refusedWith = this.#frames.get(address)?.refusedWith ?? 0
    if (refusedWith !== 0) return void outgoing.writeHead(refusedWith).end()
    const failures = this.#failed.get(address) ?? 0
    const fails = isFrame && failures < MOST_FAILURES && this.#draw('downloadFailed', this.#random)
    if (fails) this.#failed.set(address, failures + 1)
    const how = fails ? this.#random.pick([404, 503, 'cut', 'destroyed']) : undefined
    if (how === 'destroyed') return void incoming.socket.destroy()
    if (typeof how === 'number') return void outgoing.writeHead(how).end()
    const delayMs =
      isFrame && this.#draw('downloadDelayed', this.#random) ? this.#random.below(MOST_DOWNLOAD_DELAY_MS) : 0
    this.#later(delayMs, () => this.#pass(incoming, outgoing, how === 'cut'))
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse, isCut: boolean): void {
    const { method, url, headers } = incoming
    const { hostname, port } = this.#origin
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      if (!isCut) return void answer.pipe(outgoing)
      answer.once('data', (chunk: Buffer) => {
        answer.destroy()
        outgoing.write(chunk.subarray(0, chunk.length >> 1), () => outgoing.destroy())
      })
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  }

  // Sockets.

  #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { host = '', authorization = '', origin = '' } = incoming.headers
    const offered = incoming.headers['sec-websocket-protocol']?.split(/\s*,\s*/) ?? []
    const source = new WebSocket(`ws://${this.#origin.host}${incoming.url}`, offered, {
      headers: {
        host,
        ...(authorization === '' ? {} : { authorization }),
        ...(origin === '' ? {} : { origin }),
      },
      perMessageDeflate: false,
    })
    socket.on('error', () => source.terminate())
    const random = this.#random.fork()
    source.on('error', () => socket.destroy())
    source.on('unexpected-response', (_request, { statusCode = 500 }) => {
      socket.end(`HTTP/1.1 ${statusCode} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      source.terminate()
    })
    // The source speaks first only when it was spoken to.
    source.once('open', () => {
      const server = new WebSocketServer({ noServer: true, handleProtocols: () => source.protocol || false })
      server.handleUpgrade(incoming, socket, head, (client) => this.#relay(client, source, random))
    })
  }

  #relay(client: WebSocket, source: WebSocket, random: Random): void {
    const relay: Relay = {
      client,
      source,
      random,
      canvas: undefined,
      hasFrame: false,
      isDead: false,
      unacknowledged: [],
      notBeforeMs: 0,
    }
    this.#relays.add(relay)
    client.on('error', () => {})
    client.on('message', (data: Buffer, isBinary) => {
      relay.canvas ??= canvasIn(data.toString())
      source.send(data, { binary: isBinary })
    })
    client.on('pong', () => {
      for (const frame of relay.unacknowledged.shift() ?? []) frame.passed = 'heard'
      this.#endIfQuiet(relay)
    })
    client.on('close', () => {
      this.#relays.delete(relay)
      source.terminate()
    })
    source.on('message', (data: Buffer) => this.#hear(relay, data.toString()))
    source.on('close', () => {
      if (!relay.isDead) this.#drop(relay)
    })
  }

  #hear(relay: Relay, text: string): void {
    const frame = this.#frameIn(relay, text)
    if (relay.isDead) return
    if (this.#draw('dropped', relay.random)) this.#drop(relay)
    else if (this.#draw('stalled', relay.random)) relay.isDead = true
    if (relay.isDead) return
    if (frame !== undefined && (this.#lost.has(frame.name) || this.#draw('swallowed', relay.random))) return
    const delayMs = this.#draw('delayed', relay.random) ? relay.random.below(MOST_DELAY_MS) : 0
    const nowMs = performance.now()
    relay.notBeforeMs = Math.max(relay.notBeforeMs, nowMs + delayMs)
    if (relay.notBeforeMs <= nowMs) this.#send(relay, text, frame)
    else this.#later(relay.notBeforeMs - nowMs, () => this.#send(relay, text, frame))
  }

  #send(relay: Relay, text: string, frame: PassedFrame | undefined): void {
    if (relay.isDead || relay.client.readyState !== WebSocket.OPEN) return
    if (frame?.passed === 'unheard') frame.passed = 'unsure'
    relay.client.send(text)
    // What a client answers shows what it has read before.
    relay.client.ping()
    relay.unacknowledged.push(frame === undefined ? [] : [frame])
  }

  /** The frame that a message tells of, in the ledger; new ones meet their fate. */
  #frameIn(relay: Relay, text: string): PassedFrame | undefined {
    const told = frameIn(text)
    if (told === undefined || relay.canvas === undefined) return undefined
    const known = this.#frames.get(told.name)
    const { canvas } = relay
    const others = [...this.#relays].filter(
      (each) =>
        each !== relay &&
        each.canvas === canvas &&
        each.hasFrame &&
        each.source.readyState === WebSocket.OPEN,
    )
    relay.hasFrame = true
    if (known !== undefined) return known
    const refusedWith = this.#draw('refused', this.#random) ? this.#random.pick([403, 404, 410]) : 0
    const frame: PassedFrame = {
      ...told,
      canvas,
      isAlone: others.length === 0,
      passed: 'unheard',
      refusedWith,
    }
    this.#frames.set(told.name, frame)
    if (told.kind === 'full') return frame
    if (this.#draw('lost', this.#random)) this.#lost.add(told.name)
    if (this.#draw('allDropped', this.#random)) this.#each(canvas, (each) => this.#drop(each))
    else if (this.#draw('allStalled', this.#random))
      this.#each(canvas, (each) => {
        each.isDead = true
      })
    return frame
  }

  #each(canvas: number, harm: (relay: Relay) => void): void {
    for (const relay of this.#relays) if (relay.canvas === canvas && !relay.isDead) harm(relay)
  }

  /** Once the client has read what it was sent. */
  #drop(relay: Relay): void {
    relay.isDead = true
    relay.source.terminate()
    this.#endIfQuiet(relay)
  }

  #endIfQuiet({ isDead, source, client, unacknowledged }: Relay): void {
    if (isDead && source.readyState >= WebSocket.CLOSING && unacknowledged.length === 0) client.terminate()
  }

  #close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const { client, source } of this.#relays) {
      client.terminate()
      source.terminate()
    }
    this.#http.close()
    this.#http.closeAllConnections()
  }
}

/** By time; of one time diffs first. */
export function inOrder(
  a: Pick<PassedFrame, 'timestampMs' | 'kind'>,
  b: Pick<PassedFrame, 'timestampMs' | 'kind'>,
): number {
  return a.timestampMs - b.timestampMs || Number(a.kind === 'full') - Number(b.kind === 'full')
}

/** Messages of both sides, as far as the proxy looks into them. */
interface Spoken {
  readonly payload?: {
    readonly variables?: { readonly input?: { readonly channel?: { readonly tag?: string } } }
    readonly data?: { readonly subscribe?: { readonly data?: Told } }
  }
}

interface Told {
  readonly name?: string
  readonly timestamp?: number
  readonly currentTimestamp?: number
  readonly previousTimestamp?: number
}

function canvasIn(text: string): number | undefined {
  // Sent by the collector under test.
  const tag = (JSON.parse(text) as Spoken).payload?.variables?.input?.channel?.tag
  return tag === undefined ? undefined : Number(tag)
}

function frameIn(
  text: string,
): Pick<PassedFrame, 'kind' | 'name' | 'timestampMs' | 'previousMs'> | undefined {
  // Sent by the server under test.
  const told = (JSON.parse(text) as Spoken).payload?.data?.subscribe?.data
  if (told?.name === undefined) return undefined
  const { name, timestamp, currentTimestamp = 0, previousTimestamp = 0 } = told
  if (timestamp !== undefined) return { kind: 'full', name, timestampMs: timestamp, previousMs: timestamp }
  return { kind: 'diff', name, timestampMs: currentTimestamp, previousMs: previousTimestamp }
}
