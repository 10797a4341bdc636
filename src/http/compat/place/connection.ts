import type { RawData, WebSocket } from 'ws'
import type { Clock } from '../../../base/clock.ts'
import { SpateError } from '../../../base/errors.ts'
import type { Sink } from '../../../live/format.ts'
import { MAX_BUFFERED_BYTES, MAX_FRAMES_BYTES } from '../../../live/viewer.ts'
import { PING_FRAME, textFrame } from '../../../live/websocket-frame.ts'
import type { Announcement } from './announcement.ts'
import type { ConfigurationReader, PlaceBoard } from './board.ts'
import {
  ackMessage,
  bearerIn,
  completeMessage,
  connectionErrorMessage,
  dataMessage,
  decodePlaceMessage,
  errorMessage,
  keepAliveMessage,
  type OperationId,
  type OperationRequest,
  type PlaceClientMessage,
  pongMessage,
  type Subprotocol,
} from './dialects.ts'
import type { FrameReader } from './feed.ts'
import type { Operations, PlainError } from './operations.ts'
import type { Selection } from './selections.ts'

export const MAX_SUBSCRIPTIONS = 64
/** Who says nothing for so long is gone; every WebSocket answers pings. */
const SILENCE_MS = 45_000
/** Who has not shown a pass by then is sent away. */
const INIT_MS = 10_000
const MAX_ECHO_CHARACTERS = 1024

/** Closes of graphql-transport-ws, said to all. */
const Close = {
  malformed: [4400, 'Malformed message'],
  unauthorized: [4401, 'Unauthorized'],
  forbidden: [4403, 'Forbidden'],
  initTimeout: [4408, 'Connection initialisation timeout'],
  duplicate: [4409, 'Subscriber already exists'],
  initTwice: [4429, 'Too many initialisation requests'],
} as const satisfies Readonly<Record<string, readonly [number, string]>>
const UNSUPPORTED = 1003
const TRY_AGAIN = 1013

export interface ConnectionServices {
  readonly clock: Clock
  readonly operations: Operations
  readonly board: PlaceBoard
  /** When a pass ends or has ended; undefined for what is none. */
  readonly endOfPass: (pass: string) => number | undefined
}

export interface Caller {
  readonly agreed: Subprotocol | undefined
  readonly address: string
  /** Of the upgrade's `Authorization`. */
  readonly bearer: string | undefined
  /** What the addresses of frames begin with, as this caller reaches them. */
  readonly media: string
}

/** What of a WebSocket its connection ends it by. */
export type Ending = Pick<WebSocket, 'close' | 'terminate'>

/**
 * One socket. What a client says wrong ends at most its own connection. Frames wait for nobody: who has no room
 * for one is given a full frame later ({@link FrameReader}). Answers to what was asked are not thrown away: who
 * does not read them is let go.
 */
export class PlaceConnection {
  readonly #services: ConnectionServices
  readonly #caller: Caller
  readonly #ws: Ending
  readonly #sink: Sink
  readonly #subscriptions = new Map<string, Subscription>()
  /** The words in which the client asked last. */
  #dialect: Subprotocol | undefined
  #passEndMs: number | undefined
  #isGreeted = false
  readonly #openedMs: number
  #heardMs: number

  constructor(services: ConnectionServices, caller: Caller, ws: Ending, sink: Sink) {
    this.#services = services
    this.#caller = caller
    this.#ws = ws
    this.#sink = sink
    this.#dialect = caller.agreed
    this.#openedMs = services.clock.elapsedMs()
    this.#heardMs = this.#openedMs
  }

  get subscriptions(): number {
    return this.#subscriptions.size
  }

  heard(): void {
    this.#heardMs = this.#services.clock.elapsedMs()
  }

  take(data: RawData, isBinary: boolean): void {
    this.heard()
    if (isBinary || !(data instanceof Buffer)) {
      this.#ws.close(UNSUPPORTED, 'expected text')
      return
    }
    const text = data.toString()
    const message = decodePlaceMessage(text)
    switch (message.type) {
      case 'init':
        return void this.#init(message.payload)
      case 'start':
        return void this.#start(message)
      case 'stop':
        return void this.#stop(message.id, message.dialect)
      case 'ping':
        return void this.#say(pongMessage(text.length > MAX_ECHO_CHARACTERS ? undefined : message.payload))
      case 'pong':
        return
      case 'terminate':
        return void this.#ws.close()
      case 'malformed':
        if (this.#dialect === 'graphql-transport-ws') return void this.#close(Close.malformed)
        return void this.#say(errorMessage('graphql-ws', message.id, [{ message: message.reason }]))
    }
  }

  #init(payload: unknown): void {
    if (this.#isGreeted) {
      if (this.#caller.agreed === 'graphql-transport-ws') return void this.#close(Close.initTwice)
      return void this.#say(ackMessage())
    }
    if (!this.#admits(bearerIn(payload) ?? this.#caller.bearer)) return void this.#refuse(Close.forbidden)
    this.#isGreeted = true
    this.#say(ackMessage())
    if (this.#dialect === 'graphql-ws') this.#say(keepAliveMessage('graphql-ws'))
  }

  #admits(pass: string | undefined): boolean {
    const endMs = pass === undefined ? undefined : this.#services.endOfPass(pass)
    if (endMs === undefined || endMs <= this.#services.clock.now()) return false
    this.#passEndMs = endMs
    return true
  }

  #refuse(close: readonly [number, string]): void {
    if (this.#dialect !== 'graphql-transport-ws')
      this.#say(connectionErrorMessage('401 Unauthorized: the page gives tokens, which end after an hour'))
    this.#close(close)
  }

  #start({ id, dialect, request }: Extract<PlaceClientMessage, { type: 'start' }>): void {
    this.#dialect = dialect
    if (!this.#isGreeted) {
      // A client that has shown its token already may begin at once.
      if (!this.#admits(this.#caller.bearer)) return void this.#refuse(Close.unauthorized)
      this.#isGreeted = true
    }
    const key = JSON.stringify(id)
    if (this.#subscriptions.has(key)) {
      if (dialect === 'graphql-transport-ws') return void this.#close(Close.duplicate)
      this.#end(key)
    }
    const errors = this.#run(id, key, dialect, request)
    if (errors !== undefined) this.#say(errorMessage(dialect, id, errors))
  }

  /** @returns why not */
  #run(
    id: OperationId,
    key: string,
    dialect: Subprotocol,
    request: OperationRequest,
  ): readonly PlainError[] | undefined {
    const { operations, board, clock } = this.#services
    try {
      if ((this.#passEndMs ?? 0) <= clock.now()) throw new SpateError('unauthorized', 'the token has ended')
      const prepared = operations.prepare(request, this.#caller.address, board)
      if ('errors' in prepared) return prepared.errors
      if (prepared.operation !== 'subscription') {
        this.#say(dataMessage(dialect, id, operations.answer(request, prepared, board)))
        this.#say(completeMessage(id))
        return undefined
      }
      if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS)
        throw new SpateError('limited', `at most ${MAX_SUBSCRIPTIONS} subscriptions a connection`)
      const selection = operations.select(request, prepared, this.#caller.media, this.#caller.address)
      if ('errors' in selection) return selection.errors
      const subscription = new Subscription(board, selection, this.#sink, dialect, id)
      this.#subscriptions.set(key, subscription)
      subscription.begin()
      return undefined
    } catch (error) {
      this.#end(key)
      return operations.refusal(error).errors
    }
  }

  #stop(id: OperationId, dialect: Subprotocol): void {
    if (this.#end(JSON.stringify(id)) && dialect === 'graphql-ws') this.#say(completeMessage(id))
  }

  #end(key: string): boolean {
    const subscription = this.#subscriptions.get(key)
    if (subscription === undefined) return false
    this.#subscriptions.delete(key)
    subscription.end()
    this.#services.operations.giveBack(subscription.selection)
    return true
  }

  /** Every five seconds: clients end connections that are silent for ten. */
  beat(isPing: boolean): void {
    const nowMs = this.#services.clock.elapsedMs()
    if (!this.#isGreeted && nowMs - this.#openedMs >= INIT_MS) return void this.#close(Close.initTimeout)
    if (nowMs - this.#heardMs >= SILENCE_MS) return void this.#sink.close('silent for too long')
    for (const subscription of this.#subscriptions.values()) subscription.catchUp()
    if (this.#sink.bufferedBytes() > 0) return
    if (isPing) this.#sink.write(PING_FRAME)
    if (this.#isGreeted && this.#dialect !== undefined) this.#say(keepAliveMessage(this.#dialect))
  }

  #say(message: string): void {
    const frame = textFrame(message)
    const buffered = this.#sink.bufferedBytes()
    if (buffered > 0 && buffered + frame.length > MAX_BUFFERED_BYTES) {
      this.#ws.close(TRY_AGAIN, 'answers are not being read')
      this.#ws.terminate()
      return
    }
    this.#sink.write(frame)
  }

  #close([code, reason]: readonly [number, string]): void {
    this.#ws.close(code, reason)
  }

  /** The server is stopping. */
  goAway(): void {
    this.#sink.close('the server is stopping')
  }

  closed(): void {
    for (const key of [...this.#subscriptions.keys()]) this.#end(key)
  }
}

/** One operation that goes on until it is stopped. */
class Subscription implements FrameReader, ConfigurationReader {
  readonly selection: Selection
  readonly #board: PlaceBoard
  readonly #sink: Sink
  readonly #dialect: Subprotocol
  readonly #id: OperationId
  /** A configuration that there was no room for. */
  #owed: Announcement | undefined

  constructor(board: PlaceBoard, selection: Selection, sink: Sink, dialect: Subprotocol, id: OperationId) {
    this.#board = board
    this.selection = selection
    this.#sink = sink
    this.#dialect = dialect
    this.#id = id
  }

  begin(): void {
    const { channel } = this.selection
    if (channel.category === 'CONFIG') this.#board.joinConfiguration(this)
    else this.#board.joinCanvas(channel.canvas, this)
  }

  end(): void {
    const { channel } = this.selection
    if (channel.category === 'CONFIG') this.#board.leaveConfiguration(this)
    else this.#board.leaveCanvas(channel.canvas, this)
  }

  hasRoom(): boolean {
    return this.#sink.bufferedBytes() === 0
  }

  take(announcement: Announcement): boolean {
    const frame = announcement.frameFor(this.selection, this.#dialect, this.#id)
    const buffered = this.#sink.bufferedBytes()
    if (buffered > 0 && buffered + frame.length > MAX_FRAMES_BYTES) return false
    this.#sink.write(frame)
    return true
  }

  configured(announcement: Announcement): void {
    this.#owed = this.take(announcement) ? undefined : announcement
  }

  catchUp(): void {
    if (this.#owed !== undefined && this.hasRoom()) this.configured(this.#owed)
  }
}
