import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ManualClock } from '../../../test/support/clock.ts'
import { type HttpClient, HttpServer } from '../../../test/support/http.ts'
import { readPng } from '../../../test/support/png.ts'
import { decodeSeedFrame } from '../../../test/support/sephsplace-client.ts'
import { TestSocket } from '../../../test/support/socket.ts'
import { CLASSIC_PALETTE } from '../../boards/canvas/palettes.ts'
import type { Rules } from '../../boards/canvas/rules.ts'

/** The limit of the seed. */
const RULES: Rules = {
  cooldown: { kind: 'window', windowSeconds: 10, budget: 50, cost: 5, blankCost: 2 },
  undoSeconds: 5,
  activeZone: null,
}

function edit(
  client: HttpClient,
  x: number,
  y: number,
  c: number,
): Promise<{ status: number; text: string }> {
  return client.post(`/sp/edit?x=${x}&y=${y}&c=${c}`)
}

async function framesOf(socket: TestSocket, upTo: number): Promise<number[][]> {
  const edits: number[][] = []
  for (let version = 0; version < upTo; ) {
    const message = await socket.next()
    assert.ok(typeof message !== 'string', String(message))
    const frame = decodeSeedFrame(message)
    version = frame.version
    edits.push(...frame.edits.map(({ x, y, color }) => [x, y, color]))
  }
  return edits
}

test('[S1] current is the board as a PNG, with its version, for ten seconds', async (t) => {
  const server = await HttpServer.withLobby(t, { rules: RULES })
  assert.equal((await edit(server.client(), 999, 1, 15)).status, 200)
  const answer = await server.client().get('/sp/current')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'image/png')
  assert.equal(answer.headers['x-content-version'], '2')
  assert.equal(Date.parse(answer.headers.expires ?? ''), server.clock.now() + 10_000)
  assert.equal(answer.headers['cache-control'], undefined)
  assert.equal(answer.headers['set-cookie'], undefined)
  const image = await readPng(answer.bytes)
  assert.deepEqual([image.width, image.height], [1000, 1000])
  assert.equal(image.at(999, 1), CLASSIC_PALETTE[15])
  assert.equal(image.at(998, 1), CLASSIC_PALETTE[0])
})

test('[S1] of a board that is larger or begins elsewhere, current is the same thousand by thousand cells', async (t) => {
  const server = await HttpServer.withLobby(t, {
    extent: { left: -500, top: -500, width: 2000, height: 2000 },
  })
  const painter = await server.visitor()
  await painter.place(-1, -1, 3)
  await painter.place(1200, 20, 3)
  await painter.place(0, 0, 5)
  await painter.place(999, 999, 6)
  const image = await readPng((await server.client().get('/sp/current')).bytes)
  assert.deepEqual([image.width, image.height], [1000, 1000])
  assert.equal(image.at(0, 0), CLASSIC_PALETTE[5])
  assert.equal(image.at(999, 999), CLASSIC_PALETTE[6])
  assert.equal(image.rgb.filter((rgb) => rgb !== CLASSIC_PALETTE[0]).length, 2)
  for (const [x, y] of [
    [1000, 0],
    [0, 1000],
  ] as const) {
    assert.equal((await edit(server.client(), x, y, 1)).status, 400)
  }
  // Cells beyond what three bytes can say are left out of its frames.
  const socket = await TestSocket.open(t, `${server.url}/sp/ws?from=1`)
  const seen = await framesOf(socket, 5)
  assert.deepEqual(
    seen.sort(([a = 0], [b = 0]) => a - b),
    [
      [0, 0, 5],
      [999, 999, 6],
    ],
  )
})

test('[S2] an edit is answered with 200 and nothing, once it is durable', async (t) => {
  const server = await HttpServer.withLobby(t, { rules: RULES })
  const answer = await edit(server.client(), 333, 666, 15)
  assert.deepEqual([answer.status, answer.text], [200, ''])
  const { canvas } = server.services.boards.get('lobby')
  assert.equal(canvas.colorAt(333, 666), 15)
  assert.equal(canvas.position, 2)
})

test('[S2] what is out of range is refused, and nothing is placed', async (t) => {
  const server = await HttpServer.withLobby(t, { rules: RULES })
  for (const query of [
    '',
    'x=1&y=1',
    'x=1000&y=0&c=0',
    'x=0&y=1000&c=0',
    'x=0&y=0&c=16',
    'x=-1&y=0&c=0',
    'x=a&y=0&c=0',
    'x=1.5&y=0&c=1',
    'x=1&x=2&y=0&c=1',
  ]) {
    const answer = await server.client().post(`/sp/edit?${query}`)
    assert.equal(answer.status, 400, query)
  }
  assert.equal(server.services.boards.get('lobby').canvas.position, 1)
})

test('[S3] an address spends fifty in ten seconds: two on a blank cell, five on another', async (t) => {
  const server = await HttpServer.withLobby(t, { rules: RULES })
  const client = server.client()
  for (let x = 0; x < 25; x++) assert.equal((await edit(client, x, 0, 1)).status, 200, `edit ${x}`)
  const refused = await edit(client, 25, 0, 1)
  assert.deepEqual([refused.status, refused.text], [403, ''])
  server.clock.nowMs += 9_999
  assert.equal((await edit(client, 25, 0, 1)).status, 403)
  server.clock.nowMs += 1
  for (let x = 0; x < 10; x++) assert.equal((await edit(client, x, 0, 2)).status, 200, `edit ${x}`)
  assert.equal((await edit(client, 11, 0, 2)).status, 403)
  // A colour that is there already costs nothing, even now.
  assert.equal((await edit(client, 0, 0, 2)).status, 200)
  server.clock.nowMs += 10_000
  for (let x = 0; x < 8; x++) assert.equal((await edit(client, x, 0, 3)).status, 200)
  for (let x = 30; x < 35; x++) assert.equal((await edit(client, x, 0, 3)).status, 200)
  assert.equal((await edit(client, 36, 0, 3)).status, 403)
})

test('[S3] who is over the limits of the server itself is refused in the same words', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { playerRate: 1, burst: 3 })
  const statuses = []
  for (let x = 0; x < 5; x++) {
    const answer = await edit(server.client(), x, 0, 1)
    statuses.push([answer.status, answer.text])
  }
  assert.deepEqual(statuses, [
    [200, ''],
    [200, ''],
    [200, ''],
    [403, ''],
    [403, ''],
  ])
})

test('[S4] a player is an address, behind a trusted proxy the one it names', async (t) => {
  const server = await HttpServer.withLobby(t, { rules: RULES }, { trustedProxies: ['127.0.0.1'] })
  const at = (address: string): HttpClient => server.client({ 'x-forwarded-for': address })
  for (let x = 0; x < 25; x++) assert.equal((await edit(at('1.1.1.1'), x, 0, 1)).status, 200)
  assert.equal((await edit(at('1.1.1.1'), 50, 0, 1)).status, 403)
  assert.equal((await edit(at('::ffff:1.1.1.1'), 50, 0, 1)).status, 403)
  assert.equal((await edit(at('9.9.9.9, 1.1.1.1'), 50, 0, 1)).status, 403)
  assert.equal((await edit(at('1.1.1.2'), 50, 0, 1)).status, 200)
  assert.equal(server.services.players.count, 2)
  // The log does not hold the addresses.
  assert.ok(!server.services.players.player(1)?.key.includes('1.1.1.1'))
})

test('[S4] a forwarded address makes nobody another player without a trusted proxy', async (t) => {
  const server = await HttpServer.withLobby(t, { rules: RULES })
  for (let x = 0; x < 25; x++) {
    const client = server.client({ 'x-forwarded-for': `1.1.1.${x}` })
    assert.equal((await edit(client, x, 0, 1)).status, 200)
  }
  assert.equal((await edit(server.client({ 'x-forwarded-for': '2.2.2.2' }), 50, 0, 1)).status, 403)
  assert.equal(server.services.players.count, 1)
})

test('[S4] bans and locks hold here, too', async (t) => {
  const server = await HttpServer.withLobby(t, { rules: RULES })
  await edit(server.client(), 1, 1, 1)
  await server.admin.put('/api/boards/lobby/locks/a', { left: 5, top: 5, width: 1, height: 1 })
  assert.equal((await edit(server.client(), 5, 5, 1)).status, 403)
  await server.admin.post('/api/boards/lobby/bans', { player: 1, shadow: true })
  assert.equal((await edit(server.client(), 6, 6, 1)).status, 200)
  assert.equal(server.services.boards.get('lobby').canvas.colorAt(6, 6), 0)
  await server.admin.post('/api/boards/lobby/bans', { player: 1 })
  assert.equal((await edit(server.client(), 7, 7, 1)).status, 403)
})

test('[S5] changes says refresh and ends', async (t) => {
  const server = await HttpServer.withLobby(t)
  const answer = await server.client().get('/sp/changes?from=5')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'text/event-stream')
  assert.equal(answer.headers['cache-control'], 'no-cache')
  assert.equal(answer.text, '\ndata: refresh\n\n')
})

test('[S6] a socket brings everything after from, packed in three bytes an edit', async (t) => {
  const server = await HttpServer.withLobby(t)
  const painter = await server.visitor()
  const cells = [
    [0, 0, 1],
    [999, 999, 15],
    [255, 63, 2],
    [256, 64, 3],
    [511, 960, 4],
    [333, 666, 15],
  ] as const
  for (const [x, y, c] of cells) await painter.place(x, y, c)
  for (const path of ['/sp/ws', '/', '/any/where', '/api/boards/lobby']) {
    const socket = await TestSocket.open(t, `${server.url}${path}?from=1`)
    const seen = await framesOf(socket, 7)
    assert.deepEqual(new Set(seen.map(String)), new Set(cells.map(String)), path)
  }
  const later = await TestSocket.open(t, `${server.url}/sp/ws?from=5`)
  assert.deepEqual(new Set((await framesOf(later, 7)).map(String)), new Set(cells.slice(4).map(String)))
  await painter.place(7, 7, 7)
  assert.deepEqual(await framesOf(later, 8), [[7, 7, 7]])
})

test('[S6] the bytes of a frame', async (t) => {
  const server = await HttpServer.withLobby(t)
  const socket = await TestSocket.open(t, `${server.url}/sp/ws?from=latest`)
  const painter = await server.visitor()
  await painter.place(0b11_1000_0001 + 3, 0b1010_10_1010, 12)
  // x 900 = 0x384, y 682 = 0x2aa.
  assert.deepEqual(await socket.next(), Buffer.of(2, 0, 0, 0, 0x84, (0x2a << 2) | 3, 0xca))
})

test('[S6] from=latest begins now, and a position to come is taken for now', async (t) => {
  const server = await HttpServer.withLobby(t)
  const painter = await server.visitor()
  await painter.place(1, 1, 1)
  const latest = await TestSocket.open(t, `${server.url}/sp/ws?from=latest`)
  const ahead = await TestSocket.open(t, `${server.url}/sp/ws?from=999999`)
  await painter.place(2, 2, 2)
  assert.deepEqual(await framesOf(latest, 3), [[2, 2, 2]])
  assert.deepEqual(await framesOf(ahead, 3), [[2, 2, 2]])
  const empty = await TestSocket.open(t, `${server.url}/sp/ws?from=-1`)
  assert.equal((await framesOf(empty, 3)).length, 2)
})

/** More cells at once than a frame holds. */
async function paintMuch(server: HttpServer): Promise<void> {
  const cells = Array.from({ length: 17_000 }, (_, i) => i)
  const body = {
    x: cells.map((i) => i % 1000),
    y: cells.map((i) => Math.floor(i / 1000)),
    color: cells.map(() => 1),
  }
  assert.equal((await server.admin.post('/api/boards/lobby/painted', body)).status, 200)
}

test('[S7] who comes too late is told to reload, and the connection ends', async (t) => {
  const server = await HttpServer.withLobby(t)
  await paintMuch(server)
  const socket = await TestSocket.open(t, `${server.url}/sp/ws?from=1`)
  assert.equal(await socket.next(), 'reload')
  await socket.closed
  await assert.rejects(socket.next(), { message: 'closed' })
  // Whoever comes back with the same version learns a later one, to come back with.
  const again = await TestSocket.open(t, `${server.url}/sp/ws?from=1`)
  assert.deepEqual(await again.next(), Buffer.of(2, 0, 0, 0))
  assert.equal(await again.next(), 'reload')
  await again.closed
  const other = await TestSocket.open(t, `${server.url}/sp/ws?from=0`)
  assert.equal(await other.next(), 'reload')
})

test('[S7] who is told to reload in the middle learns the version to come back with', async (t) => {
  const server = await HttpServer.withLobby(t)
  const socket = await TestSocket.open(t, `${server.url}/sp/ws?from=1`)
  await (await server.visitor()).place(999, 999, 1)
  assert.equal(Buffer.from(await socket.next()).readUInt32LE(), 2)
  await paintMuch(server)
  assert.deepEqual(await socket.next(), Buffer.of(3, 0, 0, 0))
  assert.equal(await socket.next(), 'reload')
  await socket.closed
})

test('[S7] a wrong from is answered in words, and the connection ends', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const query of ['', '?from=', '?from=x', '?from=1e3', '?from=null']) {
    const socket = await TestSocket.open(t, `${server.url}/sp/ws${query}`)
    assert.equal(await socket.next(), 'error: Invalid from= parameter', query)
    await socket.closed
  }
})

test('[S7] what a client sends is ignored', async (t) => {
  const server = await HttpServer.withLobby(t)
  const socket = await TestSocket.open(t, `${server.url}/sp/ws?from=latest`)
  socket.send('hello')
  socket.send(Buffer.of(1, 1, 0, 0, 0, 5, 0, 5, 0, 5))
  const painter = await server.visitor()
  await painter.place(2, 2, 2)
  assert.deepEqual(await framesOf(socket, 2), [[2, 2, 2]])
})

test('[S8] a quiet connection is kept by pings; one that no longer answers is let go', async (t) => {
  const timers = new ManualClock()
  const server = await HttpServer.withLobby(t, {}, { timers })
  const silent = await TestSocket.open(t, `${server.url}/sp/ws?from=latest`)
  silent.ws.pause()
  const socket = await TestSocket.open(t, `${server.url}/sp/ws?from=latest`)
  const room = server.services.rooms.of(server.services.boards.get('lobby'))
  for (let beat = 1; beat <= 8; beat++) {
    const pinged = once(socket.ws, 'ping')
    await timers.advance(15_000)
    await pinged
    // The answer is on its way; it may take a beat or two.
    await server.client().get('/healthz')
  }
  while (room.stats.viewers > 1) await new Promise(setImmediate)
  assert.equal(socket.ws.readyState, socket.ws.OPEN)
  assert.equal(socket.pings, 8)
})

test('[S9] the seed’s own page may be served at /sp/ by whoever stands in front', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const path of ['/sp', '/sp/']) {
    const answer = await server.client().get(path)
    assert.deepEqual([answer.status, answer.headers.location], [302, '/?board=lobby'])
  }
  assert.equal((await server.client().get('/sp/index.js')).status, 404)
})

test('[S9] a server without such a board does not speak the protocol', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { sephsplaceBoard: 'gone' })
  assert.equal((await server.client().get('/sp/current')).status, 404)
  assert.equal((await edit(server.client(), 1, 1, 1)).status, 404)
  await assert.rejects(TestSocket.open(t, `${server.url}/sp/ws?from=1`), { status: 404 })
})
