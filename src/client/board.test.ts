import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { created } from '../../test/support/boards.ts'
import { ManualClock } from '../../test/support/clock.ts'
import { CHUNK_CELLS } from '../boards/canvas/geometry.ts'
import {
  type ClientMessage,
  decodeClientMessage,
  encodeServerMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
  SUBPROTOCOL,
} from '../live/protocol.ts'
import { LastWrites } from '../live/recent.ts'
import { Api, ProblemError } from './api.ts'
import { BoardConnection, type BoardOptions } from './board.ts'
import type { SocketLike } from './live-socket.ts'

const INFO = (({ rules, ...info }) => ({ ...info, rules, locks: [] }))(created({ id: 'b' }))
const HEARTBEAT_MS = 15_000
const SILENCE_MS = 40_000

class FakeSocket implements SocketLike {
  binaryType = ''
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  readonly url: URL
  readonly protocol: string
  readonly sent: ClientMessage[] = []
  closed = false

  constructor(url: string, protocol: string) {
    this.url = new URL(url)
    this.protocol = protocol
  }

  get query(): Record<string, string> {
    return Object.fromEntries(this.url.searchParams)
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(decodeClientMessage(data))
  }

  close(): void {
    this.closed = true
  }

  say(message: ServerMessage): void {
    const { buffer, byteOffset, byteLength } = encodeServerMessage(message)
    this.onmessage?.({ data: buffer.slice(byteOffset, byteOffset + byteLength) })
  }

  hello(
    position: number,
    part: { version?: number; timeMs?: number; nextMs?: number; board?: object } = {},
  ): void {
    const board = JSON.stringify(part.board ?? INFO)
    const { version = PROTOCOL_VERSION, timeMs = 0, nextMs = timeMs } = part
    this.say({ type: 'hello', version, position, timeMs, nextMs, player: 4, board })
  }

  edits(position: number, ...cells: readonly (readonly [x: number, y: number, color: number])[]): void {
    const writes = new LastWrites()
    for (const [x, y, color] of cells) writes.add(x, y, color)
    this.say({ type: 'edits', position, groups: writes.groups() })
  }

  hidden(...cells: readonly (readonly [x: number, y: number, color: number])[]): void {
    const writes = new LastWrites()
    for (const [x, y, color] of cells) writes.add(x, y, color)
    this.say({ type: 'hidden', position: 10, groups: writes.groups() })
  }

  resync(position: number, ...chunks: readonly number[]): void {
    this.say({ type: 'resync', position, chunks: Uint16Array.from(chunks) })
  }

  subscribed(request: number, position: number, ...chunks: readonly number[]): void {
    this.say({ type: 'subscribed', request, position, chunks: Uint16Array.from(chunks) })
  }

  /** As when the network goes. */
  lose(): void {
    // A close event; nothing of it is read.
    this.onclose?.(undefined as never)
  }
}

/** The HTTP side of a server: what it would answer, and what it was asked. */
class FakeServer {
  position = 10
  readonly chunks = new Map<number, Uint8Array>()
  readonly asked: string[] = []
  /** What to answer instead, while it is set. */
  failure: (() => Response | Promise<never>) | undefined
  /** While set, chunks are answered when it resolves. */
  gate: Promise<void> | undefined

  paint(chunk: number, cell: number, color: number): void {
    const colors = this.chunks.get(chunk) ?? new Uint8Array(CHUNK_CELLS)
    colors[cell] = color
    this.chunks.set(chunk, colors)
  }

  #failed(): Response | Promise<never> | undefined {
    return this.failure?.()
  }

  readonly fetch: typeof fetch = async (input) => {
    const { pathname, search } = new URL(String(input))
    this.asked.push(pathname.replace('/api/boards/b', '') + search)
    const failed = this.#failed()
    if (failed !== undefined) return failed
    const chunk = /\/chunks\/(\d+)\/(\d+)$/.exec(pathname)
    if (chunk !== null) {
      await this.gate
      const failedSince = this.#failed()
      if (failedSince !== undefined) return failedSince
      const colors = this.chunks.get((Number(chunk[2]) << 8) | Number(chunk[1]))
      const body = colors === undefined ? '' : new Uint8Array(colors)
      return new Response(body, { headers: { 'x-content-version': String(this.position) } })
    }
    const body = pathname.endsWith('/chunks')
      ? { position: this.position, chunks: [...this.chunks.keys()] }
      : { ...INFO, position: this.position, timeMs: 0 }
    return Response.json(body)
  }
}

function problem(status: number, code: string): Response {
  return Response.json({ type: 'about:blank', title: '', status, detail: code, code }, { status })
}

interface Scene {
  readonly clock: ManualClock
  readonly server: FakeServer
  readonly connection: BoardConnection
  readonly sockets: FakeSocket[]
  readonly events: unknown[][]
  /** The latest socket. */
  readonly socket: FakeSocket
}

/** A connection that has loaded what `paint` left on the server; its socket waits for the hello. */
async function scene(
  t: TestContext,
  part: Partial<BoardOptions> & { prepare?: (server: FakeServer) => void } = {},
): Promise<Scene> {
  const clock = new ManualClock()
  const server = new FakeServer()
  const { prepare, ...options } = part
  prepare?.(server)
  const sockets: FakeSocket[] = []
  const events: unknown[][] = []
  const connection = new BoardConnection({
    api: new Api({ baseUrl: 'http://test', fetch: server.fetch }),
    board: 'b',
    clock,
    random: () => 0.5,
    openSocket: (url, protocol) => {
      const socket = new FakeSocket(url, protocol)
      sockets.push(socket)
      return socket
    },
    onStatus: (status) => events.push(['status', status]),
    onChunk: (index) => events.push(['chunk', index]),
    onEdits: (groups, position) => events.push(['edits', position, groups.map(({ chunk }) => chunk)]),
    onHidden: (groups) => events.push(['hidden', groups.map(({ chunk }) => chunk)]),
    ...options,
  })
  t.after(() => connection.close())
  await clock.settle()
  const scene = {
    clock,
    server,
    connection,
    sockets,
    events,
    get socket(): FakeSocket {
      return sockets.at(-1) ?? assert.fail('no socket was opened')
    },
  }
  return scene
}

/** As {@link scene}, live. */
async function live(t: TestContext, part: Parameters<typeof scene>[1] = {}): Promise<Scene> {
  const one = await scene(t, part)
  one.socket.hello(one.server.position)
  await one.connection.ready
  one.events.length = 0
  one.server.asked.length = 0
  return one
}

/** Lets the wait before the next attempt pass. */
async function comeBack({ clock, sockets }: Scene): Promise<FakeSocket> {
  const before = sockets.length
  await clock.advance(15_000 / 2)
  return sockets[before] ?? assert.fail('no new socket')
}

test('[V19] the board and its chunks are fetched, then followed from their position', async (t) => {
  const { connection, server, socket, events } = await scene(t, {
    prepare: (server) => {
      server.paint(0, 7, 3)
      server.paint(257, 0, 4)
    },
  })
  assert.deepEqual(server.asked, ['', '/chunks', '/chunks/0/0', '/chunks/1/1'])
  assert.equal(socket.url.href, 'ws://test/api/boards/b/live?v=10')
  assert.equal(socket.protocol, SUBPROTOCOL)
  assert.deepEqual(events, [
    ['chunk', 0],
    ['chunk', 257],
  ])
  assert.equal(connection.status, 'connecting')
  socket.hello(10)
  await connection.ready
  assert.deepEqual(
    [connection.status, connection.player, connection.info, connection.isComplete],
    ['live', 4, INFO, true],
  )
  assert.equal(connection.replica.colorAt(7, 0), 3)
})

test('[V19] frames begin at the oldest of what was fetched', async (t) => {
  const positions = [30, 20, 15]
  const { socket } = await scene(t, {
    prepare: (server) => {
      server.paint(0, 0, 1)
      const { fetch } = server
      const older: typeof fetch = (input) => {
        server.position = positions.shift() ?? assert.fail('three requests')
        return fetch(input)
      }
      Object.assign(server, { fetch: older })
    },
  })
  assert.equal(socket.query.v, '15')
})

test('[V19] a board that is not there fails at once', async (t) => {
  const { connection, sockets } = await scene(t, {
    prepare: (server) => {
      server.failure = () => problem(404, 'not-found')
    },
  })
  await assert.rejects(
    connection.ready,
    (error) => error instanceof ProblemError && error.problem.code === 'not-found',
  )
  assert.deepEqual([connection.status, sockets.length], ['closed', 0])
})

test('[V23] a server that is away is asked again', async (t) => {
  const one = await scene(t, {
    prepare: (server) => {
      server.failure = () => Promise.reject(new TypeError('fetch failed'))
    },
  })
  assert.deepEqual(one.events, [['status', 'waiting']])
  one.server.failure = () => problem(503, 'unavailable')
  await one.clock.advance(250)
  assert.equal(one.sockets.length, 0)
  one.server.failure = undefined
  await comeBack(one)
  one.socket.hello(10)
  await one.connection.ready
  assert.equal(one.connection.reconnects, 0)
})

test('[V23] a connection that was closed while it loaded stays closed', async (t) => {
  const one = await scene(t, {
    prepare: (server) => {
      server.failure = () => Promise.reject(new TypeError('fetch failed'))
    },
  })
  one.connection.close()
  await one.clock.advance(60_000)
  assert.deepEqual([one.connection.status, one.server.asked.length, one.clock.pending], ['closed', 1, 0])
})

test('[V23] a connection that was closed tells nothing more, whatever was being fetched', async (t) => {
  const gate = Promise.withResolvers<void>()
  const prepare = (server: FakeServer): void => {
    server.paint(0, 0, 1)
    server.gate = gate.promise
  }
  const told: string[] = []
  const loading = await scene(t, { prepare, onBoard: () => told.push('board') })
  const fetching = await live(t)
  fetching.server.gate = gate.promise
  fetching.socket.resync(10, 0)
  await fetching.clock.settle()
  loading.connection.close()
  fetching.connection.close()
  loading.events.length = 0
  fetching.events.length = 0
  gate.resolve()
  await loading.clock.settle()
  assert.deepEqual([told, loading.events, fetching.events], [[], [], []])
})

test('[V18] edits change the replica and the position', async (t) => {
  const { connection, socket, events } = await live(t)
  socket.edits(12, [1, 2, 3], [300, 0, 4])
  assert.deepEqual([connection.replica.colorAt(1, 2), connection.replica.colorAt(300, 0)], [3, 4])
  assert.equal(connection.position, 12)
  assert.deepEqual(events, [['edits', 12, [0, 1]]])
})

test('[V21] a drop is resumed from the position last sent', async (t) => {
  const one = await live(t)
  one.socket.edits(12, [1, 0, 1])
  one.socket.say({ type: 'heartbeat', position: 15, timeMs: 0 })
  one.socket.say({ type: 'board', position: 99, board: JSON.stringify(INFO) })
  one.socket.say({ type: 'judged', request: 77, position: 99, nextMs: 0, verdicts: Uint8Array.of(0) })
  one.socket.lose()
  assert.equal(one.connection.status, 'waiting')
  const socket = await comeBack(one)
  assert.equal(socket.query.v, '15')
  assert.deepEqual(one.server.asked, [])
  socket.hello(20)
  socket.edits(20, [2, 0, 2])
  assert.deepEqual(
    [one.connection.replica.colorAt(1, 0), one.connection.replica.colorAt(2, 0), one.connection.reconnects],
    [1, 2, 1],
  )
})

test('[V21] what a lost connection still says is not heard', async (t) => {
  const one = await live(t)
  const [old] = one.sockets
  one.connection.drop()
  old?.edits(50, [1, 0, 1])
  assert.deepEqual([one.connection.position, one.connection.replica.colorAt(1, 0)], [10, 0])
})

test('[V22] requests under way fail at a drop', async (t) => {
  const { connection, socket } = await live(t)
  const placed = connection.place(1, 2, 3)
  const undone = connection.undo()
  socket.lose()
  await assert.rejects(placed, /connection was lost/)
  await assert.rejects(undone, /connection was lost/)
  await assert.rejects(connection.place(1, 2, 3), /not connected/)
})

test('[V22] answers find their requests in any order', async (t) => {
  const { connection, socket } = await live(t)
  const first = connection.placeAll([
    { x: -1, y: 2, color: 3 },
    { x: 4, y: 5, color: 6 },
  ])
  const second = connection.place(7, 8, 9)
  const third = connection.undo()
  assert.deepEqual(socket.sent, [
    {
      type: 'edit',
      request: 1,
      edits: [
        { x: 0xffff, y: 2, color: 3 },
        { x: 4, y: 5, color: 6 },
      ],
    },
    { type: 'edit', request: 2, edits: [{ x: 7, y: 8, color: 9 }] },
    { type: 'undo', request: 3 },
  ])
  const refused = { type: 't', title: '', status: 429, detail: 'slow down', code: 'limited' }
  socket.say({ type: 'refused', request: 3, problem: JSON.stringify(refused) })
  socket.say({ type: 'judged', request: 2, position: 11, nextMs: 5, verdicts: Uint8Array.of(1) })
  socket.say({ type: 'judged', request: 1, position: 12, nextMs: 6, verdicts: Uint8Array.of(0, 7) })
  assert.deepEqual(await first, [
    { accepted: true, verdict: 'accepted', position: 12, nextMs: 6 },
    { accepted: false, verdict: 'coolingDown', position: 12, nextMs: 6 },
  ])
  assert.deepEqual(await second, { accepted: true, verdict: 'unchanged', position: 11, nextMs: 5 })
  await assert.rejects(third, (error) => error instanceof ProblemError && error.problem.code === 'limited')
})

test('[V18] a resync fetches what it names, at its position, and holds frames back meanwhile', async (t) => {
  const one = await live(t, { prepare: (server) => server.paint(0, 0, 1) })
  one.server.paint(0, 0, 5)
  one.server.paint(1, 0, 6)
  one.server.position = 31
  const gate = Promise.withResolvers<void>()
  one.server.gate = gate.promise
  one.socket.resync(30, 0, 1)
  one.socket.edits(32, [1, 0, 9], [256, 0, 9])
  assert.deepEqual(
    [one.connection.position, one.connection.isComplete, one.connection.resyncs],
    [32, false, 1],
  )
  assert.equal(one.connection.replica.colorAt(1, 0), 0)
  gate.resolve()
  await one.clock.settle()
  assert.deepEqual(one.server.asked, ['/chunks/0/0?v=30', '/chunks/1/0?v=30'])
  const { replica } = one.connection
  assert.deepEqual(
    [replica.colorAt(0, 0), replica.colorAt(1, 0), replica.colorAt(256, 0), one.connection.isComplete],
    [5, 9, 9, true],
  )
  assert.deepEqual(one.events, [
    ['edits', 32, [0, 1]],
    ['chunk', 0],
    ['chunk', 1],
  ])
})

test('[V18] a chunk that cannot be had yet is asked for again', async (t) => {
  const one = await live(t)
  one.server.paint(0, 0, 5)
  one.server.position = 29
  one.socket.resync(30, 0)
  await one.clock.settle()
  assert.equal(one.connection.isComplete, false)
  one.server.failure = () => problem(503, 'unavailable')
  await one.clock.advance(1)
  one.server.failure = undefined
  one.server.position = 30
  await one.clock.advance(1000)
  assert.deepEqual([one.connection.isComplete, one.connection.replica.colorAt(0, 0)], [true, 5])
})

test('[V18] at most six chunks are fetched at once', async (t) => {
  const one = await live(t)
  const gate = Promise.withResolvers<void>()
  one.server.gate = gate.promise
  one.socket.resync(30, ...Array.from({ length: 20 }, (_, i) => i))
  await one.clock.settle()
  assert.equal(one.server.asked.length, 6)
  one.server.position = 30
  gate.resolve()
  await one.clock.settle()
  await one.clock.settle()
  assert.equal(one.connection.isComplete, true)
  assert.equal(new Set(one.server.asked).size, 20)
})

test('[V24] a server behind what was seen makes the client begin again from what it has', async (t) => {
  const one = await live(t)
  one.socket.edits(50, [1, 0, 1])
  one.socket.lose()
  const old = await comeBack(one)
  one.server.position = 20
  old.hello(20)
  assert.equal(old.closed, true)
  old.edits(22, [1, 0, 7])
  assert.equal(one.connection.replica.colorAt(1, 0), 1)
  const socket = await comeBack(one)
  assert.deepEqual([socket.query.v, one.connection.position], ['20', 20])
  assert.equal(one.connection.replica.colorAt(1, 0), 0)
  socket.hello(22)
  assert.equal(one.connection.status, 'live')
})

test('[V25] another version of the protocol is not spoken', async (t) => {
  const { connection, socket } = await scene(t)
  socket.hello(10, { version: 2 })
  await assert.rejects(connection.ready, /version 2/)
  assert.deepEqual([connection.status, socket.closed], ['closed', true])
})

test('[V25] what is not of the protocol drops the connection', async (t) => {
  const one = await live(t)
  one.socket.onmessage?.({ data: Uint8Array.of(99).buffer })
  assert.deepEqual([one.connection.status, one.socket.closed], ['waiting', true])
  const second = await comeBack(one)
  second.hello(10)
  second.onmessage?.({ data: 'text' })
  assert.equal(one.connection.status, 'waiting')
})

test('[V26] the client says that it is there, and takes silence for a drop', async (t) => {
  const one = await live(t)
  await one.clock.advance(2 * HEARTBEAT_MS)
  assert.deepEqual(one.socket.sent, [{ type: 'heartbeat' }, { type: 'heartbeat' }])
  one.socket.say({ type: 'heartbeat', position: 10, timeMs: 0 })
  await one.clock.advance(SILENCE_MS - 1)
  assert.equal(one.connection.status, 'live')
  await one.clock.advance(1)
  assert.deepEqual([one.connection.status, one.socket.closed], ['waiting', true])
})

test('[V26] a server that never says hello is left', async (t) => {
  const one = await scene(t)
  await one.clock.advance(SILENCE_MS)
  assert.deepEqual([one.connection.status, one.socket.closed], ['waiting', true])
})

test('[V29] how far the own clock is off is known from the hello on, and kept up to date', async (t) => {
  const one = await scene(t)
  const serverMs = one.clock.now() - 3_600_000
  one.socket.hello(10, { timeMs: serverMs, nextMs: serverMs + 700 })
  assert.equal(one.connection.clockOffsetMs, -3_600_000)
  assert.equal(one.connection.nextMs, serverMs + 700)
  one.clock.wallMs += 250
  one.socket.say({ type: 'heartbeat', position: 10, timeMs: one.clock.now() + 500 })
  assert.equal(one.connection.clockOffsetMs, 500)
})

test('[V30] a client that is told to tries again at once, one attempt at a time', async (t) => {
  const one = await live(t)
  one.connection.retryNow()
  assert.equal(one.sockets.length, 1)
  one.socket.lose()
  one.connection.retryNow()
  one.connection.retryNow()
  assert.deepEqual([one.sockets.length, one.connection.status], [2, 'connecting'])
  one.socket.lose()
  await comeBack(one)
  assert.deepEqual([one.sockets.length, one.clock.pending], [3, 2])
  one.connection.close()
  one.connection.retryNow()
  assert.deepEqual([one.sockets.length, one.connection.status], [3, 'closed'])
})

test('[V30] a board that could not be loaded is asked for at once, and once', async (t) => {
  const one = await scene(t, {
    prepare: (server) => {
      server.failure = () => Promise.reject(new TypeError('fetch failed'))
    },
  })
  one.server.failure = undefined
  one.connection.retryNow()
  one.connection.retryNow()
  await one.clock.settle()
  assert.deepEqual([one.server.asked, one.sockets.length], [['', '', '/chunks'], 1])
})

test('[V20] chunks that are added are asked for, and fetched as the answer says', async (t) => {
  const one = await live(t, { chunks: [0], prepare: (server) => server.paint(0, 0, 1) })
  assert.equal(one.socket.query.chunks, '0')
  one.server.paint(1, 0, 2)
  one.server.position = 20
  one.connection.watch([0, 1, 2])
  assert.deepEqual(one.socket.sent, [{ type: 'subscribe', request: 1, chunks: Uint16Array.of(0, 1, 2) }])
  one.socket.edits(19, [256, 0, 9], [512, 0, 9])
  assert.deepEqual([one.connection.isComplete, one.server.asked], [false, []])
  one.socket.subscribed(1, 20, 1)
  one.socket.edits(21, [512, 0, 7])
  await one.clock.settle()
  assert.deepEqual(one.server.asked, ['/chunks/1/0?v=20'])
  const { replica } = one.connection
  assert.deepEqual([replica.colorAt(256, 0), replica.colorAt(512, 0)], [2, 7])
  assert.deepEqual([one.connection.isComplete, one.connection.position], [true, 21])
})

test('[V20] what is left is forgotten, also when frames or chunks of it are still on their way', async (t) => {
  const one = await live(t, {
    chunks: [0, 1],
    prepare: (server) => {
      server.paint(0, 0, 1)
      server.paint(1, 0, 1)
    },
  })
  const gate = Promise.withResolvers<void>()
  one.server.gate = gate.promise
  one.server.position = 20
  one.socket.resync(20, 1)
  one.connection.watch([0])
  one.socket.edits(21, [256, 0, 9])
  one.socket.resync(22, 1)
  gate.resolve()
  await one.clock.settle()
  assert.deepEqual([one.connection.replica.indexes, one.connection.isComplete], [[0], true])
})

test('[V20] what was asked for on a connection that dropped is asked for on the next', async (t) => {
  const one = await live(t, { chunks: [0] })
  one.connection.watch([0, 1])
  one.socket.edits(15, [1, 0, 1])
  one.socket.lose()
  one.connection.watch([0, 1, 2])
  const socket = await comeBack(one)
  assert.deepEqual([socket.query, socket.sent], [{ v: '15', chunks: '0' }, []])
  socket.hello(16)
  assert.deepEqual(socket.sent, [{ type: 'subscribe', request: 2, chunks: Uint16Array.of(0, 1, 2) }])
  one.server.paint(1, 0, 6)
  one.server.position = 16
  socket.subscribed(2, 16, 1)
  await one.clock.settle()
  assert.deepEqual([one.connection.isComplete, one.connection.replica.colorAt(256, 0)], [true, 6])
  socket.lose()
  assert.deepEqual((await comeBack(one)).query, { v: '16', chunks: '0,1,2' })
})

test('[V20] a watch that changes while the board loads is asked for once live', async (t) => {
  const gate = Promise.withResolvers<void>()
  const one = await scene(t, {
    chunks: [0],
    prepare: (server) => {
      server.paint(0, 0, 1)
      server.paint(1, 0, 1)
      server.gate = gate.promise
    },
  })
  one.connection.watch([1])
  gate.resolve()
  await one.clock.settle()
  assert.deepEqual([one.connection.replica.indexes, one.socket.query], [[], { v: '10', chunks: '' }])
  one.socket.hello(10)
  assert.deepEqual(one.socket.sent, [{ type: 'subscribe', request: 1, chunks: Uint16Array.of(1) }])
})

test('[V20] what is left and taken up again before the hello is fetched anew', async (t) => {
  const one = await scene(t, { prepare: (server) => server.paint(1, 0, 1) })
  assert.equal(one.socket.url.search, '?v=10')
  one.connection.watch([0])
  one.connection.watch([0, 1])
  one.socket.hello(10)
  assert.deepEqual(one.socket.sent, [
    { type: 'subscribe', request: 1, chunks: Uint16Array.of(0) },
    { type: 'subscribe', request: 2, chunks: Uint16Array.of(0, 1) },
  ])
  one.socket.subscribed(1, 10)
  assert.equal(one.connection.isComplete, false)
  one.socket.subscribed(2, 10, 1)
  await one.clock.settle()
  assert.deepEqual([one.connection.isComplete, one.connection.replica.colorAt(256, 0)], [true, 1])
})

test('[V20] a watch that is narrowed before the hello is told', async (t) => {
  const one = await scene(t)
  one.connection.watch([0])
  one.socket.hello(10)
  assert.deepEqual(one.socket.sent, [{ type: 'subscribe', request: 1, chunks: Uint16Array.of(0) }])
  assert.equal(one.connection.isComplete, true)
})

test('[V20] more chunks than an address can list are subscribed to once connected', async (t) => {
  const many = Array.from({ length: 600 }, (_, i) => i)
  const one = await scene(t, { chunks: many, prepare: (server) => server.paint(0, 0, 1) })
  assert.equal(one.socket.query.chunks, '')
  one.socket.hello(10)
  assert.deepEqual(one.socket.sent, [{ type: 'subscribe', request: 1, chunks: Uint16Array.from(many) }])
  one.server.position = 12
  one.socket.subscribed(1, 12, 0)
  await one.clock.settle()
  assert.deepEqual([one.connection.isComplete, one.connection.replica.colorAt(0, 0)], [true, 1])
})

test('[V12] hidden cells are told apart from the board', async (t) => {
  const { connection, socket, events } = await live(t)
  socket.hidden([1, 1, 5])
  assert.deepEqual(events, [['hidden', [0]]])
  assert.deepEqual([connection.hidden.colorAt(1, 1), connection.replica.colorAt(1, 1)], [5, 0])
})

test('[V12] hidden cells are forgotten where they are covered, left or told again', async (t) => {
  const one = await live(t, { chunks: [0, 1, 2] })
  const { hidden } = one.connection
  const shown = (): (number | undefined)[] => [0, 1, 256, 512].map((x) => hidden.colorAt(x, 0))
  one.socket.hidden([0, 0, 5], [1, 0, 5], [256, 0, 5], [512, 0, 5], [768, 0, 5])
  assert.deepEqual([...shown(), hidden.chunks], [5, 5, 5, 5, [0, 1, 2]])
  one.socket.edits(11, [1, 0, 7])
  assert.deepEqual(shown(), [5, undefined, 5, 5])
  one.connection.watch([0, 1])
  assert.deepEqual(shown(), [5, undefined, 5, undefined])
  one.socket.resync(12, 1, 2)
  assert.deepEqual(shown(), [5, undefined, undefined, undefined])
  one.socket.lose()
  assert.deepEqual(shown(), [5, undefined, undefined, undefined])
  const socket = await comeBack(one)
  socket.hello(12)
  assert.deepEqual(hidden.chunks, [])
})

test('[V21] a connection that is closed leaves nothing behind', async (t) => {
  const one = await live(t)
  one.connection.close()
  assert.deepEqual([one.socket.closed, one.connection.status, one.clock.pending], [true, 'closed', 0])
  one.socket.lose()
  await one.clock.advance(60_000)
  assert.deepEqual([one.sockets.length, one.connection.status], [1, 'closed'])
})
