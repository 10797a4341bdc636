import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpServer, lobby } from '../../test/support/http.ts'
import { TestSocket } from '../../test/support/socket.ts'
import { systemClock } from '../base/clock.ts'
import { encodeBody } from '../boards/canvas/codec.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { decodeServerMessage } from '../live/protocol.ts'
import { MemoryLog } from '../log/memory.ts'

/** A record as only a later release writes it. */
const OF_A_LATER_RELEASE = [
  { type: 200, body: Buffer.of(1) },
  { type: RecordType.ruled, body: Buffer.of(99, 1, 2, 3) },
]

async function metricOf(server: HttpServer, name: string): Promise<number> {
  const { text } = await server.client().get('/metrics')
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

test('[H23] a server that follows everything is well and ready', async (t) => {
  const server = await HttpServer.withLobby(t)
  const health = await server.client().get('/healthz')
  assert.deepEqual([health.status, health.json()], [200, { status: 'ok' }])
  const ready = await server.client().get('/readyz')
  assert.deepEqual([ready.status, ready.json()], [200, { status: 'ready' }])
})

for (const record of OF_A_LATER_RELEASE) {
  test(`[H23] a record of type ${record.type} version ${record.body[0]} stops its board alone, and readiness names the upgrade`, async (t) => {
    const log = new MemoryLog(systemClock)
    const server = await HttpServer.withLobby(t, {}, { log })
    await server.admin.post('/api/boards', { id: 'other', width: 10, height: 10 })
    const painter = await server.visitor()
    await painter.place(1, 1, 1)
    await log.append('board/lobby', [record])
    await log.append('board/lobby', [
      {
        type: RecordType.ruled,
        body: encodeBody({ type: RecordType.ruled, body: { rules: lobby().rules } }),
      },
    ])
    while (server.services.boards.get('lobby').stopped === undefined) await new Promise(setImmediate)

    const detail = /^board lobby: this release does not know .*: upgrade Spate/
    const ready = await server.client().get('/readyz')
    assert.equal(ready.status, 503)
    assert.equal(ready.json().code, 'newer-version')
    assert.match(String(ready.json().detail), detail)
    assert.equal((await server.client().get('/healthz')).status, 200)
    assert.equal(await metricOf(server, 'spate_board_stopped{board="lobby"}'), 1)
    assert.equal(await metricOf(server, 'spate_board_stopped{board="other"}'), 0)

    // Writes say why, reads go on from what is known, other boards go on.
    const refused = await painter.place(2, 2, 2)
    assert.deepEqual([refused.status, refused.json().code], [503, 'newer-version'])
    assert.match(String(refused.json().detail), /upgrade Spate/)
    assert.equal((await server.admin.post('/api/boards/lobby/rules', { undoSeconds: 5 })).status, 503)
    assert.equal((await server.client().get('/api/boards/lobby/cells/1/1')).json().color, 1)
    assert.equal((await server.client().get('/api/boards/lobby/image.png')).status, 200)
    assert.equal((await painter.post('/api/boards/other/edit', { x: 1, y: 1, c: 1 })).status, 200)
    assert.equal((await server.admin.post('/api/bans', { player: 1 })).status, 503)
    assert.equal((await painter.post('/api/boards/other/edit', { x: 2, y: 1, c: 1 })).status, 403)
    const socket = await TestSocket.open(t, `${server.url}/api/boards/lobby/live`)
    await socket.next()
    socket.send(Buffer.of(1, 1, 0, 0, 0, 5, 0, 5, 0, 5))
    const message = decodeServerMessage(Buffer.from(await socket.next()))
    assert.ok(message.type === 'refused')
    assert.equal(JSON.parse(message.problem).code, 'newer-version')

    // The same after a restart: it never guesses.
    const again = await HttpServer.start(t, { log })
    assert.match(String((await again.client().get('/readyz')).json().detail), detail)
    assert.equal((await again.client().get('/api/boards/lobby')).json().position, 2)
  })
}

test('[H23] a later release’s record of a player stops identities, and readiness says so', async (t) => {
  const log = new MemoryLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log })
  const [known, unknown] = [await server.visitor(), await server.visitor()]
  await known.place(1, 1, 1)
  await log.append('players', [{ type: 99, body: Buffer.of(1) }])
  while (server.services.players.stopped === undefined) await new Promise(setImmediate)
  const ready = await server.client().get('/readyz')
  assert.equal(ready.status, 503)
  assert.match(String(ready.json().detail), /player record type 99 .*: upgrade Spate/)
  assert.equal((await unknown.place(2, 2, 2)).status, 503)
  assert.equal((await known.place(2, 2, 2)).status, 200)
})

test('[H23] a later release’s record of the meters stops writing to them, and readiness says so', async (t) => {
  const log = new MemoryLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log })
  await server.admin.put('/api/meters/steps', {})
  const writes = [{ meter: 'steps', entity: 'ann', second: server.clock.nowMs / 1000, amount: 5 }]
  await server.admin.post('/api/meters/writes', { writes })
  await log.append('meters', [{ type: 99, body: Buffer.of(1) }])
  while (server.services.meters.stopped === undefined) await new Promise(setImmediate)
  const ready = await server.client().get('/readyz')
  assert.equal(ready.status, 503)
  assert.match(String(ready.json().detail), /meter record type 99 .*: upgrade Spate/)
  assert.equal((await server.admin.post('/api/meters/writes', { writes })).status, 503)
  const known = await server.client().get('/api/meters/steps/sum')
  assert.deepEqual([known.status, known.json<{ sums: unknown }>().sums], [200, [{ entity: null, sum: 5 }]])
})

test('[H23] metrics count what an operator watches', async (t) => {
  const server = await HttpServer.withLobby(t)
  const answer = await server.client().get('/metrics')
  assert.match(answer.headers['content-type'] ?? '', /^text\/plain/)
  const painter = await server.visitor()
  await painter.place(1, 1, 1)
  await painter.place(1, 1, 99)
  await server.client().get('/api/boards/lobby/image.png')
  const socket = await TestSocket.open(t, `${server.url}/api/boards/lobby/live`)
  await socket.next()
  const readings = {
    'spate_board_position{board="lobby"}': 2,
    'spate_board_cells{board="lobby"}': 2,
    'spate_board_stopped{board="lobby"}': 0,
    'spate_viewers{board="lobby"}': 1,
    'spate_viewers_behind{board="lobby"}': 0,
    spate_players: 1,
    spate_images_encoded: 1,
    'spate_problems{code="wrong-color"}': 1,
  }
  for (const [name, value] of Object.entries(readings))
    assert.equal(await metricOf(server, name), value, name)
})
