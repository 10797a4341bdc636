import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'
import { tempFolder } from '../../test/support/tmp.ts'

/** Sends bytes, and reads until the server ends the connection. */
async function exchange(server: HttpServer, request: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.write(request)
  await once(socket, 'close')
  return answer
}

function problemIn(answer: string): { readonly status: number; readonly code: string } {
  const [head = '', body = ''] = answer.split('\r\n\r\n', 2)
  assert.match(head, /content-type: application\/problem\+json/i)
  return JSON.parse(body)
}

test('[H1] every refusal is a problem document with the same fields', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  for (const answer of [
    await visitor.get('/nope'),
    await visitor.get('/%zz'),
    await visitor.send('DELETE', '/api/boards'),
    await visitor.get('/api/boards/nope'),
    await visitor.post('/api/boards', {}),
    await visitor.place(-1, -1, 1),
    await visitor.post('/api/boards/lobby/edit', '{', { 'content-type': 'application/json' }),
    await visitor.get('/api/boards/lobby/live'),
    await visitor.get(`/api/boards/${'x'.repeat(65)}`),
    await visitor.get(`/api/boards/${'x'.repeat(300)}`),
  ]) {
    assert.ok(answer.status >= 400)
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    const { type, title, status, detail, code, ...rest } = answer.json()
    assert.deepEqual(rest, {})
    assert.equal(type, `urn:spate:problem:${code}`)
    assert.equal(status, answer.status)
    assert.ok(String(title).length > 0)
    assert.ok(String(detail).length > 0)
    assert.match(String(code), /^[a-z-]+$/)
  }
})

test('[H1] what is not even a request is told so, and its connection ends', async (t) => {
  const server = await HttpServer.withLobby(t)
  assert.deepEqual(problemIn(await exchange(server, 'NONSENSE\r\n\r\n')).status, 400)
  const long = `GET / HTTP/1.1\r\nhost: x\r\ncookie: ${'a'.repeat(20_000)}\r\n\r\n`
  assert.deepEqual(problemIn(await exchange(server, long)).status, 431)
  const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 99\r\n'
  const socket = `GET /api/boards/lobby/live HTTP/1.1\r\nhost: x\r\n${upgrade}\r\n`
  assert.deepEqual(problemIn(await exchange(server, socket)).status, 400)
})

test('[H29] a client that offers HTTP/2 is answered in HTTP/1.1', async (t) => {
  const server = await HttpServer.withLobby(t)
  const offer =
    'connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n'
  const answer = await exchange(server, `GET /healthz HTTP/1.1\r\nhost: x\r\n${offer}\r\n`)
  assert.match(answer, /^HTTP\/1\.1 200 OK/)
})

test('[H29] HEAD answers as GET does, without the body', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const path of [
    '/api/boards',
    '/api/boards/lobby/image.png',
    '/api/boards/lobby/chunks/0/0',
    '/sp/current',
    '/healthz',
    '/metrics',
  ]) {
    const [get, head] = [await server.client().get(path), await server.client().send('HEAD', path)]
    assert.equal(head.status, 200, path)
    assert.equal(head.bytes.length, 0)
    assert.equal(head.headers['content-type'], get.headers['content-type'])
    assert.equal(head.headers.etag, get.headers.etag)
  }
})

test('[H25] the page brings all it needs, says so to the browser, and is kept by it', async (t) => {
  const pageFolder = tempFolder(t)
  mkdirSync(join(pageFolder, 'assets'))
  writeFileSync(join(pageFolder, 'index.html'), '<!doctype html><title>Spate</title>')
  writeFileSync(join(pageFolder, 'assets/index-AbC123.js'), 'export {}')
  const server = await HttpServer.withLobby(t, {}, { pageFolder })
  const page = await server.client().get('/?board=lobby')
  assert.equal(page.status, 200)
  assert.match(page.headers['content-type'] ?? '', /^text\/html/)
  assert.equal(page.headers['cache-control'], 'no-cache')
  const policy = new Map(
    (page.headers['content-security-policy'] ?? '').split('; ').map((rule) => {
      const [name = '', ...sources] = rule.split(' ')
      return [name, sources]
    }),
  )
  assert.deepEqual(policy.get('default-src'), ["'self'"])
  assert.deepEqual(policy.get('object-src'), ["'none'"])
  assert.deepEqual(policy.get('base-uri'), ["'none'"])
  assert.deepEqual(policy.get('frame-ancestors'), ["'none'"])
  assert.ok(
    ![...policy.values()].flat().some((source) => /unsafe|\*|https?:/.test(source)),
    String([...policy]),
  )
  assert.equal(page.headers['referrer-policy'], 'same-origin')
  const script = await server.client().get('/assets/index-AbC123.js')
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable')
  for (const answer of [page, script]) assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  const { etag = '' } = page.headers
  const known = `GET / HTTP/1.1\r\nhost: x\r\nif-none-match: ${etag}\r\nconnection: close\r\n\r\n`
  assert.match(await exchange(server, known), /^HTTP\/1\.1 304/)
  const outside = await exchange(
    server,
    'GET /../../../../etc/passwd HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
  )
  assert.match(outside, /^HTTP\/1\.1 40[034]/)
})

test('[H25] every answer forbids to guess its type', async (t) => {
  const server = await HttpServer.withLobby(t)
  const reading = server.routes.filter(
    ({ method, url }) => method === 'GET' && !/(edits|placements)$/.test(url),
  )
  assert.ok(reading.length > 15)
  for (const { url } of reading) {
    const answer = await server.client().get(url.replace(':id', 'lobby').replaceAll(/:\w+/g, '1'))
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', url)
  }
})
