import { type Clock, systemClock } from '../base/clock.ts'
import type { BoardInfo } from '../boards/canvas/canvas.ts'
import { chunksOf, wrap } from '../boards/canvas/geometry.ts'
import {
  type ChunkEdits,
  type ClientMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
} from '../live/protocol.ts'
import { type Api, ProblemError } from './api.ts'
import { reconnectDelayMs } from './backoff.ts'
import { ChunkFetcher, pooled } from './chunk-fetcher.ts'
import { HiddenCells } from './hidden.ts'
import { LiveSocket, type OpenSocket, openLive, type SocketLike } from './live-socket.ts'
import { Replica } from './replica.ts'
import { type Placement, Requests } from './requests.ts'
import { WatchedChunks } from './watched.ts'

/** More chunks than this do not fit into a URL; they are subscribed to once connected. */
const MAX_LISTED = 512

export type ConnectionStatus = 'connecting' | 'live' | 'waiting' | 'closed'

export interface BoardEvents {
  readonly onStatus?: (status: ConnectionStatus) => void
  readonly onBoard?: (board: BoardInfo) => void
  /** Cells that changed, already in the replica. */
  readonly onEdits?: (groups: readonly ChunkEdits[], position: number) => void
  /** A chunk was fetched, already in the replica. */
  readonly onChunk?: (index: number) => void
  /** Cells that only this player sees, already in `hidden`. */
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
  readonly clock?: Clock
}

/**
 * A live copy of one board: fetches its chunks, follows its frames, places on it, and comes back by itself
 * after a drop, exactly where it was. Requests under way when the connection drops fail: whether they were
 * placed is then seen on the board. A server that has not come as far as this copy makes it begin again
 * from what that server has.
 */
export class BoardConnection {
  readonly #options: BoardOptions
  readonly #api: Api
  readonly #openSocket: OpenSocket
  readonly #random: () => number
  readonly #clock: Clock
  #replica: Replica
  #info: BoardInfo | undefined
  #position = 0
  #status: ConnectionStatus = 'connecting'
  readonly #watched: WatchedChunks
  /** What was watched when this connection was asked for. */
  #announced: ReadonlySet<number> | null = null
  #socket: LiveSocket | undefined
  #failures = 0
  readonly #requests = new Requests()
  /** Set while the next attempt is waited for. */
  #cancelRetry: (() => void) | undefined
  readonly #fetcher: ChunkFetcher
  readonly #ready = Promise.withResolvers<void>()
  /** The server's clock minus ours, ms; known once live. */
  clockOffsetMs = 0
  player = 0
  /** When this player might place next, by the server's clock, as of the last hello. */
  nextMs = 0
  /** What this player alone sees, of the chunks that are watched. */
  readonly hidden = new HiddenCells()
  /** Times the connection was lost and made again. */
  reconnects = 0
  /** Times the server named chunks to fetch because there was too much to say. */
  resyncs = 0
  #wasLive = false

  constructor(options: BoardOptions) {
    this.#options = options
    this.#api = options.api
    this.#openSocket = options.openSocket ?? ((url, protocol) => new WebSocket(url, protocol) as SocketLike)
    this.#random = options.random ?? Math.random
    this.#clock = options.clock ?? systemClock
    this.#watched = new WatchedChunks(options.chunks)
    this.#replica = new Replica(0)
    this.#fetcher = new ChunkFetcher(
      {
        api: this.#api,
        board: options.board,
        clock: this.#clock,
        random: this.#random,
        onChunk: (index) => options.onChunk?.(index),
      },
      this.#replica,
    )
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

  /** Whether the replica shows all of what is watched as of `position`. */
  get isComplete(): boolean {
    return this.#status === 'live' && this.#watched.isInStep && !this.#replica.isLoading
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
    const {
      position,
      timeMs: _timeMs,
      isCaptured: _isCaptured,
      ...info
    } = await this.#api.board(this.#options.board)
    const listed = await this.#api.chunkIndexes(this.#options.board)
    const replica = new Replica(info.background)
    const { chunks } = this.#watched
    const wanted = listed.chunks.filter((index) => chunks === null || chunks.has(index))
    let from = Math.min(position, listed.position)
    await pooled(wanted, async (index) => {
      const chunk = await this.#api.chunk(this.#options.board, index)
      replica.loaded(index, chunk.position, chunk.colors)
      from = Math.min(from, chunk.position)
    })
    if (this.#closed) return
    this.#watched.loaded(chunks)
    for (const index of wanted) if (!this.#watched.has(index)) replica.forget(index)
    for (const index of this.#watched.pending) replica.expect(index, 0)
    this.#replica = replica
    this.#fetcher.follow(replica)
    this.#position = from
    this.#takeInfo(info)
    for (const index of replica.indexes) this.#options.onChunk?.(index)
  }

  #takeInfo(info: BoardInfo): void {
    this.#info = info
    this.#options.onBoard?.(info)
  }

  #connect(): void {
    this.#setStatus('connecting')
    const path = `/api/boards/${this.#options.board}/live?v=${this.#position}`
    this.#watched.lost()
    this.#announced = this.#watched.chunks
    const chunks = this.#watched.inStep
    const isListed = chunks === null || chunks.length <= MAX_LISTED
    // What is not resumed is fetched anew.
    if (!isListed) this.#watched.loaded(new Set())
    for (const index of this.#watched.pending) this.#replica.expect(index, 0)
    const list = chunks === null ? '' : `&chunks=${isListed ? chunks.join(',') : ''}`
    const socket = openLive(this.#openSocket, this.#api.baseUrl, path + list)
    this.#socket = new LiveSocket(socket, this.#clock, {
      onMessage: (message) => this.#take(message),
      onLost: () => this.#lost(),
    })
  }

  #lost(): void {
    this.#socket = undefined
    this.#requests.lost()
    if (!this.#closed) this.#retry()
  }

  #retry(): void {
    if (this.#closed) return
    this.#failures += 1
    this.#setStatus('waiting')
    const delayMs = reconnectDelayMs(this.#failures, this.#random())
    this.#cancelRetry = this.#clock.after(delayMs, () => this.retryNow())
  }

  /** Tries at once what is waited for; nothing while an attempt is under way. As when the network is back. */
  retryNow(): void {
    if (this.#cancelRetry === undefined) return
    this.#cancelRetry()
    this.#cancelRetry = undefined
    if (this.#info === undefined) void this.#start()
    else this.#connect()
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case 'hello':
        this.#welcome(message)
        return
      case 'edits': {
        const groups = message.groups.filter(({ chunk }) => this.#watched.has(chunk))
        this.#replica.apply(message.position, groups)
        this.hidden.cover(groups)
        this.#position = Math.max(this.#position, message.position)
        this.#options.onEdits?.(groups, message.position)
        return
      }
      case 'resync':
        this.resyncs += 1
        for (const index of message.chunks) {
          if (!this.#watched.has(index)) continue
          this.hidden.forget(index)
          this.#fetcher.want(index, message.position)
        }
        this.#position = Math.max(this.#position, message.position)
        return
      case 'subscribed':
        this.#subscribed(message)
        return
      case 'board':
        // The server's own JSON of a board's information.
        this.#takeInfo(JSON.parse(message.board) as BoardInfo)
        return
      case 'hidden': {
        const groups = message.groups.filter(({ chunk }) => this.#watched.has(chunk))
        this.hidden.show(groups)
        this.#options.onHidden?.(groups)
        return
      }
      case 'heartbeat':
        this.#compareClocks(message.timeMs)
        this.#position = Math.max(this.#position, message.position)
        return
      case 'judged':
        this.#requests.judged(message)
        return
      case 'refused':
        this.#requests.refused(message)
        return
    }
  }

  #compareClocks(serverMs: number): void {
    this.clockOffsetMs = serverMs - this.#clock.now()
  }

  #welcome(message: Extract<ServerMessage, { type: 'hello' }>): void {
    if (message.version !== PROTOCOL_VERSION) {
      this.#ready.reject(new Error(`the server speaks version ${message.version}: reload the page`))
      this.close()
      return
    }
    this.player = message.player
    this.#compareClocks(message.timeMs)
    this.nextMs = message.nextMs
    if (message.position < this.#position) {
      this.#info = undefined
      this.drop()
      return
    }
    this.#failures = 0
    this.hidden.clear()
    if (this.#wasLive) this.reconnects += 1
    this.#wasLive = true
    // The server's own JSON of a board's information.
    this.#takeInfo(JSON.parse(message.board) as BoardInfo)
    this.#setStatus('live')
    // The server must not take for known what was left and taken up again since it was asked.
    if (this.#watched.chunks !== this.#announced) this.#subscribe(this.#watched.inStep)
    if (!this.#watched.isInStep) this.#subscribe(this.#watched.chunks)
    this.#ready.resolve()
  }

  #subscribed({ request, position, chunks }: Extract<ServerMessage, { type: 'subscribed' }>): void {
    const named = new Set(chunks)
    this.#position = Math.max(this.#position, position)
    for (const index of this.#watched.answered(request)) {
      if (named.has(index)) {
        this.#fetcher.want(index, position)
      } else {
        this.#replica.loaded(index, position, undefined)
        this.#options.onChunk?.(index)
      }
    }
  }

  /** From now on only these chunks are kept up to date, at most 4,096. */
  watch(chunks: readonly number[]): void {
    for (const index of this.#watched.change(chunks)) this.#replica.expect(index, 0)
    this.#replica.keep((index) => this.#watched.has(index))
    this.hidden.keep((index) => this.#watched.has(index))
    if (this.#status === 'live') this.#subscribe(this.#watched.chunks)
  }

  #subscribe(chunks: Iterable<number> | null): void {
    const request = this.#requests.number()
    if (chunks === this.#watched.chunks) this.#watched.asked(request)
    const list = chunks === null ? null : Uint16Array.from(chunks)
    this.#socket?.send({ type: 'subscribe', request, chunks: list })
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
    return this.#ask((request) => ({ type: 'edit', request, edits: wrapped }))
  }

  /** Takes the last placement back, within the board's undo time. */
  async undo(): Promise<Placement> {
    const [placement] = await this.#ask((request) => ({ type: 'undo', request }))
    if (placement === undefined) throw new Error('the server answered without a verdict')
    return placement
  }

  #ask(ask: (request: number) => ClientMessage): Promise<Placement[]> {
    const socket = this.#socket
    if (socket === undefined || this.#status !== 'live') {
      return Promise.reject(new Error('not connected'))
    }
    const request = this.#requests.number()
    const answer = this.#requests.answer(request)
    socket.send(ask(request))
    return answer
  }

  /** Drops the connection as a network would; it comes back by itself. */
  drop(): void {
    this.#socket?.close()
  }

  close(): void {
    this.#setStatus('closed')
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#fetcher.close()
    this.#socket?.close()
    this.#ready.reject(new Error('closed'))
  }
}

/** All chunks of a board's extent. */
export function allChunks(info: BoardInfo): number[] {
  return chunksOf(info.extent)
}
