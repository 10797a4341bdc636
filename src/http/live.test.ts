import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { EventStream } from '../../test/support/event-stream.ts'
import { HttpServer } from '../../test/support/http.ts'
import { Refused, type SocketOptions, TestSocket } from '../../test/support/socket.ts'
import type { Lifetime } from '../../test/support/tmp.ts'
import { FREE_RULES } from '../boards/canvas/rules.ts'
import { Verdict } from '../boards/canvas/verdict.ts'
import {
  type ClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  MAX_EDITS_A_FRAME,
  type ServerMessage,
  SUBPROTOCOL,
} from '../live/protocol.ts'
import { Place } from './compat/place/place.ts'
import { ConnectionCounts } from './connections.ts'
import { attachSockets } from './sockets.ts'

/** The member of the union that has this type, alone or among others. */
type Of<T, M = ServerMessage> = M extends { type: infer K } ? (T extends K ? M : never) : never

class LiveSocket {
  readonly socket: TestSocket

  private constructor(socket: TestSocket) {
    this.socket = socket
  }

  static async open(
    t: Lifetime,
    server: HttpServer,
    query = '',
    options: SocketOptions = {},
  ): Promise<LiveSocket> {
    return new LiveSocket(await TestSocket.open(t, `${server.url}/api/boards/lobby/live${query}`, options))
  }

  /** The next message of a type; others are passed over. */
  async next<T extends ServerMessage['type']>(type: T): Promise<Of<T>> {
    for (;;) {
      const message = decodeServerMessage(Buffer.from(await this.socket.next()))
      // The type is what was asked for.
      if (message.type === type) return message as Of<T>
    }
  }

  send(message: ClientMessage): void {
    this.socket.send(encodeClientMessage(message))
  }

  async edit(request: number, ...edits: [x: number, y: number, color: number][]): Promise<Of<'judged'>> {
    this.send({ type: 'edit', request, edits: edits.map(([x, y, color]) => ({ x, y, color })) })
    return this.next('judged')
  }
}

async function refusalOf(opening: Promise<unknown>): Promise<Refused> {
  try {
    await opening
  } catch (error) {
    if (error instanceof Refused) return error
    throw error
  }
  throw new Error('the socket was opened')
}

/** Cells of all groups, as [chunk, cell, colour]. */
function cellsOf({ groups }: Of<'edits'>): number[][] {
  return groups.flatMap(({ chunk, cells, colors }) =>
    Array.from(cells, (cell, i) => [chunk, cell, colors[i] ?? 0]),
  )
}

test('[H15] a connection is greeted, places, and sees what it and others placed', async (t) => {
  const server = await HttpServer.withLobby(t)
  const [ann, ben] = await Promise.all([LiveSocket.open(t, server), LiveSocket.open(t, server)])
  const hello = await ann.next('hello')
  assert.deepEqual(
    { ...hello, board: JSON.parse(hello.board).id },
    {
      type: 'hello',
      version: 1,
      position: 1,
      timeMs: server.clock.now(),
      nextMs: server.clock.now(),
      player: 0,
      board: 'lobby',
    },
  )
  const judged = await ann.edit(77, [256, 1, 5], [1, 1, 16], [257, 1, 6])
  assert.deepEqual(
    { ...judged, verdicts: [...judged.verdicts] },
    {
      type: 'judged',
      request: 77,
      position: 2,
      nextMs: server.clock.now(),
      verdicts: [Verdict.accepted, Verdict.wrongColor, Verdict.accepted],
    },
  )
  const seen = await ben.next('edits')
  assert.equal(seen.position, 2)
  assert.deepEqual(cellsOf(seen), [
    [1, 256, 5],
    [1, 257, 6],
  ])
})

test('[H15] a connection without a cookie is given one, and is that player from then on', async (t) => {
  const server = await HttpServer.withLobby(t)
  const socket = await LiveSocket.open(t, server)
  const [cookie] = [socket.socket.headers['set-cookie'] ?? []].flat()
  assert.match(cookie ?? '', /^spate=[\w.-]+; Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax$/)
  await socket.edit(1, [1, 1, 1])
  const headers = { cookie: cookie?.split(';', 1)[0] ?? '' }
  assert.equal((await server.client(headers).get('/api/me')).json().player, 1)
  const again = await LiveSocket.open(t, server, '', { headers })
  assert.equal((await again.next('hello')).player, 1)
  assert.equal(again.socket.headers['set-cookie'], undefined)
})

test('[H15] a connection continues after the position it names', async (t) => {
  const server = await HttpServer.withLobby(t)
  const painter = await server.visitor()
  for (let i = 0; i < 4; i++) await painter.place(i, 0, 1)
  const resumed = await LiveSocket.open(t, server, '?v=3')
  assert.equal((await resumed.next('hello')).position, 5)
  const edits = await resumed.next('edits')
  assert.equal(edits.position, 5)
  assert.deepEqual(cellsOf(edits), [
    [0, 2, 1],
    [0, 3, 1],
  ])
})

test('[H15] a connection that names chunks hears of no others', async (t) => {
  const server = await HttpServer.withLobby(t)
  const one = await LiveSocket.open(t, server, '?chunks=1')
  const none = await LiveSocket.open(t, server, '?chunks=')
  const painter = await server.visitor()
  await painter.place(1, 1, 1)
  await painter.place(256, 0, 2)
  assert.deepEqual(cellsOf(await one.next('edits')), [[1, 0, 2]])
  // By now the first frame would have come; the answer to a subscription is the first thing that does.
  none.send({ type: 'subscribe', request: 9, chunks: Uint16Array.of(0, 2) })
  await none.next('hello')
  const first = decodeServerMessage(Buffer.from(await none.socket.next()))
  assert.deepEqual(
    { ...first, chunks: first.type === 'subscribed' ? [...first.chunks] : undefined },
    { type: 'subscribed', request: 9, position: 3, chunks: [0] },
  )
})

test('[H15] an undo over a connection is judged as an edit is', async (t) => {
  const rules = { cooldown: { kind: 'none' }, undoSeconds: 5, activeZone: null } as const
  const server = await HttpServer.withLobby(t, { rules })
  const socket = await LiveSocket.open(t, server)
  await socket.edit(1, [1, 1, 1])
  for (const [request, verdict] of [
    [2, Verdict.accepted],
    [3, Verdict.nothingToUndo],
  ] as const) {
    socket.send({ type: 'undo', request })
    const judged = await socket.next('judged')
    assert.deepEqual([judged.request, ...judged.verdicts], [request, verdict])
  }
  assert.equal(server.services.boards.get('lobby').canvas.colorAt(1, 1), 0)
})

test('[H15] the subprotocol is spoken when it is asked for', async (t) => {
  const server = await HttpServer.withLobby(t)
  const named = await LiveSocket.open(t, server, '', { protocol: SUBPROTOCOL })
  assert.equal(named.socket.ws.protocol, SUBPROTOCOL)
  assert.equal((await LiveSocket.open(t, server)).socket.ws.protocol, '')
})

test('[H15] what cannot be opened is answered with a problem document', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const [path, status, code] of [
    ['/api/boards/nope/live', 404, 'not-found'],
    ['/api/boards/lobby/live?v=x', 400, 'invalid'],
    ['/api/boards/lobby/live?chunks=1,65536', 400, 'invalid'],
    ['/api/boards/lobby/live?chunks=a', 400, 'invalid'],
    ['/api/boards/lobby', 404, 'not-found'],
    ['/api/nope', 404, 'not-found'],
  ] as const) {
    const refused = await refusalOf(TestSocket.open(t, server.url + path))
    assert.equal(refused.status, status, path)
    assert.equal(refused.headers['content-type'], 'application/problem+json')
    assert.equal(JSON.parse(refused.body).code, code)
  }
  const headers = { authorization: 'Bearer nonsense' }
  assert.equal((await refusalOf(LiveSocket.open(t, server, '', { headers }))).status, 401)
})

test('[V29] who comes back is told when they may place next', async (t) => {
  const cooldown = { kind: 'stack', seconds: 60, blankSeconds: 60, stack: 1, activity: null } as const
  const server = await HttpServer.withLobby(t, { rules: { ...FREE_RULES, cooldown } })
  const visitor = await server.visitor()
  await visitor.place(1, 1, 1)
  const socket = await LiveSocket.open(t, server, '', { headers: visitor.headers })
  const hello = await socket.next('hello')
  assert.deepEqual([hello.timeMs, hello.nextMs], [server.clock.now(), server.clock.now() + 60_000])
})

test('[H15] a frame that is no message ends its connection, and no other', async (t) => {
  const server = await HttpServer.withLobby(t)
  const other = await LiveSocket.open(t, server)
  const tooMany = new Uint8Array(5 + (MAX_EDITS_A_FRAME + 1) * 5).fill(1)
  for (const [frame, code] of [
    ['text', 1003],
    [Uint8Array.of(), 1003],
    [Uint8Array.of(99), 1003],
    [Uint8Array.of(1, 0, 0, 0, 0), 1003],
    [Uint8Array.of(1, 0, 0, 0, 0, 1, 1, 1), 1003],
    [tooMany, 1003],
    [new Uint8Array(20_000), 1009],
  ] as const) {
    const socket = await LiveSocket.open(t, server)
    socket.socket.send(frame)
    assert.equal((await socket.socket.closed).code, code)
  }
  assert.deepEqual([...(await other.edit(1, [1, 1, 1])).verdicts], [Verdict.accepted])
})

test('[H15] a refused request names itself and why, and the connection goes on', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { playerRate: 1, burst: 3 })
  const socket = await LiveSocket.open(t, server)
  await socket.edit(1, [1, 1, 1], [2, 2, 2])
  socket.send({
    type: 'edit',
    request: 2,
    edits: [
      { x: 3, y: 3, color: 3 },
      { x: 4, y: 4, color: 4 },
    ],
  })
  const refused = await socket.next('refused')
  assert.equal(refused.request, 2)
  const problem = JSON.parse(refused.problem)
  assert.deepEqual([problem.status, problem.code, problem.retryAfterMs], [429, 'limited', 1000])
  assert.deepEqual([...(await socket.edit(3, [3, 3, 3])).verdicts], [Verdict.accepted])
})

test('[H15] when the server stops, its viewers are told to come back', async (t) => {
  const server = await HttpServer.withLobby(t)
  const path = `${server.url}/api/boards/lobby/live`
  const viewers = await Promise.all(Array.from({ length: 10 }, () => TestSocket.open(t, path)))
  const events = await EventStream.open(t, `${server.url}/api/boards/lobby/edits`)
  const ended = assert.rejects(events.next())
  await server.stop()
  for (const { closed } of viewers) {
    assert.deepEqual(await closed, { code: 1001, reason: 'the server is stopping' })
  }
  await ended
})

test('[H15] a server that stops lets nobody back in', async (t) => {
  const { services } = await HttpServer.withLobby(t)
  const server = createServer()
  t.after(() => server.close())
  const stop = attachSockets(server, services, new ConnectionCounts(10), new Place(services))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo
  const path = `http://127.0.0.1:${port}/api/boards/lobby/live`
  const viewer = await TestSocket.open(t, path)
  stop()
  await viewer.closed
  const refused = await refusalOf(TestSocket.open(t, path))
  assert.deepEqual([refused.status, JSON.parse(refused.body).detail], [503, 'the server is stopping'])
})
