import { SpateError } from '../../src/base/errors.ts'
import type { Random } from '../../src/base/random.ts'
import type { Canvas } from '../../src/boards/canvas/canvas.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { Verdict } from '../../src/boards/canvas/verdict.ts'
import { Digests } from '../../src/boards/digest.ts'
import type { BoardHost } from '../../src/boards/host.ts'
import type { Outcome } from '../../src/boards/intake.ts'
import { binaryFormat, boardJson } from '../../src/live/formats.ts'
import {
  decodeClientMessage,
  encodeServerMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
} from '../../src/live/protocol.ts'
import { Room } from '../../src/live/room.ts'
import { MAX_BUFFERED_BYTES, type Viewer } from '../../src/live/viewer.ts'
import { binaryFrame } from '../../src/live/websocket-frame.ts'
import type { Log } from '../../src/log/port.ts'
import type { ManualClock } from '../support/clock.ts'
import { openHost } from '../support/live.ts'
import { MemoryStore } from '../support/memory-kv.ts'
import type { ServerEnd, SimConnection } from './connection.ts'
import { delay, LaggingLog } from './lagging-log.ts'

/** As the HTTP side does. */
const WAIT_MS = 2_000
const MAX_REPLY_MS = 60
/** The player whom the log does not know until their first answer. Nobody bans them. */
export const NEWCOMER = 6

/** How often viewers were caught up, by where it came from. */
export interface CatchUps {
  fromMemory: number
  fromLog: number
  resyncs: number
  skips: number
}

interface Running {
  readonly host: BoardHost
  readonly room: Room
  readonly digests: Digests
}

/** One of several servers of a board: host, room, and what HTTP and sockets do for them. */
export class SimServer {
  readonly #id: string
  readonly #log: Log
  readonly #clock: ManualClock
  readonly #random: Random
  readonly #store = new MemoryStore()
  readonly #connections = new Set<SimConnection>()
  #running: Running | undefined
  #changing = false
  readonly catchUps: CatchUps = { fromMemory: 0, fromLog: 0, resyncs: 0, skips: 0 }

  constructor(id: string, shared: Log, clock: ManualClock, random: Random) {
    this.#id = id
    this.#log = new LaggingLog(shared, clock, random.fork(), random.pick([0, 5, 20, 150]))
    this.#clock = clock
    this.#random = random
  }

  get running(): Running | undefined {
    return this.#running
  }

  async start(): Promise<void> {
    const host = await openHost(this.#id, this.#log, this.#clock, this.#store.asKv())
    this.#running = { host, room: new Room(host, this.#clock), digests: new Digests(host.canvas) }
  }

  /** Ends, as told or as killed, and comes back after a while from what its store holds. */
  async restart(isCrash: boolean, downMs: number): Promise<void> {
    const running = this.#running
    if (running === undefined || this.#changing) return
    this.#changing = true
    this.#running = undefined
    this.#count(running.room)
    if (isCrash) this.#store.failure = new SpateError('unavailable', 'killed')
    for (const connection of this.#connections) connection.kill()
    running.room[Symbol.dispose]()
    await running.host[Symbol.asyncDispose]()
    await delay(this.#clock, downMs)
    this.#store.failure = undefined
    await this.start()
    this.#changing = false
  }

  async stop(): Promise<void> {
    if (this.#running === undefined) return
    this.#count(this.#running.room)
    this.#running.room[Symbol.dispose]()
    await this.#running.host[Symbol.asyncDispose]()
  }

  #count(room: Room): void {
    const { fromMemory, fromLog, resyncs, skips } = room.stats
    this.catchUps.fromMemory += fromMemory
    this.catchUps.fromLog += fromLog
    this.catchUps.resyncs += resyncs
    this.catchUps.skips += skips
  }

  /** The routes that a client needs. */
  async fetch(path: string): Promise<SimResponse> {
    await delay(this.#clock, this.#random.below(MAX_REPLY_MS))
    const running = this.#running
    if (running === undefined) throw new TypeError('fetch failed')
    const response = await this.#route(running.host, new URL(path, 'http://simulation'))
    await delay(this.#clock, this.#random.below(MAX_REPLY_MS))
    return response
  }

  async #route({ canvas }: BoardHost, url: URL): Promise<SimResponse> {
    const chunk = /\/chunks\/(\d+)\/(\d+)$/.exec(url.pathname)
    if (chunk === null) {
      const { position, timeMs, info } = canvas
      if (!url.pathname.endsWith('/chunks')) return jsonOf({ ...info, position, timeMs })
      return jsonOf({ position, chunks: presentChunks(canvas) })
    }
    const atLeast = Number(url.searchParams.get('v') ?? 0)
    for (let waitedMs = 0; canvas.position < atLeast; waitedMs += 50) {
      if (waitedMs >= WAIT_MS || this.#running?.host.canvas !== canvas)
        return jsonOf({ code: 'unavailable' }, 503)
      await delay(this.#clock, 50)
    }
    const colors = canvas.chunks[(Number(chunk[2]) << 8) | Number(chunk[1])]?.colors
    return { ok: true, status: 200, position: canvas.position, body: colors?.slice() ?? new Uint8Array(0) }
  }

  /** A client's request for the live protocol. */
  accept(connection: SimConnection, url: URL, player: number): ServerEnd | undefined {
    const running = this.#running
    if (running === undefined) return undefined
    const { host, room } = running
    const { canvas } = host
    this.#connections.add(connection)
    const { sink } = connection
    sink.write(
      framed({
        type: 'hello',
        version: PROTOCOL_VERSION,
        position: canvas.position,
        timeMs: this.#clock.now(),
        nextMs: canvas.nextMs(player, this.#clock.now()),
        player,
        board: boardJson(canvas.info),
      }),
    )
    const list = url.searchParams.get('chunks')
    const chunks = list === null ? null : new Set(list === '' ? [] : list.split(',').map(Number))
    const viewer = room.join(sink, {
      format: binaryFormat,
      after: Number(url.searchParams.get('v')),
      chunks,
      player: player === NEWCOMER ? 0 : player,
      answersHeartbeats: true,
    })
    return {
      message: (bytes) => this.#take(running, connection, viewer, player, bytes),
      drained: () => room.drained(viewer),
      closed: () => {
        this.#connections.delete(connection)
        room.leave(viewer)
      },
    }
  }

  #take(
    { host, room }: Running,
    connection: SimConnection,
    viewer: Viewer,
    player: number,
    bytes: Uint8Array,
  ): void {
    room.heard(viewer)
    const message = decodeClientMessage(bytes)
    switch (message.type) {
      case 'heartbeat':
        return
      case 'subscribe':
        room.subscribe(viewer, message.request, message.chunks === null ? null : new Set(message.chunks))
        return
      case 'edit':
        void this.#answer(host, connection, message.request, () => host.submit(player, message.edits)).then(
          () => room.identify(viewer, player),
        )
        return
      case 'undo':
        void this.#answer(host, connection, message.request, () => undo(host, player))
        return
    }
  }

  async #answer(
    host: BoardHost,
    connection: SimConnection,
    request: number,
    ask: () => Promise<Outcome>,
  ): Promise<void> {
    let reply: ServerMessage
    try {
      const { position, verdicts } = await ask()
      const told = verdicts.map((verdict) => (verdict === Verdict.shadowed ? Verdict.accepted : verdict))
      reply = { type: 'judged', request, position, nextMs: host.canvas.timeMs, verdicts: told }
    } catch (error) {
      if (!(error instanceof SpateError)) throw error
      reply = {
        type: 'refused',
        request,
        problem: JSON.stringify({ detail: error.message, code: error.code }),
      }
    }
    const frame = framed(reply)
    if (connection.sink.bufferedBytes() + frame.length > MAX_BUFFERED_BYTES) connection.kill()
    else connection.sink.write(frame)
  }
}

/** Numbers of the chunks that were ever touched. */
export function presentChunks({ chunks }: Canvas): number[] {
  const present: number[] = []
  chunks.forEach((chunk, index) => {
    if (chunk !== undefined) present.push(index)
  })
  return present
}

async function undo(host: BoardHost, player: number): Promise<Outcome> {
  const slot = host.canvas.undo.get(player)
  if (slot === undefined) throw new SpateError('conflict', 'nothing to undo')
  const { x, y, color, timeMs, before } = slot
  const cell = { x, y, expected: { color, player, timeMs }, becomes: before }
  const body = { kind: 'undo' as const, player, reason: '', cells: [cell] }
  const [outcome] = await host.append([{ type: RecordType.restored, body }])
  if (outcome === undefined) throw new SpateError('unavailable', 'no verdict')
  return outcome
}

function framed(message: ServerMessage): Uint8Array {
  return binaryFrame(encodeServerMessage(message))
}

export interface SimResponse {
  readonly ok: boolean
  readonly status: number
  readonly position?: number
  readonly body: Uint8Array<ArrayBuffer> | object
}

function jsonOf(body: object, status = 200): SimResponse {
  return { ok: status === 200, status, body }
}

/** As much of a Response as the client's API reads, without the streams of a real one. */
export function responseOf({ ok, status, position, body }: SimResponse): Response {
  return {
    ok,
    status,
    headers: new Headers(position === undefined ? {} : { 'x-content-version': String(position) }),
    json: async () => body,
    arrayBuffer: async () => (body instanceof Uint8Array ? body.buffer : new ArrayBuffer(0)),
    // The rest of a Response is not used.
  } as Response
}
