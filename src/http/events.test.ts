import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventStream } from '../../test/support/event-stream.ts'
import { HttpServer } from '../../test/support/http.ts'

const EDITS = '/api/boards/lobby/edits'

async function editsUpTo(stream: EventStream, position: number): Promise<number[][]> {
  const edits: number[][] = []
  while (Number(stream.lastId ?? 0) < position) {
    const { event, data } = await stream.next()
    assert.equal(event, 'message')
    edits.push(...JSON.parse(data).edits)
  }
  return edits
}

test('[H14] a stream brings accepted edits with their position', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: { left: -5, top: -5, width: 20, height: 20 } })
  const stream = await EventStream.open(t, server.url + EDITS)
  assert.equal(stream.response.status, 200)
  const { headers } = stream.response
  assert.equal(headers.get('content-type'), 'text/event-stream')
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(headers.get('x-accel-buffering'), 'no')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  const painter = await server.visitor()
  await painter.place(-5, 14, 3)
  assert.deepEqual(await stream.next(), { event: 'message', id: '2', data: '{"edits":[[-5,14,3]]}' })
  await painter.place(50, 50, 3)
  await painter.place(0, 0, 4)
  assert.deepEqual(await editsUpTo(stream, 3), [[0, 0, 4]])
})

test('[H14] a stream begins after the position that is asked for, and after Last-Event-ID before that', async (t) => {
  const server = await HttpServer.withLobby(t)
  const painter = await server.visitor()
  for (let i = 0; i < 6; i++) await painter.place(i, 0, 1)
  const sorted = (edits: number[][]): number[][] => edits.sort(([a = 0], [b = 0]) => a - b)
  const from = await EventStream.open(t, `${server.url}${EDITS}?v=4`)
  assert.deepEqual(sorted(await editsUpTo(from, 7)), [
    [3, 0, 1],
    [4, 0, 1],
    [5, 0, 1],
  ])
  const resumed = await EventStream.open(t, `${server.url}${EDITS}?v=2`, { 'last-event-id': '6' })
  assert.deepEqual(await editsUpTo(resumed, 7), [[5, 0, 1]])
  const live = await EventStream.open(t, server.url + EDITS)
  await painter.place(9, 9, 9)
  assert.deepEqual(await editsUpTo(live, 8), [[9, 9, 9]])
  // A position that is to come is taken for now.
  const ahead = await EventStream.open(t, `${server.url}${EDITS}?v=100`)
  await painter.place(8, 8, 8)
  assert.deepEqual(await editsUpTo(ahead, 9), [[8, 8, 8]])
})

test('[H14] what is no position is refused, and no stream is begun', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const v of ['x', '-1', '1.5', '99999999999999999']) {
    const answer = await server.client().get(`${EDITS}?v=${v}`)
    assert.equal(answer.status, 400, v)
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/)
  }
  assert.equal((await server.client().get(EDITS, { 'last-event-id': 'x' })).status, 400)
  assert.equal((await server.client().get('/api/boards/nope/edits')).status, 404)
  const head = await server.client().send('HEAD', EDITS)
  assert.equal(head.status, 200)
  assert.equal(head.headers['content-type'], 'text/event-stream')
})

test('[H14] a change of the board is an event, and what is too much to send names the chunks', async (t) => {
  const server = await HttpServer.withLobby(t)
  const stream = await EventStream.open(t, server.url + EDITS)
  await server.admin.put('/api/boards/lobby/locks/logo', { left: 0, top: 0, width: 5, height: 5 })
  const changed = await stream.next()
  assert.equal(changed.event, 'board')
  // It comes before the edits of its time: whoever resumes after it misses none.
  assert.ok(Number(changed.id) <= 2)
  assert.equal(JSON.parse(changed.data).locks[0].id, 'logo')
  const cells = Array.from({ length: 17_000 }, (_, i) => i)
  const painted = await server.admin.post('/api/boards/lobby/painted', {
    x: cells.map((i) => 300 + (i % 200)),
    y: cells.map((i) => 300 + Math.floor(i / 200)),
    color: cells.map(() => 3),
  })
  assert.equal(painted.status, 200)
  const resync = await stream.next()
  assert.deepEqual(resync, { event: 'resync', id: '3', data: '{"chunks":[[1,1]]}' })
})

test('[H14] a quiet stream is kept alive by comments that carry the position', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { speed: 100 })
  const painter = await server.visitor()
  await painter.place(1, 1, 1)
  const stream = await EventStream.open(t, server.url + EDITS)
  const beat = stream.next()
  assert.equal(await stream.comment(), String(server.clock.now()))
  await stream.comment()
  assert.equal(stream.lastId, '2')
  await painter.place(2, 2, 2)
  assert.equal((await beat).data, '{"edits":[[2,2,2]]}')
})

test('[H14] a viewer that goes is forgotten', async (t) => {
  const server = await HttpServer.withLobby(t)
  const { rooms, boards } = server.services
  const room = rooms.of(boards.get('lobby'))
  const end = new AbortController()
  await fetch(server.url + EDITS, { signal: end.signal })
  assert.equal(room.stats.viewers, 1)
  end.abort()
  while (room.stats.viewers > 0) await new Promise(setImmediate)
})
