import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { eventually } from '../support/capturing.ts'
import { HttpServer } from '../support/http.ts'
import { copyTemplate } from '../support/tables.ts'
import { tempFolder } from '../support/tmp.ts'

interface View {
  readonly state: string
  readonly problem: string | null
}

/** What is no r/place, in several ways. */
async function wrongSource(t: TestContext): Promise<string> {
  const server = createServer(({ url }, response) => {
    if (url === '/page') response.end('<script>{"accessToken":"a-secret-of-the-page"}</script>')
    else if (url === '/plain') response.end('<h1>Hello</h1>')
    else response.writeHead(404).end()
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/silent') sockets.handleUpgrade(request, socket, head, () => {})
    else socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  // A TCP server's address is an AddressInfo.
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('[K22] what is wrong with a source is said in words, while it is tried for ever', async (t) => {
  const capturesFolder = tempFolder(t)
  await copyTemplate(`${capturesFolder}/tables`)
  const [server, host] = await Promise.all([HttpServer.start(t, { capturesFolder }), wrongSource(t)])
  const page = (path: string): string => `http://${host}${path}`
  const socket = (path: string): string => `ws://${host}${path}`
  const cases: Record<string, [settings: object, problem: RegExp]> = {
    gone: [
      { pageUrl: page('/gone'), queryUrl: socket('/silent') },
      /\/gone answers 404, not a page with a token/,
    ],
    plain: [
      { pageUrl: page('/plain'), queryUrl: socket('/silent') },
      /\/plain holds no accessToken: is it the page of an/,
    ],
    nobody: [
      { pageUrl: 'http://127.0.0.1:9/', queryUrl: socket('/silent') },
      /127\.0\.0\.1:9\/ cannot be read: /,
    ],
    refused: [
      { pageUrl: page('/page'), queryUrl: socket('/401') },
      /the configuration, authors: unauthorized: HTTP 401/,
    ],
    closed: [
      { pageUrl: null, queryUrl: 'ws://127.0.0.1:9/' },
      /the configuration, authors: unreachable: connect ECONNREFUSED/,
    ],
    silent: [
      { pageUrl: null, queryUrl: socket('/silent') },
      /has not said which canvases there are.*is it an r\/place\?/,
    ],
  }
  for (const [name, [settings]] of Object.entries(cases)) {
    const { status, text } = await server.admin.put(`/api/captures/${name}`, { kind: 'place', settings })
    assert.equal(status, 204, text)
  }
  for (const [name, [, problem]] of Object.entries(cases)) {
    let view: View = { state: '', problem: null }
    await eventually(`${name}: ${problem}`, async () => {
      const answer = await server.admin.get(`/api/captures/${name}`)
      view = answer.status === 200 ? answer.json<View>() : view
      return problem.test(view.problem ?? '')
    })
    assert.equal(view.state, 'connecting')
  }
  const listed = await server.client().get('/api/captures')
  const { captures } = listed.json<{ captures: (View & { name: string })[] }>()
  assert.deepEqual(
    captures.map(({ name }) => name),
    Object.keys(cases).sort(),
  )
  assert.ok(
    captures.every(({ problem }) => problem === null),
    'the words of a source are for the organiser',
  )
  const { text: metrics } = await server.client().get('/metrics')
  assert.match(metrics, /^spate_capture_following\{capture="refused"\} 0$/m)
  assert.match(metrics, /^spate_capture_closed\{capture="refused",cause="unauthorized"\} [1-9]/m)
})

test('[K22] captures are the organiser’s to begin and end, and a name is of one thing', async (t) => {
  const server = await HttpServer.withLobby(t)
  const wanted = { kind: 'feed', settings: { url: 'ws://127.0.0.1:9/' } }
  const statuses = async (
    ...sent: [method: 'put' | 'delete', name: string, body?: object][]
  ): Promise<number[]> => {
    const got: number[] = []
    for (const [method, name, body] of sent)
      got.push((await server.admin[method](`/api/captures/${name}`, body)).status)
    return got
  }
  assert.equal((await server.client().put('/api/captures/river', wanted)).status, 401)
  assert.equal((await server.client().get('/api/captures/river')).status, 404)
  assert.deepEqual(
    await statuses(
      ['put', 'River', wanted],
      ['put', 'lobby', wanted],
      ['put', 'river', { kind: 'feed', settings: { url: 'ftp://e.org' } }],
      ['put', 'river', { kind: 'flood', settings: {} }],
      ['delete', 'river'],
      ['put', 'river', wanted],
      ['put', 'river', wanted],
    ),
    [400, 409, 400, 400, 404, 204, 204],
  )
  await eventually(
    'its stream',
    async () => (await server.client().get('/api/captures/river')).status === 200,
  )
  await eventually('it has begun', async () => {
    const { report } = (await server.client().get('/api/captures/river')).json<{
      report: { source: string }
    }>()
    return report.source === 'ws://127.0.0.1:9/'
  })
  assert.deepEqual(
    await statuses(
      ['put', 'river', { kind: 'place', settings: { pageUrl: null, queryUrl: 'ws://127.0.0.1:9/' } }],
      ['delete', 'river'],
      ['delete', 'river'],
    ),
    [409, 204, 404],
  )
  assert.equal((await server.client().get('/api/captures/river')).json<View>().state, 'ended')
})
