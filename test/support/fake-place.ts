import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import sharp from 'sharp'
import { type WebSocket, WebSocketServer } from 'ws'
import { Random } from '../../src/base/random.ts'
import { PLACE_SETTINGS, type PlaceSettings } from '../../src/capture/place/settings.ts'
import type { Lifetime } from './tmp.ts'

/** As the real one had them, the first sixteen. */
export const FAKE_PALETTE: readonly number[] = [
  0xbe0039, 0xff4500, 0xffa800, 0xffd635, 0x00a368, 0x00cc78, 0x7eed56, 0x2450a4, 0x3690ea, 0x51e9f4,
  0x811e9f, 0xb44ac0, 0xff99aa, 0x9c6926, 0x000000, 0xffffff,
]

export interface FakeCanvas {
  readonly index: number
  readonly dx: number
  readonly dy: number
}

export interface FakeOptions {
  readonly seed: number
  readonly width: number
  readonly height: number
  readonly canvases: readonly FakeCanvas[]
  readonly palette: readonly number[]
  /** Chosen of those offered; null: none is named, `either`: the first offered. */
  readonly subprotocol: 'graphql-ws' | 'graphql-transport-ws' | 'either' | null
  readonly cellsATick: number
}

const DEFAULTS: FakeOptions = {
  seed: 1,
  width: 24,
  height: 16,
  canvases: [{ index: 0, dx: 0, dy: 0 }],
  palette: FAKE_PALETTE,
  subprotocol: 'graphql-ws',
  cellsATick: 5,
}

/** What a download of a frame is answered with: bytes, or so many refusals first. */
export interface FrameFault {
  readonly status: number
  /** How often; then the frame. */
  times: number
}

export interface FakeFrame {
  readonly canvas: number
  readonly kind: 'full' | 'diff'
  readonly name: string
  readonly timestampMs: number
  readonly previousMs: number
  /** Colours of the canvas then, as indexes of the palette. */
  readonly cells: Uint8Array
}

interface Subscription {
  readonly socket: WebSocket
  readonly subprotocol: string
  readonly id: string
  /** `CONFIG`, or the canvas. */
  readonly tag: string
  /** In the order in which the canvas was subscribed to. */
  readonly number: number
  isStalled: boolean
}

interface Tile {
  modifiedMs: number
  user: string
}

const TYPES = { old: { start: 'start', data: 'data' }, new: { start: 'subscribe', data: 'next' } } as const

/**
 * A source that speaks the protocol of an r/place on loopback, and does what a script says: changes cells, sends
 * frames to some subscribers and not to others, drops, stalls, ends, refuses. It keeps the truth: every frame with the
 * colours of its moment. Its time is its own: some 140 ms a frame, however fast it runs.
 */
export class FakePlace {
  readonly options: FakeOptions
  readonly frames: FakeFrame[] = []
  readonly #random: Random
  readonly #http: Server
  readonly #ws: WebSocketServer
  readonly #boards = new Map<number, Uint8Array>()
  readonly #tiles = new Map<number, (Tile | undefined)[]>()
  readonly #pictures = new Map<string, Buffer>()
  readonly #faults = new Map<string, FrameFault>()
  /** Names of frames that somebody was sent. */
  readonly #sent = new Set<string>()
  #canvases: readonly FakeCanvas[]
  #subscriptions: Subscription[] = []
  #changed = Promise.withResolvers<void>()
  #nextNumber = 1
  #nextName = 1
  nowMs = 1_648_824_400_000
  /** Instead of the page with the token. */
  page: Uint8Array | undefined
  #port = 0
  token = 'token-1'
  /** Upgrades answered with this status before any is taken; times. */
  refusals: { status: number; times: number; retryAfter?: string } = { status: 429, times: 0 }
  /** Cells in each question for authors. */
  readonly requests: number[] = []
  readonly #changedCells = new Map<string, readonly number[]>()
  pages = 0
  downloads = 0
  /** Subscriptions to canvases that do not begin with a full frame. */
  withoutFull = 0
  /** Requests for histories that are left unanswered. */
  ignoredAsks = 0
  /** Sent instead of the acknowledgement, once. */
  greeting: string | undefined

  private constructor(options: FakeOptions) {
    this.options = options
    this.#canvases = options.canvases
    this.#random = new Random(options.seed)
    for (const { index } of options.canvases) this.#board(index)
    this.#http = createServer((request, response) => this.#answer(request, response))
    this.#ws = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => this.#protocolOf(offered),
    })
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  static async open(t: Lifetime, options: Partial<FakeOptions> = {}): Promise<FakePlace> {
    const place = new FakePlace({ ...DEFAULTS, ...options })
    place.#http.listen(0, '127.0.0.1')
    await once(place.#http, 'listening')
    // A server that listens on a port has such an address.
    place.#port = (place.#http.address() as AddressInfo).port
    t.after(() => place.close())
    return place
  }

  /** Fast, for tests; a canvas’s connection is dead after 400 ms. */
  settings(part: Partial<PlaceSettings> = {}): PlaceSettings {
    return {
      ...PLACE_SETTINGS,
      pageUrl: `http://127.0.0.1:${this.#port}/r/place/`,
      queryUrl: `ws://127.0.0.1:${this.#port}/query`,
      historyUrl: null,
      silenceMs: 0,
      configSilenceMs: 0,
      quietMs: 0,
      retryFirstMs: 10,
      retryMostMs: 200,
      stableMs: 1000,
      breakMs: 25,
      patienceMs: 400,
      acknowledgeMs: 500,
      downloadTries: 4,
      historyRequestsPerSecond: 0,
      ...part,
    }
  }

  close(): void {
    for (const client of this.#ws.clients) client.terminate()
    this.#ws.close()
    this.#http.close()
    this.#http.closeAllConnections()
  }

  // What a script does.

  /** Those subscribed to a canvas, the oldest first. */
  subscribers(canvas: number | 'CONFIG'): readonly Subscription[] {
    return this.#subscriptions.filter(({ tag }) => tag === String(canvas))
  }

  /** Those of them that are sent what they should be. */
  listeners(canvas: number): readonly Subscription[] {
    return this.subscribers(canvas).filter(({ isStalled }) => !isStalled)
  }

  /** Resolves when the condition holds; it is looked at whenever subscriptions change. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed.promise
  }

  /**
   * Some cells change; a diff tells of it.
   * @param heard which of the subscribers are sent the message; default: all
   * @param wrong the picture lacks the first changed cell
   */
  async tick(
    canvas: number,
    { heard = () => true, wrong = false }: { heard?: (nth: number) => boolean; wrong?: boolean } = {},
  ): Promise<FakeFrame> {
    const previousMs = this.#lastMs(canvas)
    this.nowMs += this.#random.between(100, 180)
    const timestampMs = this.nowMs
    const cells = this.#board(canvas)
    const changed: number[] = []
    for (let i = 0; i < this.options.cellsATick; i++) {
      const at = this.#random.below(cells.length)
      cells[at] = this.#random.below(this.options.palette.length)
      changed.push(at)
      this.#tilesOf(canvas)[at] = {
        modifiedMs: timestampMs - this.#random.between(1, 90),
        user: `user${this.#random.below(20)}`,
      }
    }
    const shown = wrong ? changed.filter((at) => at !== changed[0]) : changed
    const frame = await this.#frame(canvas, 'diff', timestampMs, previousMs, shown)
    this.#tell(frame, heard)
    return frame
  }

  /** Sends a message again, or late. */
  tell(frame: FakeFrame, heard: (nth: number) => boolean = () => true): void {
    this.#tell(frame, heard)
  }

  /** A full frame that comes by itself. */
  async full(canvas: number): Promise<FakeFrame> {
    const frame = await this.#fullFrame(canvas)
    this.#tell(frame, () => true)
    return frame
  }

  fault(frame: FakeFrame, status: number, times = Number.POSITIVE_INFINITY): void {
    this.#faults.set(frame.name, { status, times })
  }

  /** A frame that is told of and whose picture is answered so. */
  async tickWithFault(canvas: number, status: number, times = Number.POSITIVE_INFINITY): Promise<FakeFrame> {
    const frame = await this.tick(canvas, { heard: () => false })
    this.fault(frame, status, times)
    this.#tell(frame, () => true)
    return frame
  }

  /** A frame that is told of and whose picture is these bytes. */
  async tickWithPicture(canvas: number, bytes: Buffer): Promise<FakeFrame> {
    const frame = await this.tick(canvas, { heard: () => false })
    this.#pictures.set(frame.name, bytes)
    this.#tell(frame, () => true)
    return frame
  }

  drop(canvas: number | 'CONFIG', code = 1011, reason = ''): void {
    for (const { socket } of this.subscribers(canvas)) socket.close(code, reason)
  }

  cut(canvas: number | 'CONFIG'): void {
    for (const { socket } of this.subscribers(canvas)) socket.terminate()
  }

  stall(canvas: number): void {
    for (const subscription of this.subscribers(canvas)) subscription.isStalled = true
  }

  complete(canvas: number): void {
    for (const { socket, id } of this.subscribers(canvas))
      socket.send(JSON.stringify({ type: 'complete', id }))
    this.#subscriptions = this.#subscriptions.filter(({ tag }) => tag !== String(canvas))
  }

  keepAlive(canvas: number): void {
    for (const { socket } of this.subscribers(canvas)) socket.send('{"type":"ka"}')
  }

  say(canvas: number | 'CONFIG', text: string): void {
    for (const { socket } of this.subscribers(canvas)) socket.send(text)
  }

  configure(canvases: readonly FakeCanvas[]): void {
    this.#canvases = canvases
    for (const subscription of this.subscribers('CONFIG')) this.#sendConfig(subscription)
  }

  /** A colour that no configuration names. */
  paint(canvas: number, at: number, color: number): void {
    this.#board(canvas)[at] = color
  }

  tile(canvas: number, x: number, y: number): Tile | undefined {
    return this.#tilesOf(canvas)[y * this.options.width + x]
  }

  /** Cells that a frame shows. */
  changed(frame: FakeFrame): readonly number[] {
    return this.#changedCells.get(frame.name) ?? []
  }

  /** Those of a canvas that nobody was sent. */
  unheard(canvas: number): FakeFrame[] {
    return this.frames.filter(
      (frame) => frame.canvas === canvas && frame.kind === 'diff' && !this.#sent.has(frame.name),
    )
  }

  /** 0xRRGGBB, row by row. */
  colors(frame: FakeFrame): number[] {
    return Array.from(frame.cells, (color) => this.rgb(color))
  }

  rgb(color: number): number {
    return this.options.palette[color] ?? EXTRA_COLORS[color - this.options.palette.length] ?? 0
  }

  // How it is done.

  #board(canvas: number): Uint8Array {
    const { width, height, palette } = this.options
    let board = this.#boards.get(canvas)
    if (board === undefined) {
      board = new Uint8Array(width * height).fill(Math.max(0, palette.indexOf(0xffffff)))
      this.#boards.set(canvas, board)
    }
    return board
  }

  #tilesOf(canvas: number): (Tile | undefined)[] {
    const tiles = this.#tiles.get(canvas) ?? []
    this.#tiles.set(canvas, tiles)
    return tiles
  }

  #lastMs(canvas: number): number {
    return this.frames.findLast((frame) => frame.canvas === canvas)?.timestampMs ?? this.nowMs
  }

  #fullFrame(canvas: number): Promise<FakeFrame> {
    const atMs = this.#lastMs(canvas)
    return this.#frame(canvas, 'full', atMs, atMs, Array.from(this.#board(canvas).keys()))
  }

  async #frame(
    canvas: number,
    kind: 'full' | 'diff',
    timestampMs: number,
    previousMs: number,
    shown: readonly number[],
  ): Promise<FakeFrame> {
    const cells = this.#board(canvas).slice()
    const name = `${timestampMs}-${canvas}-${kind === 'full' ? 'f' : 'd'}-${String(this.#nextName++).padStart(8, '0')}.png`
    const frame: FakeFrame = { canvas, kind, name, timestampMs, previousMs, cells }
    this.frames.push(frame)
    this.#changedCells.set(name, [...new Set(shown)])
    this.#pictures.set(name, await this.#picture(cells, shown))
    return frame
  }

  #picture(cells: Uint8Array, shown: readonly number[]): Promise<Buffer> {
    const { width, height } = this.options
    const rgba = Buffer.alloc(width * height * 4)
    for (const at of shown) rgba.writeUInt32BE(this.rgb(cells[at] ?? 0) * 256 + 255, at * 4)
    return sharp(rgba, { raw: { width, height, channels: 4 } })
      .png({ compressionLevel: 1 })
      .toBuffer()
  }

  #tell(frame: FakeFrame, heard: (nth: number) => boolean): void {
    for (const [nth, subscription] of this.subscribers(frame.canvas).entries()) {
      if (!heard(nth)) continue
      this.#sendFrame(subscription, frame)
      if (!subscription.isStalled) this.#sent.add(frame.name)
    }
  }

  #sendFrame(subscription: Subscription, { kind, name, timestampMs, previousMs }: FakeFrame): void {
    const url = `http://127.0.0.1:${this.#port}/frames/${name}`
    const exponent = (ms: number) => `${ms / 1e12}e+12`
    const data =
      kind === 'full'
        ? `{"__typename":"FullFrameMessageData","name":"${url}","timestamp":${exponent(timestampMs)}}`
        : `{"__typename":"DiffFrameMessageData","__typename":"DiffFrameMessageData","name":"${url}",` +
          `"currentTimestamp":${exponent(timestampMs)},"previousTimestamp":${exponent(previousMs)}}`
    this.#sendData(subscription, data)
  }

  #sendConfig(subscription: Subscription): void {
    const { width, height, palette } = this.options
    const colors = palette.map((rgb, index) => ({
      hex: `#${rgb.toString(16).padStart(6, '0').toUpperCase()}`,
      index,
    }))
    const data = {
      __typename: 'ConfigurationMessageData',
      colorPalette: { colors },
      canvasConfigurations: this.#canvases,
      canvasWidth: width,
      canvasHeight: height,
    }
    this.#sendData(subscription, JSON.stringify(data))
  }

  #sendData({ socket, id, subprotocol, isStalled }: Subscription, data: string): void {
    if (isStalled) return
    const type = (subprotocol === 'graphql-transport-ws' ? TYPES.new : TYPES.old).data
    socket.send(
      `{"payload":{"data":{"subscribe":{"id":"${this.#nextName++}","data":${data},"__typename":"BasicMessage"}}},"id":"${id}","type":"${type}"}`,
    )
  }

  #protocolOf(offered: Set<string>): string | false {
    const { subprotocol } = this.options
    if (subprotocol === null) return false
    if (subprotocol === 'either') return [...offered][0] ?? false
    return offered.has(subprotocol) ? subprotocol : false
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? ''
    if (path.startsWith('/r/place')) {
      this.pages += 1
      if (this.page !== undefined) response.writeHead(200, { 'content-encoding': 'gzip' }).end(this.page)
      else response.end(`<html><script>{"x":1,"accessToken":"${this.token}","y":2}</script></html>`)
      return
    }
    this.downloads += 1
    const name = path.slice('/frames/'.length)
    const fault = this.#faults.get(name)
    const picture = this.#pictures.get(name)
    if (fault !== undefined && fault.times > 0) {
      fault.times -= 1
      // 200: bytes that are no picture.
      response.writeHead(fault.status).end(fault.status === 200 ? 'no picture' : '')
    } else if (picture === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refuse = (status: number, retryAfter = ''): void => {
      const header = retryAfter === '' ? '' : `Retry-After: ${retryAfter}\r\n`
      socket.end(`HTTP/1.1 ${status} No\r\n${header}Content-Length: 0\r\nConnection: close\r\n\r\n`)
    }
    if (this.refusals.times > 0) {
      this.refusals.times -= 1
      refuse(this.refusals.status, this.refusals.retryAfter)
      return
    }
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      refuse(401)
      return
    }
    this.#ws.handleUpgrade(request, socket, head, (ws) => this.#serve(ws))
  }

  #serve(socket: WebSocket): void {
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#subscriptions = this.#subscriptions.filter((each) => each.socket !== socket)
      this.#change()
    })
    socket.on('message', (data: Buffer) => void this.#hear(socket, data.toString()))
  }

  async #hear(socket: WebSocket, text: string): Promise<void> {
    // Sent by the collector under test.
    const message = JSON.parse(text) as {
      type: string
      id: string
      payload: { variables?: Record<string, never> }
    }
    const { start } = socket.protocol === 'graphql-transport-ws' ? TYPES.new : TYPES.old
    if (message.type === 'connection_init') {
      const greeting = this.greeting ?? '{"type":"connection_ack"}'
      this.greeting = undefined
      if (greeting !== '') socket.send(greeting)
      return
    }
    if (message.type !== start) return
    const variables = message.payload.variables as Record<string, unknown>
    if ('input' in variables) await this.#subscribe(socket, message.id, variables.input)
    else this.#tellHistory(socket, message.id, variables)
  }

  async #subscribe(socket: WebSocket, id: string, input: unknown): Promise<void> {
    const { channel } = input as { channel: { category: string; tag?: string } }
    const tag = channel.tag ?? channel.category
    const number = this.#nextNumber++
    const subscription = { socket, id, tag, subprotocol: socket.protocol, number, isStalled: false }
    if (tag === 'CONFIG') {
      this.#subscriptions.push(subscription)
      this.#sendConfig(subscription)
    } else {
      let frame = await this.#fullFrame(Number(tag))
      // What follows on this subscription follows from its first frame.
      while (this.#lastMs(Number(tag)) > frame.timestampMs) frame = await this.#fullFrame(Number(tag))
      this.#subscriptions.push(subscription)
      if (this.withoutFull === 0) this.#sendFrame(subscription, frame)
      else this.withoutFull -= 1
    }
    this.#change()
  }

  #tellHistory(socket: WebSocket, id: string, variables: Record<string, unknown>): void {
    if (this.ignoredAsks > 0) {
      this.ignoredAsks -= 1
      return
    }
    this.requests.push(Object.keys(variables).length)
    const data = Object.fromEntries(
      Object.entries(variables).map(([name, input]) => {
        const { canvasIndex: canvas, coordinate } = (
          input as { PixelMessageData: { canvasIndex: number; coordinate: { x: number; y: number } } }
        ).PixelMessageData
        const tile = this.tile(canvas, coordinate.x, coordinate.y)
        const userInfo = tile === undefined ? null : { userID: `t2_${tile.user}`, username: tile.user }
        const told = { lastModifiedTimestamp: tile?.modifiedMs ?? 0, userInfo }
        return [name, { data: [{ id: name, data: told }] }]
      }),
    )
    const type = socket.protocol === 'graphql-transport-ws' ? 'next' : 'data'
    socket.send(JSON.stringify({ type, id, payload: { data } }))
    socket.send(JSON.stringify({ type: 'complete', id }))
    this.#change()
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

/** Beyond the palette. */
export const EXTRA_COLORS: readonly number[] = [0x123456, 0x654321]
