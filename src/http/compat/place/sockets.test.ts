import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, parse, validate } from 'graphql'
import { ManualClock } from '../../../../test/support/clock.ts'
import { HttpServer } from '../../../../test/support/http.ts'
import { gauge } from '../../../../test/support/metrics.ts'
import {
  PlaceSocket,
  placeToken,
  placeUrl,
  SUBSCRIPTION,
  type Subprotocol,
} from '../../../../test/support/place-client.ts'
import { realData } from '../../../../test/support/real-data.ts'
import { TestSocket } from '../../../../test/support/socket.ts'
import type { Lifetime } from '../../../../test/support/tmp.ts'

const PROTOCOLS: readonly Subprotocol[] = ['graphql-ws', 'graphql-transport-ws', undefined]
const HOUR_MS = 3_600_000

/** What a socket that is closed by the server was told last, and how it was closed. */
async function lastWords(socket: TestSocket): Promise<{ said: string[]; code: number }> {
  const { code } = await socket.closed
  const said: string[] = []
  for (;;) {
    try {
      said.push(String(await socket.next()))
    } catch {
      return { said, code }
    }
  }
}

function opened(
  t: Lifetime,
  server: HttpServer,
  protocol: Subprotocol,
  headers: Record<string, string> = {},
): Promise<TestSocket> {
  const named = protocol === undefined ? {} : { protocol }
  return TestSocket.open(t, `${placeUrl(server.url)}/query`, { ...named, headers })
}

for (const protocol of PROTOCOLS) {
  const name = protocol ?? 'no subprotocol'
  const isTransport = protocol === 'graphql-transport-ws'

  test(`[S40] [S41] ${name}: greeted by either way of showing the token, and followed to a stop`, async (t) => {
    const server = await HttpServer.withLobby(t)
    for (const inHeader of [false, true]) {
      const socket = await PlaceSocket.open(t, server.url, { protocol, inHeader })
      assert.equal(socket.socket.ws.protocol, protocol ?? '')
      assert.deepEqual(await socket.next(), { type: 'connection_ack' })
      socket.follow('1', undefined)
      socket.follow('2', 0)
      const configuration = await socket.next()
      assert.deepEqual([configuration.type, configuration.id], [isTransport ? 'next' : 'data', '1'])
      const full = await socket.next()
      assert.deepEqual([full.type, full.id], [isTransport ? 'next' : 'data', '2'])
      socket.send({ id: '2', type: isTransport ? 'complete' : 'stop' })
      if (!isTransport) assert.deepEqual(await socket.next(), { id: '2', type: 'complete' })
      socket.ask('3', '{ configuration { canvasWidth } }')
      // Nothing of the canvas comes in between.
      const visitor = await server.visitor()
      assert.equal((await visitor.place(1, 1, 1)).status, 200)
      assert.deepEqual(await socket.next(), {
        payload: { data: { configuration: { canvasWidth: 1000 } } },
        id: '3',
        type: isTransport ? 'next' : 'data',
      })
      assert.deepEqual(await socket.next(), { id: '3', type: 'complete' })
    }
  })

  test(`[S40] ${name}: who has no token that holds is told so, and sent away`, async (t) => {
    const server = await HttpServer.withLobby(t)
    const ended = await placeToken(server.url)
    server.clock.nowMs += HOUR_MS
    const other = await HttpServer.withLobby(t)
    const admin = server.admin.headers.authorization ?? ''
    const wrong = ['', `Bearer ${ended}`, 'Bearer abc', 'Basic abc', admin]
    assert.match(await placeToken(other.url), /./)
    for (const authorization of wrong) {
      const socket = await opened(t, server, protocol)
      socket.send(JSON.stringify({ type: 'connection_init', payload: { Authorization: authorization } }))
      const { said, code } = await lastWords(socket)
      assert.equal(code, 4403)
      const types = said.map((text) => JSON.parse(text).type)
      assert.deepEqual(types, isTransport ? [] : ['connection_error'], authorization)
    }
    const early = await opened(t, server, protocol)
    const type = isTransport ? 'subscribe' : 'start'
    early.send(JSON.stringify({ id: '1', type, payload: { query: '{__typename}' } }))
    assert.equal((await lastWords(early)).code, 4401)
  })

  test(`[S40] ${name}: once the token has ended, nothing new is begun, and what runs goes on`, async (t) => {
    const server = await HttpServer.withLobby(t)
    const socket = await PlaceSocket.open(t, server.url, { protocol })
    await socket.next()
    socket.follow('1', 0)
    await socket.next()
    server.clock.nowMs += HOUR_MS
    socket.follow('2', 0)
    const refused = await socket.next()
    assert.deepEqual([refused.type, refused.id], ['error', '2'])
    assert.match(JSON.stringify(refused.payload), /401 Unauthorized/)
    await (await server.visitor()).place(1, 1, 1)
    assert.equal((await socket.next()).id, '1')
  })

  test(`[S42] ${name}: the whole schema is told first, and what its clients ask next is valid by it`, async (t) => {
    const server = await HttpServer.withLobby(t)
    const socket = await PlaceSocket.open(t, server.url, { protocol })
    await socket.next()
    const full = { descriptions: true, inputValueDeprecation: true, specifiedByUrl: true }
    for (const query of [getIntrospectionQuery(), getIntrospectionQuery(full)]) {
      socket.ask('1', query)
      socket.follow('2', 0)
      const { payload, id } = await socket.next()
      assert.equal(id, '1')
      // What buildClientSchema takes, it checks.
      const schema = buildClientSchema(payload?.data as unknown as IntrospectionQuery)
      assert.deepEqual(validate(schema, parse(SUBSCRIPTION)), [])
      assert.deepEqual(await socket.next(), { id: '1', type: 'complete' })
      assert.equal((await socket.next()).id, '2')
      socket.send({ id: '2', type: isTransport ? 'complete' : 'stop' })
      if (!isTransport) await socket.next()
    }
  })
}

test('[S41] a client without a subprotocol is answered in the words that it uses, each time', async (t) => {
  const server = await HttpServer.withLobby(t)
  const socket = await PlaceSocket.open(t, server.url)
  await socket.next()
  const query = '{ __typename }'
  for (const [type, answer] of [
    ['subscribe', 'next'],
    ['start', 'data'],
    ['subscribe', 'next'],
  ] as const) {
    socket.send({ id: 'a', type, payload: { query } })
    assert.equal((await socket.next()).type, answer)
    assert.equal((await socket.next()).type, 'complete')
  }
})

test('[S41] protocols that are named in two headers are agreed on once', async (t) => {
  const server = await HttpServer.withLobby(t)
  const { port } = new URL(server.url)
  for (const [offers, agreed] of [
    [['graphql-ws, graphql-transport-ws', 'graphql-ws'], 'graphql-ws'],
    [['graphql-transport-ws', 'graphql-ws, graphql-transport-ws'], 'graphql-transport-ws'],
    [['something-else', 'graphql-ws'], 'graphql-ws'],
    [['', ',, graphql-ws'], 'graphql-ws'],
    [[''], undefined],
  ] as const) {
    const socket = connect(Number(port), '127.0.0.1')
    t.after(() => socket.destroy())
    const lines = [
      'GET /compat/place/lobby/query HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...offers.map((offer) => `Sec-WebSocket-Protocol: ${offer}`),
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    )
    assert.match(answer, /^HTTP\/1\.1 101 /)
    assert.equal(/^Sec-WebSocket-Protocol: (.*)\r$/m.exec(answer)?.[1], agreed)
    socket.destroy()
  }
})

test('[S41] signs of life come more often than clients give up', async (t) => {
  const timers = new ManualClock()
  const server = await HttpServer.withLobby(t, {}, { timers })
  for (const [protocol, sign] of [
    ['graphql-ws', 'ka'],
    ['graphql-transport-ws', 'ping'],
  ] as const) {
    const socket = await PlaceSocket.open(t, server.url, { protocol })
    await socket.next()
    if (protocol === 'graphql-ws')
      assert.deepEqual(JSON.parse(String(await socket.socket.next())), { type: 'ka' })
    for (let i = 0; i < 3; i++) {
      await timers.advance(5_000)
      assert.deepEqual(JSON.parse(String(await socket.socket.next())), { type: sign })
    }
    socket.send({ type: 'ping', payload: { a: 1 } })
    assert.deepEqual(await socket.next(), { type: 'pong', payload: { a: 1 } })
    socket.socket.ws.close()
    await socket.socket.closed
  }
})

test('[S51] who shows no token in time, and who is gone, is closed', async (t) => {
  const timers = new ManualClock()
  const server = await HttpServer.withLobby(t, {}, { timers })
  const mute = await opened(t, server, 'graphql-transport-ws')
  const gone = await PlaceSocket.open(t, server.url)
  await gone.next()
  gone.socket.ws.pause()
  await timers.advance(15_000)
  assert.equal((await mute.closed).code, 4408)
  await timers.advance(45_000)
  gone.socket.ws.resume()
  assert.equal((await gone.socket.closed).code, 1001)
})

test('[S51] documents that are too deep, too large or too many are refused, and the socket goes on', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { addressRate: 1, burst: 165 })
  const socket = await PlaceSocket.open(t, server.url)
  await socket.next()
  const deep = `{ ${'__schema { types { name fields { type { '.repeat(6)}name${' } } } }'.repeat(6)} }`
  const wide = `{ ${Array.from({ length: 25 }, (_, i) => `a${i}: configuration { canvasWidth }`).join(' ')} }`
  const bomb = `{ configuration { ...A0 } } ${Array.from({ length: 20 }, (_, i) => `fragment A${i} on ConfigurationMessageData { ...A${i + 1} ...A${i + 1} ...A${i + 1} }`).join(' ')} fragment A20 on ConfigurationMessageData { canvasWidth }`
  const circle = '{ configuration { ...A } } fragment A on ConfigurationMessageData { canvasWidth ...A }'
  const broad = `{ __schema { types { fields { args { ${Array.from({ length: 200 }, (_, i) => `a${i}: name`).join(' ')} } } } } }`
  for (const [query, words] of [
    [deep, /deep|depth|introspection/i],
    [wide, /at most 24 things/],
    [bomb, /at most 16 times/],
    [circle, /at most 16 times/],
    [broad, /at most 100000 fields/],
    [`{ ${'a '.repeat(3_000)} }`, /tokens/],
    ['{ nothing }', /nothing/],
    ['query A { __typename } query B { __typename }', /name the one operation/],
    ['{', /Syntax Error/],
  ] as const) {
    socket.ask('1', query)
    const { type, payload } = await socket.next()
    assert.equal(type, 'error')
    assert.match(payload?.message ?? '', words, query.slice(0, 60))
  }
  for (let i = 0; i < 70; i++) socket.follow(`s${i}`, 500)
  const refusals = [await socket.next(), await socket.next()]
  for (const { id, payload } of refusals) {
    assert.match(id ?? '', /^s6[4-9]$/)
    assert.match(payload?.message ?? '', /429 .* at most 64 subscriptions a connection/)
  }
  for (let i = 0; i < 4; i++) await socket.next()
  for (let i = 0; i < 60; i++) socket.ask(`q${i}`, '{ __typename }')
  let limited = 0
  for (let i = 0; i < 60; i++) {
    const { type, payload } = await socket.next()
    if (type === 'error') {
      assert.match(payload?.message ?? '', /429 .* too many requests from this address/)
      limited += 1
    } else if (type === 'complete') i -= 1
  }
  assert.ok(limited > 0 && limited < 60, `${limited}`)
  assert.ok((server.services.failures.counts.get('limited') ?? 0) >= limited)
})

test('[S51] an address has at most 128 different subscriptions, each of at most 500 fields; equal ones are one', async (t) => {
  const server = await HttpServer.withLobby(t)
  const sockets = await Promise.all(Array.from({ length: 4 }, () => PlaceSocket.open(t, server.url)))
  for (const socket of sockets) await socket.next()
  const [first, second, third, fourth] = sockets
  assert.ok(first && second && third && fourth)
  for (let i = 0; i < 64; i++) {
    first.follow(`${i}`, 100 + i)
    second.follow(`${i}`, 200 + i)
    third.follow(`${i}`, 100 + i)
  }
  third.follow('one more', 300)
  assert.match((await third.next()).payload?.message ?? '', /at most 64 subscriptions a connection/)
  fourth.follow('other', 300)
  assert.match((await fourth.next()).payload?.message ?? '', /429 .* at most 128 different subscriptions/)
  second.socket.ws.close()
  await second.socket.closed
  // The server may hear of the end a little later.
  let answer = ''
  for (let i = 0; i < 1_000 && answer !== 'data'; i++) {
    fourth.follow('other', 0)
    answer = (await fourth.next()).type
  }
  assert.equal(answer, 'data')
  const wide = Array.from({ length: 600 }, (_, i) => `a${i}: id`).join(' ')
  fourth.follow('wide', 0, `subscription ($input: SubscribeInput!) { subscribe(input: $input) { ${wide} } }`)
  assert.match((await fourth.next()).payload?.message ?? '', /413 .* at most 500 fields/)
})

test('[S51] an answer is counted with all colours of its board', async (t) => {
  const palette = Array.from({ length: 256 }, (_, i) => i)
  const [few, many] = await Promise.all([HttpServer.withLobby(t), HttpServer.withLobby(t, { palette })])
  const wide = Array.from({ length: 400 }, (_, i) => `a${i}: index`).join(' ')
  const answers = []
  for (const { url } of [few, many]) {
    const socket = await PlaceSocket.open(t, url)
    await socket.next()
    socket.ask('1', `{ configuration { colorPalette { colors { ${wide} } } } }`)
    answers.push(await socket.next())
  }
  assert.equal(answers[0]?.type, 'data')
  assert.equal(answers[1]?.payload?.message, 'an answer of this board has at most 100000 fields, not 102403')
})

test('[S51] to understand a new document takes of an address’s rate by its length', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { addressRate: 1, burst: 120 })
  const socket = await PlaceSocket.open(t, server.url)
  await socket.next()
  const long = (name: string): string => `{ __typename } # ${name.repeat(20_000)}`
  const types = []
  for (const query of [long('a'), long('a'), long('a'), long('b'), long('a')]) {
    socket.ask('1', query)
    const { type } = await socket.next()
    types.push(type)
    if (type === 'data') await socket.next()
  }
  assert.deepEqual(types, ['data', 'data', 'data', 'error', 'data'])
})

test('[S51] the different subscriptions of an address ask for at most 16,384 fields', async (t) => {
  const server = await HttpServer.withLobby(t)
  const socket = await PlaceSocket.open(t, server.url)
  await socket.next()
  const wide = Array.from({ length: 399 }, (_, i) => `a${i}: id`).join(' ')
  const query = `subscription ($input: SubscribeInput!) { subscribe(input: $input) { ${wide} } }`
  for (let i = 0; i < 42; i++) socket.follow(`${i}`, 100 + i, query)
  for (const id of ['40', '41']) {
    const refused = await socket.next()
    assert.equal(refused.id, id)
    assert.match(refused.payload?.message ?? '', /429 .* ask for at most 16384 fields/)
  }
  socket.send({ id: '0', type: 'stop' })
  assert.equal((await socket.next()).type, 'complete')
  socket.follow('40', 0, query)
  assert.equal((await socket.next()).type, 'data')
})

test('[S51] a message is at most 64 KiB, and text', async (t) => {
  const server = await HttpServer.withLobby(t)
  const large = await PlaceSocket.open(t, server.url)
  await large.next()
  large.ask('1', `{ __typename } # ${'x'.repeat(65_536)}`)
  assert.equal((await large.socket.closed).code, 1009)
  const binary = await PlaceSocket.open(t, server.url)
  await binary.next()
  binary.socket.send(Buffer.from('{"type":"ping"}'))
  assert.equal((await binary.socket.closed).code, 1003)
})

test('[S52] what fails in the server at a message is told to who sent it, and the others go on', async (t) => {
  const server = await HttpServer.withLobby(t)
  const [one, other] = await Promise.all([PlaceSocket.open(t, server.url), PlaceSocket.open(t, server.url)])
  for (const socket of [one, other]) await socket.next()
  const failing = t.mock.method(server.services.addressEdits, 'take', () => {
    throw new RangeError('Maximum call stack size exceeded')
  })
  one.ask('1', '{ __typename }')
  const told = await one.next()
  assert.deepEqual([told.type, told.id], ['error', '1'])
  assert.match(told.payload?.message ?? '', /^500 Internal Server Error: /)
  assert.equal(server.services.failures.counts.get('internal'), 1)
  failing.mock.restore()
  for (const socket of [one, other]) {
    socket.ask('2', '{ __typename }')
    assert.equal((await socket.next()).type, 'data')
  }
})

test('[S53] a page of another site may follow, and ask', async (t) => {
  const server = await HttpServer.withLobby(t)
  const headers = { origin: 'https://hot-potato.reddit.com', 'sec-fetch-site': 'cross-site' }
  const token = await placeToken(server.url)
  const socket = await opened(t, server, 'graphql-ws', { ...headers, authorization: `Bearer ${token}` })
  socket.send('{"type":"connection_init"}')
  assert.deepEqual(JSON.parse(String(await socket.next())), { type: 'connection_ack' })
  assert.equal(socket.headers['set-cookie'], undefined)
  const answer = await server
    .client({ ...headers, authorization: `Bearer ${token}` })
    .post('/compat/place/lobby/query', { query: '{ configuration { canvasHeight } }' })
  assert.deepEqual(answer.json(), { data: { configuration: { canvasHeight: 1000 } } })
})

test('[S40] a board that is not there has neither page nor socket; one without an upgrade is told', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const path of ['/compat/place/none/', '/compat/place/none/media/canvas-images/a.png'])
    assert.equal((await server.client().get(path)).status, 404)
  await assert.rejects(TestSocket.open(t, `${placeUrl(server.url, 'none')}/query`), /refused with 404/)
  assert.equal((await server.client().get('/compat/place/lobby/query')).status, 426)
  const page = await server.client().get('/compat/place/lobby')
  assert.equal(page.headers['cache-control'], 'no-store')
  assert.match(page.headers['content-type'] ?? '', /^text\/html/)
})

test('[S40] a server that stops sends its followers away', async (t) => {
  const server = await HttpServer.withLobby(t)
  const socket = await PlaceSocket.open(t, server.url)
  await socket.next()
  socket.follow('1', 0)
  await socket.next()
  await server.stop()
  assert.deepEqual(await socket.socket.closed, { code: 1001, reason: 'the server is stopping' })
})

const messages = realData('place2022/messages')

test('[S42] [S43] what was asked of the event is answered in its shape', {
  skip: messages.skip,
}, async (t) => {
  const read = (file: string): string => readFileSync(join(messages.path, file), 'utf8')
  const server = await HttpServer.withLobby(t, { extent: { left: 0, top: 0, width: 2000, height: 1000 } })
  const socket = await PlaceSocket.open(t, server.url, { protocol: 'graphql-ws' })
  await socket.next()
  socket.socket.send(read('start.json'))
  const configuration = await socket.next()
  const expected = JSON.parse(read('response-config.json'))
  const data = configuration.payload?.data?.subscribe?.data
  assert.ok(typeof data === 'object' && data !== null && 'colorPalette' in data)
  const { colorPalette: _, ...told } = data
  assert.deepEqual(told, expected.payload.data.subscribe.data)
  assert.deepEqual(shapeOf(configuration, ['colorPalette']), shapeOf(expected, []))

  socket.socket.send(read('canvas.json').replace('PUTTHETAGHERE', '0'))
  const full = await socket.next()
  assert.match(JSON.stringify(full), /-0-f-[0-9A-Za-z]{8}\.png"/)
  await (await server.visitor()).place(5, 5, 5)
  const diff = await socket.next()
  assert.deepEqual(shapeOf(diff, []), shapeOf(JSON.parse(read('response-canvas.json')), []))
})

/** Names and kinds of values, without those that are left out. */
function shapeOf(value: unknown, without: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((part) => shapeOf(part, without))
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !without.includes(name))
      .map(([name, part]) => [name, shapeOf(part, without)]),
  )
}

test('[S41] [H23] who follows a board is counted until the connection ends', async (t) => {
  const server = await HttpServer.withLobby(t)
  const followers = () => gauge(server.url, 'spate_place_followers', 'lobby')
  const stays = await PlaceSocket.open(t, server.url)
  const goes = await PlaceSocket.open(t, server.url)
  await Promise.all([stays.next(), goes.next()])
  assert.equal(await followers(), 2)
  goes.socket.ws.close()
  while ((await followers()) === 2) await new Promise(setImmediate)
  assert.equal(await followers(), 1)
})
