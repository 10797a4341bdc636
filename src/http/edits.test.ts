import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, HttpServer } from '../../test/support/http.ts'

const WINDOW = { kind: 'window', windowSeconds: 10, budget: 50, cost: 5, blankCost: 2 } as const
const RULES = { cooldown: { kind: 'none' }, undoSeconds: 5, activeZone: null } as const

function refusalOf(answer: Answer): unknown {
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/)
  const { status, code } = answer.json()
  assert.equal(status, answer.status)
  return [status, code]
}

test('[H3] an edit is answered with its position, its verdict and the next allowed time', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  const answer = await visitor.place(7, 8, 9)
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.json(), { position: 2, verdict: 'accepted', nextMs: server.clock.now() })
  assert.equal(server.services.boards.get('lobby').canvas.colorAt(7, 8), 9)
})

test('[H3] an edit that is answered is in the log', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitors = await Promise.all(Array.from({ length: 20 }, () => server.visitor()))
  const answers = await Promise.all(visitors.map((visitor, i) => visitor.place(i, 0, 5)))
  const { canvas } = server.services.boards.get('lobby')
  for (const [i, answer] of answers.entries()) {
    assert.equal(answer.status, 200)
    assert.ok(Number(answer.json().position) <= canvas.position)
    assert.equal(canvas.colorAt(i, 0), 5)
  }
})

test('[H3] every refusal has its status and code, and leaves the board as it was', async (t) => {
  const server = await HttpServer.withLobby(t, {
    rules: { ...RULES, activeZone: { left: 0, top: 0, width: 100, height: 100 } },
  })
  const visitor = await server.visitor()
  await visitor.place(50, 50, 1)
  await server.admin.put('/api/boards/lobby/locks/logo', { left: 0, top: 0, width: 5, height: 5 })
  const { position } = server.services.boards.get('lobby').canvas
  const cases: [number, number, number, number, string][] = [
    [1000, 0, 1, 400, 'out-of-range'],
    [0, -1, 1, 400, 'out-of-range'],
    [65_536, 0, 1, 400, 'out-of-range'],
    [10, 10, 16, 400, 'wrong-color'],
    [100, 99, 1, 403, 'inactive'],
    [4, 4, 1, 403, 'locked'],
  ]
  for (const [x, y, c, status, code] of cases) {
    assert.deepEqual(refusalOf(await visitor.place(x, y, c)), [status, code])
  }
  await server.admin.post('/api/boards/lobby/bans', { player: 1 })
  assert.deepEqual(refusalOf(await visitor.place(10, 10, 1)), [403, 'banned'])
  assert.deepEqual(refusalOf(await server.client().place(10, 10, 1)), [401, 'unauthorized'])
  assert.deepEqual(refusalOf(await visitor.post('/api/boards/nope/edit', { x: 1, y: 1, c: 1 })), [
    404,
    'not-found',
  ])
  assert.equal(server.services.boards.get('lobby').canvas.position, Number(position) + 1)
})

test('[H2] a body is taken as it is: nothing is coerced and nothing left out', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  const cases: [unknown, RegExp][] = [
    [
      { x: null, y: null, c: null },
      /body\/x must be integer; body\/y must be integer; body\/c must be integer/,
    ],
    [{ x: '1', y: 1, c: 1 }, /^body\/x must be integer$/],
    [{ x: 1, y: 1, c: true }, /^body\/c must be integer$/],
    [{ x: 1, y: 1, c: 256 }, /^body\/c must be <= 255$/],
    [{ x: 1.5, y: 1, c: 1 }, /^body\/x must be integer$/],
    [{ x: 2 ** 24 + 1, y: 1, c: 1 }, /^body\/x must be <= 16777216$/],
    [{ x: 1, y: 1 }, /^body must have required properties c$/],
    [{ x: 1, y: 1, c: 1, colour: 1 }, /^body\/colour is not expected$/],
    [[1, 1, 1], /^body must be object$/],
  ]
  for (const [body, detail] of cases) {
    const answer = await visitor.post('/api/boards/lobby/edit', body)
    assert.deepEqual(refusalOf(answer), [400, 'invalid'])
    assert.match(String(answer.json().detail), detail)
  }
  const json = { 'content-type': 'application/json' }
  const raw: [string, Record<string, string>, number, RegExp][] = [
    ['{"x":1,', json, 400, /not valid JSON/],
    ['', json, 400, /empty/i],
    ['{"__proto__":{"x":1},"x":1,"y":1,"c":1}', json, 400, /not valid JSON|forbidden prototype/],
    ['{"x":1,"y":1,"c":1}', { 'content-type': 'text/plain' }, 400, /must be object/],
    ['x=1&y=1&c=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, /Unsupported Media Type/],
    [JSON.stringify({ x: 'a'.repeat(1 << 20) }), json, 413, /too large/],
  ]
  for (const [body, headers, status, detail] of raw) {
    const answer = await visitor.post('/api/boards/lobby/edit', body, headers)
    refusalOf(answer)
    assert.equal(answer.status, status, body.slice(0, 50))
    assert.match(String(answer.json().detail), detail)
  }
  assert.equal(server.services.boards.get('lobby').canvas.position, 1)
})

test('[H4] who has to wait is told how long, and is let in then', async (t) => {
  const cooldown = { kind: 'stack', seconds: 10, blankSeconds: 10, stack: 1, activity: null } as const
  const server = await HttpServer.withLobby(t, { rules: { ...RULES, cooldown } })
  const visitor = await server.visitor()
  const first = await visitor.place(1, 1, 1)
  assert.equal(first.json().nextMs, server.clock.now() + 10_000)
  server.clock.nowMs += 2_500
  const early = await visitor.place(2, 2, 2)
  assert.deepEqual(refusalOf(early), [429, 'cooling-down'])
  assert.equal(early.headers['retry-after'], '8')
  assert.equal(early.json().retryAfterMs, 7_500)
  server.clock.nowMs += 7_500
  assert.equal((await visitor.place(2, 2, 2)).status, 200)
})

test('[H4] in a window, painted cells cost more than blank ones, and what is refused costs nothing', async (t) => {
  const server = await HttpServer.withLobby(t, { rules: { ...RULES, cooldown: WINDOW } })
  const visitor = await server.visitor()
  for (let i = 0; i < 24; i++) assert.equal((await visitor.place(i, 0, 1)).status, 200)
  // 48 spent: a painted cell is too dear, a blank one is not.
  const dear = await visitor.place(0, 0, 2)
  assert.deepEqual(refusalOf(dear), [429, 'cooling-down'])
  assert.equal(dear.headers['retry-after'], '10')
  assert.equal((await visitor.place(24, 0, 1)).status, 200)
  assert.deepEqual(refusalOf(await visitor.place(25, 0, 1)), [429, 'cooling-down'])
  server.clock.nowMs += 10_000
  assert.equal((await visitor.place(25, 0, 1)).status, 200)
})

test('[H5] the colour that is there already is a free success', async (t) => {
  const cooldown = { kind: 'stack', seconds: 10, blankSeconds: 10, stack: 1, activity: null } as const
  const server = await HttpServer.withLobby(t, { rules: { ...RULES, cooldown } })
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  const { nextMs } = (await ann.place(1, 1, 1)).json()
  const again = await ann.place(1, 1, 1)
  assert.equal(again.status, 200)
  assert.deepEqual(again.json(), { position: 2, verdict: 'unchanged', nextMs })
  assert.equal((await ben.place(1, 1, 1)).json().verdict, 'unchanged')
  assert.equal((await ben.place(2, 2, 2)).json().verdict, 'accepted')
  assert.equal(server.services.boards.get('lobby').canvas.position, 3)
})

test('[H6] a player takes the last placement back, once and in time', async (t) => {
  const cooldown = { kind: 'stack', seconds: 10, blankSeconds: 10, stack: 1, activity: null } as const
  const server = await HttpServer.withLobby(t, { rules: { ...RULES, cooldown } })
  const { canvas } = server.services.boards.get('lobby')
  const visitor = await server.visitor()
  assert.deepEqual(refusalOf(await server.client().post('/api/boards/lobby/undo')), [401, 'unauthorized'])
  assert.deepEqual(refusalOf(await visitor.post('/api/boards/lobby/undo')), [409, 'nothing-to-undo'])
  await visitor.place(1, 1, 1)
  const undone = await visitor.post('/api/boards/lobby/undo')
  assert.deepEqual(undone.json(), { position: 3, verdict: 'accepted', nextMs: server.clock.now() })
  assert.equal(canvas.colorAt(1, 1), 0)
  assert.deepEqual(refusalOf(await visitor.post('/api/boards/lobby/undo')), [409, 'nothing-to-undo'])
  await visitor.place(2, 2, 2)
  server.clock.nowMs += 5_001
  assert.deepEqual(refusalOf(await visitor.post('/api/boards/lobby/undo')), [409, 'nothing-to-undo'])
  assert.equal(canvas.colorAt(2, 2), 2)
})
