import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { EventStream } from '../../test/support/event-stream.ts'
import { type HttpClient, HttpServer } from '../../test/support/http.ts'
import { Refused, TestSocket } from '../../test/support/socket.ts'
import type { Lifetime } from '../../test/support/tmp.ts'

async function statusesOf(client: HttpClient, count: number, y = 0): Promise<number[]> {
  const statuses = []
  for (let x = 0; x < count; x++) statuses.push((await client.place(x, y, 1)).status)
  return statuses
}

async function dial(t: Lifetime, server: HttpServer): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function isAnswered(socket: Socket): Promise<boolean> {
  socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
  return Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)])
}

test('[H26] a player has a rate, from the first edit on, and is told when to go on', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { playerRate: 2, burst: 5 })
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  assert.deepEqual(await statusesOf(ann, 6), [200, 200, 200, 200, 200, 429])
  const refused = await ann.place(9, 9, 9)
  assert.equal(refused.json().code, 'limited')
  assert.equal(refused.json().retryAfterMs, 500)
  assert.equal(refused.headers['retry-after'], '1')
  assert.equal((await ann.post('/api/boards/lobby/undo')).status, 429)
  assert.equal((await ben.place(9, 9, 9)).status, 200)
  server.clock.nowMs += 500
  assert.deepEqual(await statusesOf(ann, 2, 1), [200, 429])
  const newcomer = await server.visitor()
  const rush = await Promise.all(Array.from({ length: 20 }, (_, x) => newcomer.place(x, 5, 1)))
  assert.equal(rush.filter(({ status }) => status === 200).length, 5)
})

test('[H26] a player’s bots and pages share one rate', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { playerRate: 1, burst: 30 })
  const player = await server.visitor()
  const { token } = (await player.post('/api/me/tokens', { label: '' })).json<{ token: string }>()
  const bot = server.client({ authorization: `Bearer ${token}` })
  // A token costs as much as twenty edits.
  assert.deepEqual(await statusesOf(bot, 6), [200, 200, 200, 200, 200, 200])
  assert.deepEqual(await statusesOf(player, 5, 1), [200, 200, 200, 200, 429])
  assert.equal((await player.put('/api/me', { name: 'Ann' })).status, 429)
})

test('[H26] an address has a rate, and who is over their own takes nothing from it', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { playerRate: 1, addressRate: 1, burst: 10 })
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  assert.deepEqual(new Set(await statusesOf(ann, 10)), new Set([200]))
  assert.equal((await ben.place(1, 1, 1)).status, 429)
  server.clock.nowMs += 3_000
  assert.deepEqual(await statusesOf(ann, 9, 2), [200, 200, 200, 429, 429, 429, 429, 429, 429])
  server.clock.nowMs += 5_000
  assert.deepEqual(await statusesOf(ben, 6, 3), [200, 200, 200, 200, 200, 429])
})

test('[H26] new players of one address are let in at a rate', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { joinRate: 60, burst: 3 })
  const visitors = await Promise.all(Array.from({ length: 5 }, () => server.visitor()))
  const answers = []
  for (const visitor of visitors) answers.push(await visitor.place(1, 1, 1))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 429, 429],
  )
  assert.equal(answers[4]?.json().detail, 'too many new players from this address')
  assert.equal(answers[4]?.headers['retry-after'], '1')
  assert.equal((await visitors[0]?.place(2, 2, 2))?.status, 200)
  server.clock.nowMs += 1_000
  assert.equal((await visitors[4]?.place(3, 3, 3))?.status, 200)
})

test('[H26] an address has a limited number of connections', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { maxConnectionsPerAddress: 3 })
  const sockets = [await dial(t, server), await dial(t, server), await dial(t, server)]
  for (const socket of sockets) assert.ok(await isAnswered(socket))
  assert.equal(await isAnswered(await dial(t, server)), false)
  sockets[0]?.destroy()
  while (!(await isAnswered(await dial(t, server)))) await new Promise(setImmediate)
})

test('[H26] the server has a limited number of connections', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { maxConnections: 2 })
  const sockets = [await dial(t, server), await dial(t, server)]
  for (const socket of sockets) assert.ok(await isAnswered(socket))
  assert.equal(await isAnswered(await dial(t, server)), false)
})

test('[H26] behind a proxy, sockets and streams count for the address they come from', async (t) => {
  const server = await HttpServer.withLobby(
    t,
    {},
    { trustedProxies: ['127.0.0.1'], maxConnectionsPerAddress: 2 },
  )
  const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address })
  const live = `${server.url}/api/boards/lobby/live`
  const first = await TestSocket.open(t, live, { headers: from('1.1.1.1') })
  await EventStream.open(t, `${server.url}/api/boards/lobby/edits`, from('1.1.1.1'))
  const refused = await server.client(from('1.1.1.1')).get('/healthz')
  assert.deepEqual([refused.status, refused.json().code], [429, 'limited'])
  await assert.rejects(TestSocket.open(t, live, { headers: from('1.1.1.1') }), (error) => {
    assert.ok(error instanceof Refused)
    assert.equal(error.status, 429)
    assert.ok(error.headers['retry-after'])
    return true
  })
  assert.equal((await server.client(from('1.1.1.2')).get('/healthz')).status, 200)
  first.ws.terminate()
  while ((await server.client(from('1.1.1.1')).get('/healthz')).status !== 200)
    await new Promise(setImmediate)
})

test('[H27] a forwarded address is believed from a trusted proxy alone', async (t) => {
  const setup = { addressRate: 1, burst: 1 }
  const trusting = await HttpServer.withLobby(t, {}, { ...setup, trustedProxies: ['127.0.0.0/8'] })
  const wary = await HttpServer.withLobby(t, {}, { ...setup, trustedProxies: ['10.0.0.0/8'] })
  const placing = async (server: HttpServer, forwarded: string): Promise<number> =>
    (await server.visitor({ 'x-forwarded-for': forwarded })).place(1, 1, 1).then(({ status }) => status)
  assert.equal(await placing(trusting, '1.2.3.4'), 200)
  assert.equal(await placing(trusting, '1.2.3.4'), 429)
  assert.equal(await placing(trusting, '1.2.3.5'), 200)
  // What the client itself wrote stands to the left of what the proxy saw.
  assert.equal(await placing(trusting, '6.6.6.6, 1.2.3.5'), 429)
  assert.equal(await placing(trusting, '1.2.3.6, 127.0.0.5'), 200)
  assert.equal(await placing(trusting, '1.2.3.6'), 429)
  assert.equal(await placing(trusting, '::ffff:1.2.3.6'), 429)
  // One IPv6 subscriber has a /64.
  assert.equal(await placing(trusting, '2001:db8:1:2::1'), 200)
  assert.equal(await placing(trusting, '2001:db8:1:2:ffff::9'), 429)
  assert.equal(await placing(trusting, '2001:db8:1:3::1'), 200)

  assert.equal(await placing(wary, '1.2.3.4'), 200)
  assert.equal(await placing(wary, '1.2.3.5'), 429)
  assert.equal(await placing(wary, '10.0.0.1'), 429)
})

test('[H27] a cookie is for encrypted connections where a trusted proxy has one', async (t) => {
  const secure = { 'x-forwarded-proto': 'https' }
  const trusting = await HttpServer.withLobby(t, {}, { trustedProxies: ['127.0.0.1'] })
  const wary = await HttpServer.withLobby(t)
  const cookieOf = async (server: HttpServer, headers: Record<string, string>): Promise<string[]> => {
    const me = await server.client(headers).get('/api/me')
    const socket = await TestSocket.open(t, `${server.url}/api/boards/lobby/live`, { headers })
    return [me.headers['set-cookie'] ?? '', [socket.headers['set-cookie'] ?? ''].flat()[0] ?? '']
  }
  for (const cookie of await cookieOf(trusting, secure)) assert.match(cookie, /; SameSite=Lax; Secure$/)
  for (const cookie of await cookieOf(trusting, { 'x-forwarded-proto': 'https, http' }))
    assert.match(cookie, /Lax$/)
  for (const cookie of await cookieOf(trusting, {})) assert.match(cookie, /Lax$/)
  for (const cookie of await cookieOf(wary, secure)) assert.match(cookie, /Lax$/)
})
