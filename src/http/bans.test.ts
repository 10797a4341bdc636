import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventStream } from '../../test/support/event-stream.ts'
import { type HttpClient, HttpServer } from '../../test/support/http.ts'
import { readPng } from '../../test/support/png.ts'
import { TestSocket } from '../../test/support/socket.ts'
import { CLASSIC_PALETTE } from '../boards/canvas/palettes.ts'
import { decodeServerMessage, type ServerMessage } from '../live/protocol.ts'

const BOARD = '/api/boards/lobby'

/** Two players, of whom the first is number 1 and named. */
async function annAndBen(server: HttpServer): Promise<[HttpClient, HttpClient]> {
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  await ann.put('/api/me', { name: 'Ann' })
  await ben.place(999, 999, 1)
  return [ann, ben]
}

async function colorsOf(server: HttpServer, ...cells: [number, number][]): Promise<number[]> {
  const { canvas } = server.services.boards.get('lobby')
  return cells.map(([x, y]) => canvas.colorAt(x, y))
}

async function nextOf(socket: TestSocket, type: ServerMessage['type']): Promise<ServerMessage> {
  for (;;) {
    const message = decodeServerMessage(Buffer.from(await socket.next()))
    if (message.type === type) return message
  }
}

test('[H18] a ban shuts a player out, for a time or for ever', async (t) => {
  const server = await HttpServer.withLobby(t)
  const [ann, ben] = await annAndBen(server)
  const banned = await server.admin.post(`${BOARD}/bans`, { player: 'ann', seconds: 60, reason: 'spam' })
  assert.equal(banned.status, 201)
  const ban = { player: 1, untilMs: server.clock.now() + 60_000, shadow: false, reason: 'spam' }
  assert.deepEqual(banned.json(), ban)
  assert.deepEqual((await server.admin.get(`${BOARD}/bans`)).json(), { bans: [ban] })
  const refused = await ann.place(1, 1, 1)
  assert.deepEqual([refused.status, refused.json().code], [403, 'banned'])
  assert.equal((await ben.place(1, 1, 1)).status, 200)
  server.clock.nowMs += 60_000
  assert.equal((await ann.place(2, 2, 2)).status, 200)
  assert.equal((await server.admin.post(`${BOARD}/bans`, { player: 1 })).json().untilMs, null)
  server.clock.nowMs += 1e12
  assert.equal((await ann.place(3, 3, 3)).status, 403)
})

test('[H18] who is not there cannot be banned, nor unbanned', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const player of [7, 'nobody', '']) {
    const answer = await server.admin.post(`${BOARD}/bans`, { player })
    assert.equal(answer.status, 404, String(player))
  }
  assert.equal((await server.admin.delete(`${BOARD}/bans/7`)).status, 404)
  assert.equal((await server.admin.post(`${BOARD}/bans`, { player: 0 })).status, 400)
  assert.equal((await server.admin.post(`${BOARD}/bans`, { player: 1, shdaow: true })).status, 400)
})

test('[H18] a player whose name is a number is found by name, not by number', async (t) => {
  const server = await HttpServer.withLobby(t)
  const [ann, ben] = await annAndBen(server)
  await ben.put('/api/me', { name: '1' })
  assert.equal((await server.admin.post(`${BOARD}/bans`, { player: '1' })).json().player, 2)
  assert.equal((await server.admin.post(`${BOARD}/bans`, { player: 1 })).json().player, 1)
  assert.equal((await ann.place(5, 5, 5)).status, 403)
})

test('[H18] one ban for every board', async (t) => {
  const server = await HttpServer.withLobby(t)
  await server.admin.post('/api/boards', { id: 'other', width: 10, height: 10 })
  const [ann] = await annAndBen(server)
  const banned = await server.admin.post('/api/bans', { player: 1 })
  assert.equal(banned.status, 201)
  assert.deepEqual(banned.json<{ boards: string[] }>().boards.sort(), ['lobby', 'other'])
  for (const board of ['lobby', 'other']) {
    assert.equal((await ann.post(`/api/boards/${board}/edit`, { x: 1, y: 1, c: 1 })).status, 403)
  }
  assert.equal((await server.admin.post('/api/bans', { player: 99 })).status, 404)
})

test('[H18] a ban can take back what its player painted, and the end of the ban gives it back', async (t) => {
  const server = await HttpServer.withLobby(t)
  const [ann, ben] = await annAndBen(server)
  await ben.place(1, 1, 9)
  await ann.place(1, 1, 1)
  await ann.place(2, 2, 2)
  await ann.place(3, 3, 3)
  await ben.place(3, 3, 8)
  await server.admin.post(`${BOARD}/bans`, { player: 1, rollback: true })
  assert.deepEqual(await colorsOf(server, [1, 1], [2, 2], [3, 3]), [9, 0, 8])
  await ben.place(2, 2, 7)
  assert.equal((await server.admin.delete(`${BOARD}/bans/1`)).status, 204)
  assert.deepEqual(await colorsOf(server, [1, 1], [2, 2], [3, 3]), [1, 7, 8])
  assert.equal((await ann.place(4, 4, 4)).status, 200)
  assert.deepEqual((await server.admin.get(`${BOARD}/bans`)).json(), { bans: [] })
})

test('[H18] a shadow-banned player sees their own edits, and nobody else does', async (t) => {
  const rules = { cooldown: { kind: 'none' }, undoSeconds: 5, activeZone: null } as const
  const server = await HttpServer.withLobby(t, { rules })
  const [ann, ben] = await annAndBen(server)
  await server.admin.post(`${BOARD}/bans`, { player: 1, shadow: true })
  const live = `${server.url}${BOARD}/live`
  const own = await TestSocket.open(t, live, { headers: ann.headers })
  const others = await TestSocket.open(t, live, { headers: ben.headers })
  const events = await EventStream.open(t, `${server.url}${BOARD}/edits`)

  const told = await ann.place(5, 5, 5)
  assert.equal(told.status, 200)
  assert.equal(told.json().verdict, 'accepted')
  const hidden = await nextOf(own, 'hidden')
  assert.ok(hidden.type === 'hidden')
  assert.deepEqual([...(hidden.groups[0]?.cells ?? [])], [5 * 256 + 5])
  assert.deepEqual([...(hidden.groups[0]?.colors ?? [])], [5])
  own.send(Buffer.of(1, 1, 0, 0, 0, 6, 0, 6, 0, 6))
  const judged = await nextOf(own, 'judged')
  assert.ok(judged.type === 'judged')
  assert.deepEqual([...judged.verdicts], [0])

  // What the others hear of next is what everybody may see.
  await ben.place(9, 9, 9)
  const seen = await nextOf(others, 'edits')
  assert.ok(seen.type === 'edits')
  assert.deepEqual(
    seen.groups.map(({ cells }) => [...cells]),
    [[9 * 256 + 9]],
  )
  assert.deepEqual((await events.next()).data, '{"edits":[[9,9,9]]}')
  const image = await readPng((await ben.get(`${BOARD}/image.png`)).bytes)
  assert.equal(image.at(5, 5), CLASSIC_PALETTE[0])
  assert.equal(image.at(9, 9), CLASSIC_PALETTE[9])
  assert.equal((await ben.get(`${BOARD}/cells/5/5`)).json().color, 0)

  // The same colour again is nothing new to them, and they may take it back.
  assert.equal((await ann.place(5, 5, 5)).json().verdict, 'unchanged')
  assert.equal((await ann.post(`${BOARD}/undo`)).json().verdict, 'accepted')
  // Whoever paints there shows it to all.
  await ben.place(5, 5, 7)
  assert.equal((await ann.place(5, 5, 7)).json().verdict, 'unchanged')
})
