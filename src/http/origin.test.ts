import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'
import { Refused, TestSocket } from '../../test/support/socket.ts'
import type { Lifetime } from '../../test/support/tmp.ts'

const FRIEND = 'https://friend.example'

async function opens(
  t: Lifetime,
  server: HttpServer,
  path: string,
  headers: Record<string, string>,
): Promise<boolean> {
  try {
    await TestSocket.open(t, server.url + path, { headers })
    return true
  } catch (error) {
    assert.ok(error instanceof Refused)
    assert.equal(error.status, 403)
    assert.equal(JSON.parse(error.body).code, 'forbidden')
    return false
  }
}

test('[H24] a page of another site changes nothing and opens no socket', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { origins: [FRIEND] })
  const { host } = new URL(server.url)
  const visitor = await server.visitor()
  const cases: [headers: Record<string, string>, allowed: boolean][] = [
    [{}, true],
    [{ origin: `http://${host}` }, true],
    // A proxy in between may speak TLS.
    [{ origin: `https://${host}` }, true],
    [{ origin: FRIEND }, true],
    [{ origin: FRIEND, 'sec-fetch-site': 'cross-site' }, true],
    [{ origin: 'http://elsewhere.example', 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'none' }, true],
    [{ origin: 'https://evil.example' }, false],
    [{ origin: 'https://friend.example.evil.example' }, false],
    [{ origin: 'http://friend.example' }, false],
    [{ origin: `http://${host.split(':')[0]}` }, false],
    [{ origin: 'null' }, false],
    [{ origin: '' }, false],
    [{ origin: `http://${host}`, 'sec-fetch-site': 'cross-site' }, false],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
  ]
  let x = 0
  for (const [headers, allowed] of cases) {
    x += 1
    const name = JSON.stringify(headers)
    const placed = await visitor.post('/api/boards/lobby/edit', { x, y: 0, c: 1 }, headers)
    assert.equal(placed.status, allowed ? 200 : 403, name)
    const seed = await visitor.post(`/sp/edit?x=${x}&y=1&c=1`, undefined, headers)
    assert.equal(seed.status, allowed ? 200 : 403, name)
    const cookie = visitor.headers.cookie ?? ''
    assert.equal(await opens(t, server, '/api/boards/lobby/live', { ...headers, cookie }), allowed, name)
    assert.equal(await opens(t, server, '/sp/ws?from=latest', headers), allowed, name)
    // Reading is free.
    assert.equal((await visitor.get('/api/boards/lobby', headers)).status, 200, name)
  }
  const { canvas } = server.services.boards.get('lobby')
  const painted = cases.map((_, i) => canvas.colorAt(i + 1, 0) === 1)
  assert.deepEqual(
    painted,
    cases.map(([, allowed]) => allowed),
  )
})

test('[H24] every method that changes something asks where it comes from', async (t) => {
  const server = await HttpServer.withLobby(t)
  const evil = { ...server.admin.headers, origin: 'https://evil.example' }
  const changing = server.routes.filter(
    ({ method, url }) => !['GET', 'HEAD'].includes(method) && !url.startsWith('/compat/place/'),
  )
  assert.ok(changing.length > 15)
  for (const { method, url } of changing) {
    const answer = await server.client(evil).send(method, url.replaceAll(/:\w+/g, '1'), {})
    assert.equal(answer.status, 403, `${method} ${url}`)
  }
})

test('[H24] pages of listed origins are let in by their browsers, others are not', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { origins: [FRIEND] })
  const preflight = (
    origin: string,
  ): Promise<{ status: number; headers: Readonly<Record<string, string>> }> =>
    server.client().send('OPTIONS', '/api/boards/lobby/edit', undefined, {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    })
  const allowed = await preflight(FRIEND)
  assert.equal(allowed.status, 204)
  assert.equal(allowed.headers['access-control-allow-origin'], FRIEND)
  assert.equal(allowed.headers['access-control-allow-credentials'], 'true')
  assert.match(allowed.headers['access-control-allow-methods'] ?? '', /POST/)
  assert.match(allowed.headers['access-control-allow-headers'] ?? '', /content-type/)
  assert.match(allowed.headers.vary ?? '', /Origin/i)
  assert.equal((await preflight('https://evil.example')).headers['access-control-allow-origin'], undefined)
  for (const path of ['/api/boards/lobby/chunks/0/0', '/api/boards/lobby/image.png']) {
    const image = await server.client().get(path, { origin: FRIEND })
    assert.equal(image.headers['access-control-allow-origin'], FRIEND)
    assert.match(image.headers['access-control-expose-headers'] ?? '', /x-content-version/)
    assert.match(image.headers.vary ?? '', /Origin/i)
  }
  const chunk = await server.client().get('/api/boards/lobby/chunks/0/0')
  assert.match(chunk.headers.vary ?? '', /accept-encoding/i)
  const events = await fetch(`${server.url}/api/boards/lobby/edits`, { headers: { origin: FRIEND } })
  assert.equal(events.headers.get('access-control-allow-origin'), FRIEND)
  await events.body?.cancel()
})

test('[H24] without listed origins nothing is said of any', async (t) => {
  const server = await HttpServer.withLobby(t)
  const answer = await server.client().get('/api/boards/lobby', { origin: FRIEND })
  assert.equal(answer.headers['access-control-allow-origin'], undefined)
  assert.equal((await server.client().send('OPTIONS', '/api/boards/lobby/edit')).status, 404)
})
