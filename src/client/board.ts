import type { BoardInfo } from '../boards/canvas/canvas.ts'
import { chunksOf, wrap } from '../boards/canvas/geometry.ts'
import { looksAccepted, type VerdictName, verdictName } from '../boards/canvas/verdict.ts'
import {
  type ChunkEdits,
  decodeServerMessage,
  encodeClientMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
  SUBPROTOCOL,
} from '../live/protocol.ts'
import { type Api, type Problem, ProblemError } from './api.ts'
import { reconnectDelayMs } from './backoff.ts'
import { Replica } from './replica.ts'

const HEARTBEAT_MS = 15_000
/** The server speaks at least every 15 s; after this silence the connection is dead. */
const SILENCE_MS = 40_000
const FETCHES_AT_ONCE = 6
/** More chunks than this do not fit into a URL; they are subscribed to once connected. */
const MAX_LISTED = 512

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

export type ConnectionStatus = 'connecting' | 'live' | 'waiting' | 'closed'

export interface Placement {
  readonly accepted: boolean
  readonly verdict: VerdictName
  readonly position: number
  /** When the player may place again, ms since the epoch by the server's clock. */
  readonly nextMs: number
}

export interface BoardEvents {
  readonly onStatus?: (status: ConnectionStatus) => void
  readonly onBoard?: (board: BoardInfo) => void
  /** Cells that changed, already in the replica. */
  readonly onEdits?: (groups: readonly ChunkEdits[], position: number) => void
  /** A chunk was fetched, already in the replica. */
  readonly onChunk?: (index: number) => void
  /** Cells that only this player sees. */
  readonly onHidden?: (groups: readonly ChunkEdits[]) => void
}

export interface BoardOptions extends BoardEvents {
  readonly api: Api
  readonly board: string
  /** Default: the platform's WebSocket. */
  readonly openSocket?: OpenSocket
  /** Chunks to watch; default: all that the board has. */
  readonly chunks?: readonly number[]
  readonly random?: () => number
}

interface Request {
  readonly done: PromiseWithResolvers<Placement[]>
}

/**
 * A live copy of one board: fetches its chunks, follows its frames, places on it, and comes back by itself
 * after a drop, exactly where it was. Requests under way when the connection drops fail: whether they were
 * placed is then seen on the board.
 */
export class BoardConnection {
  readonly #options: BoardOptions
  readonly #api: Api
  readonly #openSocket: OpenSocket
  readonly #random: () => number
  #replica: Replica
  #info: BoardInfo | undefined
  #position = 0
  #status: ConnectionStatus = 'connecting'
  #watched: ReadonlySet<number> | null
  #socket: SocketLike | undefined
  #failures = 0
  #requests = new Map<number, Request>()
  #nextRequest = 1
  #timer: ReturnType<typeof setTimeout> | undefined
  #silence: ReturnType<typeof setTimeout> | undefined
  #beat: ReturnType<typeof setInterval> | undefined
  #fetching = new Set<number>()
  readonly #toFetch = new Set<number>()
  readonly #ready = Promise.withResolvers<void>()
  /** The server's clock minus ours, ms. */
  clockOffsetMs = 0
  player = 0
  /** Times the connection was lost and made again. */
  reconnects = 0

  constructor(options: BoardOptions) {
    this.#options = options
    this.#api = options.api
    this.#openSocket = options.openSocket ?? ((url, protocol) => new WebSocket(url, protocol) as SocketLike)
    this.#random = options.random ?? Math.random
    this.#watched = options.chunks === undefined ? null : new Set(options.chunks)
    this.#replica = new Replica(0)
    this.#ready.promise.catch(() => {})
    void this.#start()
  }

  /** Resolves once the board is loaded and live. Errors: the server's, when there is no such board. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get info(): BoardInfo | undefined {
    return this.#info
  }

  get replica(): Replica {
    return this.#replica
  }

  /** The replica shows the board as of here, chunks being fetched aside. */
  get position(): number {
    return this.#position
  }

  get status(): ConnectionStatus {
    return this.#status
  }

  #setStatus(status: ConnectionStatus): void {
    if (this.#status === status) return
    this.#status = status
    this.#options.onStatus?.(status)
  }

  get #closed(): boolean {
    return this.#status === 'closed'
  }

  async #start(): Promise<void> {
    try {
      await this.#load()
      if (!this.#closed) this.#connect()
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status < 500 && error.problem.status !== 429) {
        this.#ready.reject(error)
        this.close()
      } else {
        this.#retry()
      }
    }
  }

  /** Fetches the board and its chunks; the oldest of what came is where the live frames must begin. */
  async #load(): Promise<void> {
    const { position, timeMs: _timeMs, ...info } = await this.#api.board(this.#options.board)
    const listed = await this.#api.chunkIndexes(this.#options.board)
    const replica = new Replica(info.background)
    const wanted = listed.chunks.filter((index) => this.#watched?.has(index) ?? true)
    let from = Math.min(position, listed.position)
    await pooled(wanted, async (index) => {
      const chunk = await this.#api.chunk(this.#options.board, index)
      replica.loaded(index, chunk.position, chunk.colors)
      from = Math.min(from, chunk.position)
    })
    this.#replica = replica
    this.#position = from
    this.#takeInfo(info)
    for (const index of wanted) this.#options.onChunk?.(index)
  }

  #takeInfo(info: BoardInfo): void {
    this.#info = info
    this.#options.onBoard?.(info)
  }

  #connect(): void {
    this.#setStatus('connecting')
    const path = `/api/boards/${this.#options.board}/live?v=${this.#position}`
    const watched = this.#watched
    const list = watched === null ? '' : `&chunks=${watched.size > MAX_LISTED ? '' : [...watched].join(',')}`
    const socket = this.#openSocket(socketUrl(this.#api.baseUrl, path + list), SUBPROTOCOL)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    socket.onopen = () => {
      if (watched !== this.#watched || (watched?.size ?? 0) > MAX_LISTED) this.#sendWatched()
    }
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return
      this.#heard()
      // binaryType is arraybuffer; a text frame is not of this protocol.
      if (data instanceof ArrayBuffer) this.#take(decodeServerMessage(new Uint8Array(data)))
    }
    socket.onclose = () => this.#lost(socket)
    socket.onerror = () => {}
    this.#heard()
    clearInterval(this.#beat)
    this.#beat = setInterval(() => {
      if (this.#status === 'live') this.#socket?.send(encodeClientMessage({ type: 'heartbeat' }))
    }, HEARTBEAT_MS)
  }

  #heard(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => {
      const socket = this.#socket
      if (socket === undefined) return
      socket.close()
      this.#lost(socket)
    }, SILENCE_MS)
  }

  #lost(socket: SocketLike): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    clearTimeout(this.#silence)
    clearInterval(this.#beat)
    for (const { done } of this.#requests.values()) done.reject(new Error('the connection was lost'))
    this.#requests.clear()
    if (!this.#closed) this.#retry()
  }

  #retry(): void {
    this.#failures += 1
    this.#setStatus('waiting')
    const delayMs = reconnectDelayMs(this.#failures, this.#random())
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.reconnects += 1
      if (this.#info === undefined) void this.#start()
      else this.#connect()
    }, delayMs)
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case 'hello':
        this.#welcome(message)
        return
      case 'edits':
        this.#replica.apply(message.position, message.groups)
        this.#position = Math.max(this.#position, message.position)
        this.#options.onEdits?.(message.groups, message.position)
        return
      case 'resync':
        for (const index of message.chunks) this.#fetch(index, message.position)
        this.#position = Math.max(this.#position, message.position)
        return
      case 'board':
        // The server's own JSON of a board's information.
        this.#takeInfo(JSON.parse(message.board) as BoardInfo)
        return
      case 'hidden':
        this.#options.onHidden?.(message.groups)
        return
      case 'heartbeat':
        this.clockOffsetMs = message.timeMs - Date.now()
        this.#position = Math.max(this.#position, message.position)
        return
      case 'judged':
        this.#judged(message)
        return
      case 'refused': {
        const request = this.#requests.get(message.request)
        this.#requests.delete(message.request)
        // The server's own problem document.
        request?.done.reject(new ProblemError(JSON.parse(message.problem) as Problem))
        return
      }
    }
  }

  #welcome(message: Extract<ServerMessage, { type: 'hello' }>): void {
    if (message.version !== PROTOCOL_VERSION) {
      this.#ready.reject(new Error(`the server speaks version ${message.version}: reload the page`))
      this.close()
      return
    }
    this.player = message.player
    if (message.position < this.#position) {
      // A server that is behind what we saw: begin again from what it has.
      this.#socket?.close()
      this.#info = undefined
      return
    }
    this.#failures = 0
    // The server's own JSON of a board's information.
    this.#takeInfo(JSON.parse(message.board) as BoardInfo)
    this.#setStatus('live')
    this.#ready.resolve()
  }

  #judged(message: Extract<ServerMessage, { type: 'judged' }>): void {
    const request = this.#requests.get(message.request)
    this.#requests.delete(message.request)
    const placements = Array.from(message.verdicts, (code) => ({
      accepted: looksAccepted(code),
      verdict: verdictName(code),
      position: message.position,
      nextMs: message.nextMs,
    }))
    request?.done.resolve(placements)
  }

  #fetch(index: number, atLeast: number): void {
    this.#replica.expect(index, atLeast)
    this.#toFetch.add(index)
    this.#fetchMore()
  }

  #fetchMore(): void {
    for (const index of this.#toFetch) {
      if (this.#fetching.size >= FETCHES_AT_ONCE) return
      if (this.#fetching.has(index)) continue
      this.#toFetch.delete(index)
      this.#fetching.add(index)
      void this.#fetchOne(index)
    }
  }

  async #fetchOne(index: number): Promise<void> {
    const replica = this.#replica
    let again = false
    try {
      const { position, colors } = await this.#api.chunk(this.#options.board, index, replica.expected(index))
      again = !replica.loaded(index, position, colors)
      if (!again && replica === this.#replica) this.#options.onChunk?.(index)
    } catch {
      // The server is away or refuses for now: ask again, no faster than the reconnect would.
      again = true
      await new Promise((resolve) => setTimeout(resolve, reconnectDelayMs(2, this.#random())))
    }
    this.#fetching.delete(index)
    if (again && replica === this.#replica && !this.#closed) this.#toFetch.add(index)
    this.#fetchMore()
  }

  /** From now on only these chunks are kept up to date. */
  watch(chunks: readonly number[]): void {
    const watched = new Set(chunks)
    for (const index of this.#replica.indexes) if (!watched.has(index)) this.#replica.forget(index)
    this.#watched = watched
    if (this.#status === 'live') this.#sendWatched()
  }

  #sendWatched(): void {
    const chunks = this.#watched === null ? null : Uint16Array.from(this.#watched)
    this.#socket?.send(encodeClientMessage({ type: 'subscribe', chunks }))
  }

  /** Signed coordinates. Resolves once durable and judged. Errors: {@link ProblemError}, or the drop. */
  async place(x: number, y: number, color: number): Promise<Placement> {
    const [placement] = await this.placeAll([{ x, y, color }])
    if (placement === undefined) throw new Error('the server answered without a verdict')
    return placement
  }

  /** As {@link place}, up to 1,024 in one frame. */
  placeAll(edits: readonly { x: number; y: number; color: number }[]): Promise<Placement[]> {
    const wrapped = edits.map(({ x, y, color }) => ({ x: wrap(x), y: wrap(y), color }))
    return this.#ask((request) => encodeClientMessage({ type: 'edit', request, edits: wrapped }))
  }

  /** Takes the last placement back, within the board's undo time. */
  async undo(): Promise<Placement> {
    const [placement] = await this.#ask((request) => encodeClientMessage({ type: 'undo', request }))
    if (placement === undefined) throw new Error('the server answered without a verdict')
    return placement
  }

  #ask(encode: (request: number) => Uint8Array<ArrayBuffer>): Promise<Placement[]> {
    const socket = this.#socket
    if (socket === undefined || this.#status !== 'live') {
      return Promise.reject(new Error('not connected'))
    }
    const request = this.#nextRequest++ >>> 0
    const done = Promise.withResolvers<Placement[]>()
    this.#requests.set(request, { done })
    socket.send(encode(request))
    return done.promise
  }

  /** Drops the connection as a network would; it comes back by itself. */
  drop(): void {
    const socket = this.#socket
    if (socket === undefined) return
    socket.close()
    this.#lost(socket)
  }

  close(): void {
    this.#setStatus('closed')
    clearTimeout(this.#timer)
    const socket = this.#socket
    if (socket !== undefined) {
      socket.close()
      this.#lost(socket)
    }
    this.#ready.reject(new Error('closed'))
  }
}

/** All chunks of a board's extent. */
export function allChunks(info: BoardInfo): number[] {
  return chunksOf(info.extent)
}

function socketUrl(baseUrl: string, path: string): string {
  const url = new URL(path, baseUrl)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

async function pooled<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: FETCHES_AT_ONCE }, lane))
}
