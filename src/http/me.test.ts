import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'
import { TestSocket } from '../../test/support/socket.ts'
import { MAX_TOKENS } from '../players/directory.ts'

const NOBODY = { player: null, name: null, admin: false }

async function tokenOf(client: Awaited<ReturnType<HttpServer['visitor']>>): Promise<string> {
  const answer = await client.post('/api/me/tokens', { label: 'bot' })
  assert.equal(answer.status, 201)
  return answer.json<{ token: string }>().token
}

test('[P1] a first visit sets a cookie and leaves no trace in the log', async (t) => {
  const server = await HttpServer.withLobby(t)
  const first = await server.client().get('/api/me')
  assert.equal(first.status, 200)
  assert.deepEqual(first.json(), NOBODY)
  assert.equal(first.headers['cache-control'], 'no-store')
  const cookie = first.headers['set-cookie'] ?? ''
  assert.match(cookie, /^spate=[\w-]{22}\.[\w-]{22}; Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax$/)
  const again = await server.client({ cookie: `a=b; ${cookie.split(';')[0]}; c=d` }).get('/api/me')
  assert.equal(again.headers['set-cookie'], undefined)
  assert.equal(server.services.players.count, 0)
})

test('[P2] a cookie that this event did not sign is no cookie', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  await visitor.place(1, 1, 1)
  const { cookie = '' } = visitor.headers
  for (const forged of [
    cookie.replace('=', '=A'),
    `${cookie.slice(0, -4)}AAAA`,
    cookie.split('.')[0] ?? '',
    'spate=organiser.AAAAAAAAAAAAAAAAAAAAAA',
    `spate=${'A'.repeat(300)}.${'A'.repeat(22)}`,
  ]) {
    const client = server.client({ cookie: forged })
    const me = await client.get('/api/me')
    assert.deepEqual(me.json(), NOBODY)
    assert.match(me.headers['set-cookie'] ?? '', /^spate=/)
    assert.equal((await client.place(2, 2, 2)).status, 401)
  }
  assert.equal(server.services.players.count, 1)
})

test('[P2] a foreign cookie of the same name does not hide ours', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  await visitor.place(1, 1, 1)
  const { cookie = '' } = visitor.headers
  for (const both of [`spate=foreign; ${cookie}`, `${cookie}; spate=x.y`, `spate=; a=spate=b; ${cookie}`]) {
    const me = await server.client({ cookie: both }).get('/api/me')
    assert.equal(me.json().player, 1, both)
    assert.equal(me.headers['set-cookie'], undefined)
  }
})

test('[P3] the first intent makes a player, who keeps the number', async (t) => {
  const server = await HttpServer.withLobby(t)
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  await Promise.all([ann.place(1, 1, 1), ann.place(2, 2, 2), ann.place(3, 3, 3)])
  await ben.place(4, 4, 4)
  assert.deepEqual((await ann.get('/api/me')).json(), { player: 1, name: null, admin: false })
  assert.deepEqual((await ben.get('/api/me')).json(), { player: 2, name: null, admin: false })
  assert.equal(server.services.players.count, 2)
})

test('[P4] names are unique without regard to case, width and spaces', async (t) => {
  const server = await HttpServer.withLobby(t)
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  assert.deepEqual((await ann.put('/api/me', { name: '  Ann  of Ålesund ' })).json(), {
    player: 1,
    name: 'Ann  of Ålesund',
    admin: false,
  })
  for (const name of ['annofålesund', 'ＡＮＮ ＯＦ ÅLESUND', 'A nn of A\u030alesund']) {
    const taken = await ben.put('/api/me', { name })
    assert.equal(taken.status, 409)
    assert.equal(taken.json().detail, 'this name is taken')
  }
  // Her own name, written otherwise, is hers to take.
  assert.equal((await ann.put('/api/me', { name: 'ANN of ålesund' })).status, 200)
  assert.equal((await ann.put('/api/me', { name: 'Anna' })).status, 200)
  assert.equal((await ben.put('/api/me', { name: 'Ann of Ålesund' })).status, 200)
})

test('[P4] one of two who take a name at once gets it', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitors = await Promise.all(Array.from({ length: 5 }, () => server.visitor()))
  const answers = await Promise.all(visitors.map((visitor) => visitor.put('/api/me', { name: 'Highlander' })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409])
  const names = await Promise.all(visitors.map((visitor) => visitor.get('/api/me')))
  assert.equal(names.filter((me) => me.json().name === 'Highlander').length, 1)
})

test('[P4] what is no name is refused, and so is a name for nobody', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  for (const name of ['', '   ', 'a'.repeat(27), 'a\u0000b', 'a\u202eb', '\u200b']) {
    const answer = await visitor.put('/api/me', { name })
    assert.equal(answer.status, 400, JSON.stringify(name))
    assert.equal(answer.json().code, 'invalid')
  }
  assert.equal((await visitor.put('/api/me', { name: '👩'.repeat(26) })).status, 200)
  assert.equal((await visitor.put('/api/me', { name: 5 })).status, 400)
  assert.equal((await server.client().put('/api/me', { name: 'Ann' })).status, 401)
})

test('[P5] a bot with a token plays as its player until the token is revoked', async (t) => {
  const server = await HttpServer.withLobby(t)
  const player = await server.visitor()
  await player.put('/api/me', { name: 'Ann' })
  const issued = await player.post('/api/me/tokens', { label: 'bot' })
  assert.equal(issued.headers['cache-control'], 'no-store')
  const { token, player: number } = issued.json<{ token: string; player: number }>()
  assert.match(token, /^spate_[\w-]{32}$/)
  assert.equal(number, 1)
  const bot = server.client({ authorization: `Bearer ${token}` })
  const me = await bot.get('/api/me')
  assert.deepEqual(me.json(), { player: 1, name: 'Ann', admin: false })
  assert.equal(me.headers['set-cookie'], undefined)
  assert.equal((await bot.place(1, 1, 1)).status, 200)
  assert.equal((await bot.delete('/api/me/tokens')).status, 204)
  for (const answer of [await bot.get('/api/me'), await bot.place(2, 2, 2)]) {
    assert.equal(answer.status, 401)
    assert.equal(answer.json().detail, 'this token is not known')
  }
  assert.deepEqual((await player.get('/api/me')).json().name, 'Ann')
})

test('[P5] a revoked token ends what an open connection may do', async (t) => {
  const server = await HttpServer.withLobby(t)
  const headers = { authorization: `Bearer ${await tokenOf(await server.visitor())}` }
  const socket = await TestSocket.open(t, `${server.url}/api/boards/lobby/live`, { headers })
  assert.equal(Buffer.from(await socket.next())[0], 1)
  assert.equal((await server.client(headers).delete('/api/me/tokens')).status, 204)
  socket.send(Buffer.of(1, 7, 0, 0, 0, 5, 0, 5, 0, 3))
  const refused = Buffer.from(await socket.next())
  assert.deepEqual([...refused.subarray(0, 5)], [7, 7, 0, 0, 0])
  assert.equal(JSON.parse(refused.subarray(9).toString()).status, 401)
  assert.equal(server.services.boards.get('lobby').canvas.position, 1)
})

test('[P5] a player has a limited number of tokens', async (t) => {
  const server = await HttpServer.withLobby(t)
  const player = await server.visitor()
  const tokens = []
  for (let i = 0; i < MAX_TOKENS; i++) tokens.push(await tokenOf(player))
  const refused = await player.post('/api/me/tokens', { label: 'one more' })
  assert.equal(refused.status, 409)
  await server.client({ authorization: `Bearer ${tokens[0]}` }).delete('/api/me/tokens')
  assert.equal((await player.post('/api/me/tokens', { label: 'one more' })).status, 201)
})

test('[P5] what is no token is refused, and other schemes are not ours to judge', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const authorization of ['Bearer', 'Bearer a b', 'Bearer nonsense', `Bearer ${'a'.repeat(300)}`]) {
    const answer = await server.client({ authorization }).get('/api/me')
    assert.equal(answer.status, 401, authorization)
    assert.equal(answer.json().code, 'unauthorized')
  }
  const { cookie = '' } = (await server.visitor()).headers
  const behindPassword = server.client({ cookie, authorization: 'Basic YTpi' })
  assert.equal((await behindPassword.place(1, 1, 1)).status, 200)
  assert.equal((await behindPassword.delete('/api/me/tokens')).status, 400)
  assert.equal((await server.client().delete('/api/me/tokens')).status, 400)
  // What needs no identity does not ask for one.
  assert.equal((await server.client({ authorization: 'Bearer nonsense' }).get('/metrics')).status, 200)
})

test('[P6] the organiser is a player of their own and gets no other token', async (t) => {
  const server = await HttpServer.withLobby(t)
  assert.deepEqual((await server.admin.get('/api/me')).json(), { player: null, name: null, admin: true })
  assert.equal((await server.admin.place(1, 1, 1)).status, 200)
  assert.deepEqual((await server.admin.get('/api/me')).json(), { player: 1, name: null, admin: true })
  assert.equal((await server.admin.post('/api/me/tokens', { label: 'x' })).status, 403)
  assert.equal((await server.admin.delete('/api/me/tokens')).status, 400)
  const visitor = await server.visitor()
  await visitor.place(2, 2, 2)
  assert.equal((await visitor.get('/api/me')).json().player, 2)
})
