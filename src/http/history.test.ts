import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'

interface Entry {
  readonly position: number
  readonly color: number
}

test('[H7] a cell tells who placed it and when', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: { left: -10, top: -10, width: 20, height: 20 } })
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  await ann.put('/api/me', { name: 'Ann' })
  await ann.place(-3, 4, 5)
  server.clock.nowMs += 1500
  await ben.place(1, 1, 6)
  const cell = async (x: number, y: number): Promise<unknown> => {
    const answer = await server.client().get(`/api/boards/lobby/cells/${x}/${y}`)
    assert.equal(answer.headers['cache-control'], 'no-cache')
    return answer.json()
  }
  const at = new Date(server.clock.now() - 1500).toISOString()
  assert.deepEqual(await cell(-3, 4), { x: -3, y: 4, color: 5, player: { number: 1, name: 'Ann' }, at })
  assert.deepEqual(await cell(1, 1), {
    x: 1,
    y: 1,
    color: 6,
    player: { number: 2, name: null },
    at: new Date(server.clock.now()).toISOString(),
  })
  assert.deepEqual(await cell(0, 0), { x: 0, y: 0, color: 0, player: null, at: null })
  for (const [path, status] of [
    ['lobby/cells/10/0', 404],
    ['lobby/cells/0/-11', 404],
    ['lobby/cells/a/0', 400],
    ['lobby/cells/1.5/0', 400],
    ['nope/cells/0/0', 404],
    ['lobby/cells/10/0/history', 404],
    ['lobby/cells/0/0/history?limit=0', 400],
    ['lobby/cells/0/0/history?limit=1001', 400],
    ['lobby/cells/0/0/history?before=x', 400],
  ] as const) {
    assert.equal((await server.client().get(`/api/boards/${path}`)).status, status, path)
  }
})

test('[H7] the keys by which players are known are nobody’s to read', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  await visitor.place(1, 1, 1)
  const key = server.services.players.player(1)?.key ?? ''
  assert.match(key, /^c:/)
  for (const path of ['cells/1/1', 'cells/1/1/history']) {
    const { text } = await server.client().get(`/api/boards/lobby/${path}`)
    assert.ok(!text.includes(key.slice(2)), text)
  }
})

test('[H7] all that a cell ever held comes newest first, page by page', async (t) => {
  const server = await HttpServer.withLobby(t)
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  for (let i = 0; i < 10; i++) {
    await (i % 2 === 0 ? ann : ben).place(5, 5, 1 + i)
    await ann.place(6, 6, 1 + i)
  }
  const path = '/api/boards/lobby/cells/5/5/history'
  const whole = (await server.client().get(path)).json<{ entries: Entry[]; next: number | null }>()
  assert.deepEqual(
    whole.entries.map(({ color }) => color),
    [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
  )
  assert.equal(whole.next, null)
  assert.deepEqual(whole.entries[0], {
    position: 20,
    color: 10,
    player: { number: 2, name: null },
    at: new Date(server.clock.now()).toISOString(),
  })
  const paged: Entry[] = []
  let query = '?limit=3'
  for (let page = 0; query !== ''; page++) {
    assert.ok(page < 5)
    const { entries, next } = (await server.client().get(path + query)).json<typeof whole>()
    paged.push(...entries)
    query = next === null ? '' : `?limit=3&before=${next}`
  }
  assert.deepEqual(paged, whole.entries)
  assert.deepEqual((await server.client().get('/api/boards/lobby/cells/0/0/history')).json(), {
    entries: [],
    next: null,
  })
})

test('[H7] what was refused, hidden or taken back tells no other story than the board did', async (t) => {
  const rules = { cooldown: { kind: 'none' }, undoSeconds: 5, activeZone: null } as const
  const server = await HttpServer.withLobby(t, { rules })
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  await ann.place(5, 5, 1)
  await ben.place(5, 5, 2)
  await ben.post('/api/boards/lobby/undo')
  await server.admin.post('/api/boards/lobby/bans', { player: 2, shadow: true })
  await ben.place(5, 5, 3)
  const { entries } = (await server.client().get('/api/boards/lobby/cells/5/5/history')).json<{
    entries: (Entry & { player: { number: number } })[]
  }>()
  assert.deepEqual(
    entries.map(({ color, player }) => [color, player.number]),
    [
      [1, 1],
      [2, 2],
      [1, 1],
    ],
  )
})

test('[H7] an author from elsewhere shows under the name it had there', async (t) => {
  const server = await HttpServer.withLobby(t)
  await server.admin.post('/api/sources/place2022/authors', { names: ['someone'] })
  const cell = { player: [1], timeMs: [1_000_000], x: [1], y: [1], color: [1] }
  await server.admin.post('/api/boards/lobby/painted', cell)
  assert.deepEqual((await server.client().get('/api/boards/lobby/cells/1/1')).json(), {
    x: 1,
    y: 1,
    color: 1,
    player: { number: 1, name: 'place2022/someone' },
    at: '1970-01-01T00:16:40.000Z',
  })
})
