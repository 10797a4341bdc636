import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'
import { encodeBody } from '../boards/canvas/codec.ts'
import { RecordType } from '../boards/canvas/records.ts'

const PAINTED = '/api/boards/lobby/painted'
const AUTHORS = '/api/sources/place2022/authors'

type Row = readonly [player: number, timeMs: number, x: number, y: number, color: number]

interface Columns {
  readonly player: number[]
  readonly timeMs: number[]
  readonly x: number[]
  readonly y: number[]
  readonly color: number[]
}

function columns(...rows: Row[]): Columns {
  return {
    player: rows.map(([player]) => player),
    timeMs: rows.map(([, timeMs]) => timeMs),
    x: rows.map(([, , x]) => x),
    y: rows.map(([, , , y]) => y),
    color: rows.map(([, , , , color]) => color),
  }
}

test('[H20] an author of a source is one player, whoever asks', async (t) => {
  const server = await HttpServer.withLobby(t)
  const authors = async (path: string, names: string[]): Promise<unknown> =>
    (await server.admin.post(path, { names })).json().players
  assert.deepEqual(await authors(AUTHORS, ['ann', 'ben', 'ann']), [1, 2, 1])
  assert.deepEqual(await authors('/api/sources/place2017/authors', ['ann']), [3])
  assert.deepEqual(await authors(AUTHORS, ['ben', 'cleo']), [2, 4])
  assert.equal((await server.admin.post(AUTHORS, { names: ['a\nb'] })).status, 400)
  assert.equal((await server.admin.post('/api/sources/A%20B/authors', { names: [] })).status, 400)
})

test('[H20] painted cells keep the author and time they had, and the later of two wins', async (t) => {
  const server = await HttpServer.withLobby(t)
  await server.admin.post(AUTHORS, { names: ['ann', 'ben'] })
  const answer = await server.admin.post(
    PAINTED,
    columns(
      [1, 1000, 1, 1, 1],
      [2, 900, 2, 2, 2],
      [0, 800, 2, 2, 3],
      [1, 1000, 2000, 1, 1],
      [1, 1000, 3, 3, 99],
    ),
  )
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.json(), {
    position: 2,
    verdicts: { accepted: 2, superseded: 1, outOfRange: 1, wrongColor: 1 },
  })
  assert.deepEqual((await server.client().get('/api/boards/lobby/cells/2/2')).json(), {
    x: 2,
    y: 2,
    color: 2,
    player: { number: 2, name: 'place2022/ben' },
    at: '1970-01-01T00:00:00.900Z',
  })
})

test('[H20] a record of painted cells is taken as it is stored', async (t) => {
  const server = await HttpServer.withLobby(t)
  const body = {
    count: 2,
    player: Uint32Array.of(0, 0),
    x: Uint16Array.of(5, 6),
    y: Uint16Array.of(7, 7),
    color: Uint8Array.of(8, 9),
    timeMs: Float64Array.of(1000, 1000),
  }
  const bytes = encodeBody({ type: RecordType.painted, body })
  const send = (content: Uint8Array<ArrayBuffer>): Promise<Response> =>
    fetch(server.url + PAINTED, {
      method: 'POST',
      headers: { ...server.admin.headers, 'content-type': 'application/octet-stream' },
      body: content,
    })
  const answer = await send(new Uint8Array(bytes))
  assert.deepEqual(await answer.json(), { position: 2, verdicts: { accepted: 2 } })
  assert.equal(server.services.boards.get('lobby').canvas.colorAt(6, 7), 9)
  const cut = await send(new Uint8Array(bytes.subarray(0, -1)))
  assert.equal(cut.status, 400)
})

test('[H20] only the organiser paints, and only what adds up', async (t) => {
  const server = await HttpServer.withLobby(t)
  const good = columns([0, 1000, 1, 1, 1])
  assert.equal((await server.client().post(PAINTED, good)).status, 401)
  assert.equal((await server.client().post(AUTHORS, { names: [] })).status, 401)
  assert.equal((await (await server.visitor()).post(PAINTED, good)).status, 403)
  assert.equal((await server.admin.post('/api/boards/nope/painted', good)).status, 404)
  const cases: [object, RegExp][] = [
    [{ ...good, x: [1, 2] }, /columns differ/],
    [{ ...good, player: [3] }, /no such player/],
    [{ ...good, timeMs: [server.clock.now() + 1] }, /not in the past/],
    [{ ...good, timeMs: [0] }, /^body\/timeMs\/0 must be >= 1$/],
    [{ ...good, color: [256] }, /^body\/color\/0 must be <= 255$/],
    [{ ...good, colour: [2] }, /^body\/colour is not expected$/],
  ]
  for (const [body, detail] of cases) {
    const answer = await server.admin.post(PAINTED, body)
    assert.equal(answer.status, 400)
    assert.match(String(answer.json().detail), detail)
  }
  assert.equal(server.services.boards.get('lobby').canvas.position, 1)
})
