import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, HttpServer } from '../../test/support/http.ts'

const PALETTE = ['#000000', '#ffFFff', '#12aB34']

function detailOf(answer: Answer): unknown {
  return answer.json().detail
}

test('[H8] the organiser makes a board and everybody can read it', async (t) => {
  const server = await HttpServer.start(t)
  assert.deepEqual((await server.client().get('/api/boards')).json(), { boards: [] })
  const made = await server.admin.post('/api/boards', {
    id: 'class-7b',
    width: 300,
    height: 200,
    left: -100,
    top: -50,
    palette: PALETTE,
    background: 1,
    cooldown: { seconds: 2.5, blankSeconds: 1, stack: 3 },
    undoSeconds: 5,
    activeZone: { left: 0, top: 0, width: 10, height: 10 },
  })
  assert.equal(made.status, 201)
  const board = {
    id: 'class-7b',
    position: 1,
    timeMs: server.clock.now(),
    extent: { left: -100, top: -50, width: 300, height: 200 },
    palette: [0x000000, 0xffffff, 0x12ab34],
    background: 1,
    rules: {
      cooldown: { kind: 'stack', seconds: 2.5, blankSeconds: 1, stack: 3, activity: null },
      undoSeconds: 5,
      activeZone: { left: 0, top: 0, width: 10, height: 10 },
    },
    locks: [],
    isCaptured: false,
  }
  assert.deepEqual(made.json(), board)
  const read = await server.client().get('/api/boards/class-7b')
  assert.deepEqual(read.json(), board)
  assert.equal(read.headers['cache-control'], 'no-cache')
  assert.deepEqual((await server.client().get('/api/boards')).json(), { boards: [board] })
})

test('[H8] what a board is not told it takes from the defaults', async (t) => {
  const server = await HttpServer.start(t)
  const board = (await server.admin.post('/api/boards', { id: 'plain', width: 1, height: 65_536 })).json()
  assert.equal((board.palette as number[]).length, 16)
  assert.deepEqual(board.extent, { left: 0, top: 0, width: 1, height: 65_536 })
  assert.deepEqual(board.rules, { cooldown: { kind: 'none' }, undoSeconds: 0, activeZone: null })
  const seed = { windowSeconds: 10, budget: 50, cost: 5, blankCost: 2 }
  const like = await server.admin.post('/api/boards', { id: 'seed', width: 9, height: 9, cooldown: seed })
  assert.deepEqual(like.json<{ rules: { cooldown: unknown } }>().rules.cooldown, { kind: 'window', ...seed })
})

test('[H8] nobody but the organiser makes a board', async (t) => {
  const server = await HttpServer.withLobby(t)
  const body = { id: 'mine', width: 10, height: 10 }
  const player = await server.visitor()
  await player.place(1, 1, 1)
  const { token } = (await player.post('/api/me/tokens', { label: '' })).json<{ token: string }>()
  const statuses = []
  for (const client of [
    server.client(),
    player,
    server.client({ authorization: `Bearer ${token}` }),
    server.client({ authorization: 'Bearer the-organisers-tokem' }),
  ]) {
    statuses.push((await client.post('/api/boards', body)).status)
  }
  assert.deepEqual(statuses, [401, 403, 403, 401])
  // Who may not is told so before the body is looked at.
  assert.equal(
    (await server.client().post('/api/boards', '{', { 'content-type': 'application/json' })).status,
    401,
  )
  assert.equal((await server.client().get('/api/boards/mine')).status, 404)
})

test('[H8] a name is taken once, also by two at the same time', async (t) => {
  const server = await HttpServer.withLobby(t)
  const body = { id: 'twice', width: 10, height: 10 }
  const answers = await Promise.all([1, 2, 3].map(() => server.admin.post('/api/boards', body)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409])
  const again = await server.admin.post('/api/boards', { id: 'lobby', width: 5, height: 5 })
  assert.equal(again.status, 409)
  assert.equal(again.json().code, 'conflict')
  const { extent } = (await server.client().get('/api/boards/lobby')).json()
  assert.deepEqual(extent, { left: 0, top: 0, width: 1000, height: 1000 })
})

test('[H8] what is no board is refused with a word for each place', async (t) => {
  const server = await HttpServer.start(t)
  const base = { id: 'x', width: 10, height: 10 }
  const cases: [object, RegExp][] = [
    [{}, /id, width, height/],
    [{ ...base, id: 'Ünder' }, /a board is named by/],
    [{ ...base, id: '../x' }, /a board is named by/],
    [{ ...base, width: 0 }, /^body\/width must be >= 1$/],
    [{ ...base, height: 65_537 }, /^body\/height must be <= 65536$/],
    [{ ...base, width: '10' }, /^body\/width must be integer$/],
    [{ ...base, width: 1.5 }, /^body\/width must be integer$/],
    [{ ...base, colour: 1 }, /^body\/colour is not expected$/],
    [{ ...base, palette: ['#000000'] }, /^body\/palette must not have fewer than 2 items$/],
    [{ ...base, palette: ['#000000', 'red'] }, /^body\/palette\/1 must match pattern/],
    [{ ...base, palette: Array(257).fill('#000000') }, /^body\/palette must not have more than 256 items$/],
    [{ ...base, palette: PALETTE, background: 3 }, /^background: the palette has no such colour$/],
    [{ ...base, cooldown: { seconds: -1 } }, /^body\/cooldown\/seconds must be >= 0$/],
    [{ ...base, cooldown: { seconds: 1, budget: 5 } }, /^cooldown: either/],
    [{ ...base, cooldown: { seconds: 1, windowSeconds: 5, budget: 5, cost: 1 } }, /^cooldown: either/],
    [{ ...base, cooldown: { windowSeconds: 10, budget: 50 } }, /^cooldown: either/],
    [{ ...base, cooldown: { stack: 5 } }, /^cooldown: either/],
    [{ ...base, cooldown: { seconds: 1, stack: 0 } }, /^body\/cooldown\/stack must be >= 1$/],
    [{ ...base, undoSeconds: 3601 }, /^body\/undoSeconds must be <= 3600$/],
    [{ ...base, timeMs: server.clock.now() + 1 }, /^timeMs: not in the past$/],
  ]
  for (const [body, detail] of cases) {
    const answer = await server.admin.post('/api/boards', body)
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.match(String(detailOf(answer)), detail)
  }
  assert.deepEqual((await server.client().get('/api/boards')).json(), { boards: [] })
})

test('[H8] a board that began elsewhere began then', async (t) => {
  const server = await HttpServer.start(t)
  const timeMs = Date.UTC(2017, 2, 31, 17)
  const made = await server.admin.post('/api/boards', { id: 'place', width: 10, height: 10, timeMs })
  assert.equal(made.json().timeMs, timeMs)
})

test('[H21] a digest names the position and changes with what is seen', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  const digest = async (): Promise<Readonly<Record<string, unknown>>> =>
    (await visitor.get('/api/boards/lobby/digest')).json()
  const blank = await digest()
  assert.equal(blank.position, 1)
  assert.match(String(blank.colors), /^[0-9a-f]{64}$/)
  assert.match(String(blank.state), /^[0-9a-f]{64}$/)
  await visitor.place(1, 1, 1)
  const painted = await digest()
  assert.equal(painted.position, 2)
  assert.notEqual(painted.colors, blank.colors)
  await visitor.place(1, 1, 0)
  const again = await digest()
  assert.equal(again.colors, blank.colors)
  assert.notEqual(again.state, blank.state)
  assert.equal((await visitor.get('/api/boards/nope/digest')).status, 404)
})
