import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpServer } from '../../../../test/support/http.ts'
import { PlaceSocket, placeToken } from '../../../../test/support/place-client.ts'

interface Answer {
  readonly data: Readonly<Record<string, { data: { id: string; data: History }[] } | null>>
  readonly errors?: readonly { readonly message: string; readonly path: readonly string[] }[]
}

interface History {
  readonly lastModifiedTimestamp: number
  readonly userInfo: { readonly userID: string; readonly username: string } | null
}

interface Pixel {
  readonly canvas?: number
  readonly x: number
  readonly y: number
}

/** As archivers of the event asked. */
function historyOf(pixels: readonly Pixel[], actionName = 'r/replace:get_tile_history'): object {
  const names = pixels.map((_, i) => `input${i}`)
  const query = `mutation pixelHistory(${names.map((name) => `$${name}: ActInput!`).join(', ')}) {
    ${names
      .map(
        (name) => `${name}: act(input: $${name}) {
          data { ... on BasicMessage { id data { ... on GetTileHistoryResponseMessageData {
            lastModifiedTimestamp userInfo { userID username }
          } } } }
        }`,
      )
      .join('\n')}
  }`
  const variables = Object.fromEntries(
    pixels.map(({ canvas = 0, x, y }, i) => [
      `input${i}`,
      { actionName, PixelMessageData: { canvasIndex: canvas, colorIndex: 0, coordinate: { x, y } } },
    ]),
  )
  return { operationName: 'pixelHistory', query, variables }
}

function histories({ data }: Answer): (History | null | undefined)[] {
  return Object.values(data).map((act) => (act === null ? null : act.data[0]?.data))
}

test('[S50] twenty-four pixels at once: who placed each last, under which name, and when', async (t) => {
  const server = await HttpServer.withLobby(t, {
    extent: { left: -1000, top: 0, width: 2500, height: 1000 },
  })
  const { url, clock } = server
  const [named, nameless] = [await server.visitor(), await server.visitor()]
  await named.put('/api/me', { name: 'Ada' })
  await named.place(1, 2, 3)
  clock.nowMs += 1_000
  await nameless.place(-1, 999, 4)
  clock.nowMs += 1_000
  const [foreign = 0] = await server.services.players.join(['s:their hash'])
  const timeMs = [clock.nowMs - 300, clock.nowMs - 200]
  const theirs = { x: [1200, 8], y: [7, 8], color: [5, 6], player: [foreign, 0], timeMs }
  const painted = await server.admin.post('/api/boards/lobby/painted', theirs)
  assert.equal(painted.status, 200, painted.text)
  const number = server.services.players.playerNamed('Ada')
  const blank = { lastModifiedTimestamp: 0, userInfo: null }
  const expected = [
    { lastModifiedTimestamp: clock.nowMs - 2_000, userInfo: { userID: String(number), username: 'Ada' } },
    { lastModifiedTimestamp: clock.nowMs - 1_000, userInfo: { userID: '2', username: 'player 2' } },
    { lastModifiedTimestamp: clock.nowMs - 300, userInfo: { userID: '3', username: 'their hash' } },
    { lastModifiedTimestamp: clock.nowMs - 200, userInfo: null },
    ...new Array<History>(20).fill(blank),
  ]
  const asked = historyOf([
    { x: 1, y: 2 },
    { canvas: 17, x: 999, y: 999 },
    { canvas: 1, x: 200, y: 7 },
    { x: 8, y: 8 },
    ...Array.from({ length: 20 }, (_, i) => ({ x: 20 + i, y: 0 })),
  ])
  const authorization = `Bearer ${await placeToken(url)}`
  const posted = await server.client({ authorization }).post('/compat/place/lobby/query', asked)
  assert.equal(posted.status, 200)
  assert.match(posted.headers['content-type'] ?? '', /^application\/json/)
  assert.deepEqual(histories(posted.json<Answer>()), expected)

  for (const protocol of ['graphql-ws', 'graphql-transport-ws'] as const) {
    const socket = await PlaceSocket.open(t, url, { protocol })
    await socket.next()
    socket.send({ id: 'h', type: protocol === 'graphql-ws' ? 'start' : 'subscribe', payload: asked })
    const { payload } = await socket.next()
    // The shape is asserted by what is read of it.
    assert.deepEqual(histories(payload as unknown as Answer), expected)
    assert.deepEqual(await socket.next(), { id: 'h', type: 'complete' })
  }
})

test('[S50] one that is wrong is null with an error beside the others', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: { left: 0, top: 0, width: 1100, height: 10 } })
  const client = server.client({ authorization: `Bearer ${await placeToken(server.url)}` })
  const ask = async (body: object): Promise<Answer> => {
    const answer = await client.post('/compat/place/lobby/query', body)
    assert.equal(answer.status, 200)
    return answer.json<Answer>()
  }
  const answer = await ask(
    historyOf([
      { x: 5, y: 5 },
      { x: 5, y: 10 },
      { x: -1, y: 0 },
      { canvas: 1, x: 100, y: 0 },
      { canvas: 9, x: 0, y: 0 },
      { canvas: 1, x: 99, y: 9 },
    ]),
  )
  const blank = { lastModifiedTimestamp: 0, userInfo: null }
  assert.deepEqual(histories(answer), [blank, null, null, null, null, blank])
  assert.deepEqual(
    answer.errors?.map(({ message, path }) => [message, path[0]]),
    ['input1', 'input2', 'input3', 'input4'].map((path) => ['the board has no such cell', path]),
  )
  const placing = await ask(historyOf([{ x: 5, y: 5 }], 'r/replace:set_pixel'))
  assert.match(placing.errors?.[0]?.message ?? '', /only r\/replace:get_tile_history is served/)
  const many = await ask(historyOf(Array.from({ length: 25 }, () => ({ x: 1, y: 1 }))))
  assert.match(many.errors?.[0]?.message ?? '', /at most 24/)
  assert.equal(many.data, undefined)
})

test('[S50] over HTTP, what is refused is a problem document', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { addressRate: 1, burst: 4 })
  const asked = historyOf([{ x: 1, y: 1 }])
  const path = '/compat/place/lobby/query'
  const ended = `Bearer ${await placeToken(server.url)}`
  server.clock.nowMs += 3_600_000
  for (const headers of [{}, { authorization: 'Bearer abc' }, { authorization: ended }])
    assert.equal((await server.client(headers).post(path, asked)).status, 401)
  const client = server.client({ authorization: `Bearer ${await placeToken(server.url)}` })
  assert.equal((await client.post(path, { query: 7 })).status, 400)
  assert.equal((await client.post(path, { query: '', variables: [] })).status, 400)
  assert.equal((await client.post(path, { query: `#${'x'.repeat(66_000)}` })).status, 413)
  assert.equal((await client.post('/compat/place/none/query', asked)).status, 404)
  const subscription = 'subscription { subscribe(input: { channel: { category: CONFIG } }) { id } }'
  assert.equal((await client.post(path, { query: subscription })).status, 400)
  const statuses = []
  for (let i = 0; i < 4; i++) statuses.push((await client.post(path, asked)).status)
  assert.deepEqual(statuses, [200, 200, 429, 429])
})
