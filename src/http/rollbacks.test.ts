import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'

const ROLLBACKS = '/api/boards/lobby/rollbacks'

/**
 * Three cells in a row at y: painted by Ann (player 1) in colour 1, then, a minute later, by Ben (2) in colour
 * 2 from the second on, then, another minute later, the third again by Ann in colour 3.
 */
async function painted(server: HttpServer, ...rows: number[]): Promise<void> {
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  for (const [painter, color, first] of [
    [ann, 1, 0],
    [ben, 2, 1],
    [ann, 3, 2],
  ] as const) {
    for (const y of rows) for (let x = first; x < 3; x++) await painter.place(x, y, color)
    server.clock.nowMs += 60_000
  }
}

function rowOf(server: HttpServer, y: number): number[] {
  const { canvas } = server.services.boards.get('lobby')
  return [0, 1, 2].map((x) => canvas.colorAt(x, y & 0xffff))
}

test('[H30] what a player painted goes, and what lay under it comes back', async (t) => {
  const server = await HttpServer.withLobby(t)
  await painted(server, 0)
  assert.deepEqual(rowOf(server, 0), [1, 2, 3])
  const answer = await server.admin.post(ROLLBACKS, { player: 1, reason: 'spam' })
  assert.equal(answer.status, 201)
  assert.deepEqual(answer.json(), { position: 8, records: [8], restored: 2, superseded: 0 })
  assert.deepEqual(rowOf(server, 0), [0, 2, 2])
  // Of a player, a rollback is a record even where nothing of theirs shows; else it is not.
  const again = await server.admin.post(ROLLBACKS, { player: 1 })
  assert.deepEqual(again.json(), { position: 9, records: [9], restored: 0, superseded: 0 })
  const nothing = await server.admin.post(ROLLBACKS, { area: { left: 5, top: 5, width: 1, height: 1 } })
  assert.deepEqual(nothing.json(), { position: 9, records: [], restored: 0, superseded: 0 })
})

test('[H30] an area goes back, also left of and above zero', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: { left: -50, top: -50, width: 100, height: 100 } })
  await painted(server, -7, 5)
  const area = { left: -1, top: -10, width: 2, height: 10 }
  const answer = await server.admin.post(ROLLBACKS, { area })
  assert.equal(answer.json().restored, 1)
  assert.deepEqual(rowOf(server, -7), [0, 2, 3])
  assert.deepEqual(rowOf(server, 5), [1, 2, 3])
})

test('[H30] a span of time goes back', async (t) => {
  const server = await HttpServer.withLobby(t)
  const startMs = server.clock.now()
  await painted(server, 0)
  const at = (minute: number): string => new Date(startMs + minute * 60_000).toISOString()
  await server.admin.post(ROLLBACKS, { from: at(1), to: at(1.5) })
  assert.deepEqual(rowOf(server, 0), [1, 1, 3])
  await server.admin.post(ROLLBACKS, { from: at(2) })
  assert.deepEqual(rowOf(server, 0), [1, 1, 2])
})

test('[H30] whoever names several conditions means all of them', async (t) => {
  const server = await HttpServer.withLobby(t)
  const startMs = server.clock.now()
  await painted(server, 0, 1)
  await (await server.visitor()).put('/api/me', { name: 'Ben' })
  await server.admin.post(ROLLBACKS, {
    player: 1,
    area: { left: 0, top: 1, width: 100, height: 1 },
    from: new Date(startMs + 60_000).toISOString(),
  })
  assert.deepEqual(rowOf(server, 0), [1, 2, 3])
  assert.deepEqual(rowOf(server, 1), [1, 2, 2])
})

test('[H30] a rollback is undone by its position, where nobody painted since', async (t) => {
  const server = await HttpServer.withLobby(t)
  await painted(server, 0)
  const position = Number((await server.admin.post(ROLLBACKS, { player: 1 })).json().position)
  const painter = await server.visitor()
  await painter.place(2, 0, 9)
  for (const none of [1, position - 1, position + 1, position + 9]) {
    assert.equal((await server.admin.delete(`${ROLLBACKS}/${none}`)).status, 404)
  }
  const undone = await server.admin.delete(`${ROLLBACKS}/${position}`)
  assert.equal(undone.status, 200)
  assert.deepEqual(undone.json(), { position: 10, records: [10], restored: 1, superseded: 1 })
  assert.deepEqual(rowOf(server, 0), [1, 2, 9])
})

test('[H30] a rollback of nothing in particular is refused', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const [body, status] of [
    [{}, 400],
    [{ reason: 'x' }, 400],
    [{ from: 'yesterday' }, 400],
    [{ area: { left: 0, top: 0, width: 0, height: 1 } }, 400],
    [{ player: 99 }, 404],
    [{ player: null }, 400],
  ] as const) {
    assert.equal((await server.admin.post(ROLLBACKS, body)).status, status, JSON.stringify(body))
  }
  assert.equal((await server.admin.delete(`${ROLLBACKS}/1`)).status, 404)
  assert.equal((await server.admin.delete(`${ROLLBACKS}/x`)).status, 400)
  assert.equal(server.services.boards.get('lobby').canvas.position, 1)
})
