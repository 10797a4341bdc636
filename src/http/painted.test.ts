import assert from 'node:assert/strict'
import { test } from 'node:test'
import { area, type Painting, painted } from '../../test/support/boards.ts'
import { HttpServer } from '../../test/support/http.ts'
import { encodeBody } from '../boards/canvas/codec.ts'
import { RecordType } from '../boards/canvas/records.ts'

const PAINTED = '/api/boards/lobby/painted'

function postBytes(server: HttpServer, bytes: Uint8Array): Promise<Response> {
  return fetch(server.url + PAINTED, {
    method: 'POST',
    headers: { ...server.admin.headers, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(bytes),
  })
}

function recordOf(...paintings: readonly Painting[]): Uint8Array {
  return encodeBody({ type: RecordType.painted, body: painted(...paintings) })
}

test('[I20] cells without author and time are nobody’s, of now', async (t) => {
  const server = await HttpServer.withLobby(t)
  const answer = await server.admin.post(PAINTED, { x: [5], y: [6], color: [7] })
  assert.deepEqual(answer.json(), { position: 2, verdicts: { accepted: 1 } })
  const at = new Date(server.clock.now()).toISOString()
  const cell = (await server.client().get('/api/boards/lobby/cells/5/6')).json()
  assert.deepEqual(cell, { x: 5, y: 6, color: 7, player: null, at })
})

test('[I20] the board can be seen at the end of every second of the cells’ own time', async (t) => {
  const server = await HttpServer.start(t)
  await server.admin.post('/api/boards', { id: 'lobby', width: 2, height: 1, timeMs: 1000 })
  await postBytes(
    server,
    recordOf([0, 0, 0, 1, 1500], [0, 0, 0, 2, 2000], [0, 0, 0, 3, 2001], [0, 0, 0, 4, 3000]),
  )
  const positionAt = async (at: string) =>
    (await server.client().get(`/api/boards/lobby/image.png?at=${at}`)).headers['x-content-version']
  assert.equal(await positionAt('1970-01-01T00:00:01.000Z'), '1')
  assert.equal(await positionAt('1970-01-01T00:00:01.999Z'), '1')
  assert.equal(await positionAt('1970-01-01T00:00:02.000Z'), '2')
  assert.equal(await positionAt('1970-01-01T00:00:02.999Z'), '2')
  assert.equal(await positionAt('1970-01-01T00:00:03.000Z'), '3')
})

test('[I20] a full request fits, though its cells are of thousands of seconds', async (t) => {
  const server = await HttpServer.withLobby(t)
  const rows = Array.from({ length: 65_536 }, (_, i) => i)
  const answer = await server.admin.post(PAINTED, {
    timeMs: rows.map((i) => 1_600_000_000_000 + Math.min(i, 3_000) * 1000),
    x: rows.map((i) => i % 1000),
    y: rows.map((i) => Math.floor(i / 1000)),
    color: rows.map((i) => i % 16),
  })
  assert.deepEqual(answer.json(), { position: 3_002, verdicts: { accepted: 65_536 } })
})

test('[I20] a cell far outside is not taken for one inside', async (t) => {
  const server = await HttpServer.withLobby(t)
  const answer = await server.admin.post(PAINTED, { x: [65_536, -65_535, 1], y: [0, 1, 1], color: [1, 2, 3] })
  assert.deepEqual(answer.json(), { position: 2, verdicts: { accepted: 1, outOfRange: 2 } })
  const { canvas } = server.services.boards.get('lobby')
  assert.deepEqual([canvas.colorAt(0, 0), canvas.colorAt(1, 1)], [0, 3])
})

test('[I20] the body of a painted record has wrapped coordinates', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: area(-10, -10, 20, 20) })
  const answer = await postBytes(server, recordOf([0, -10, -1, 3, 5000], [0, 500, 500, 1, 5000]))
  assert.deepEqual(await answer.json(), { position: 2, verdicts: { accepted: 1, outOfRange: 1 } })
  const { color } = (await server.client().get('/api/boards/lobby/cells/-10/-1')).json()
  assert.equal(color, 3)
})

test('[I20] bytes that are no painted record change nothing', async (t) => {
  const server = await HttpServer.withLobby(t)
  const whole = recordOf([0, 1, 1, 1, 5000])
  const newer = new Uint8Array(whole)
  newer[0] = 2
  const tooMany = new Uint8Array(whole)
  new DataView(tooMany.buffer).setUint32(1, 1 << 30, true)
  const future = server.clock.now() + 1
  const bodies = {
    empty: new Uint8Array(0),
    cut: whole.subarray(0, -1),
    doubled: Buffer.concat([whole, whole]),
    newer,
    tooMany,
    fractional: recordOf([0, 1, 1, 1, 5000.5]),
    notANumber: recordOf([0, 1, 1, 1, Number.NaN]),
    never: recordOf([0, 1, 1, 1, 0]),
    future: recordOf([0, 1, 1, 1, future - 1], [0, 1, 1, 1, future]),
    nobodyKnown: recordOf([9, 1, 1, 1, 5000]),
  }
  for (const [name, body] of Object.entries(bodies)) {
    const answer = await postBytes(server, body)
    assert.equal(answer.status, 400, `${name}: ${await answer.text()}`)
  }
  assert.equal(server.services.boards.get('lobby').canvas.position, 1)
})
