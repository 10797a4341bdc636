import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { bytesOf } from './bounded.ts'
import { openSourceFetch } from './fetch.ts'
import { Reach } from './reach.ts'

/** A server on loopback with what it was asked. */
async function answering(t: TestContext, listener: RequestListener) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo
  return { asked, port, url: `http://127.0.0.1:${port}` }
}

const { signal } = new AbortController()

test('[K31] a name that leads to an address that is not public is not connected to', async (t) => {
  const source = await answering(t, (_request, response) => response.end('secret'))
  const fetch = openSourceFetch()
  // As a name of the public Internet may: its owner says where it leads.
  const rebound = `http://localhost:${source.port}/1.png`
  const reach = Reach.of(['https://place.example.org/'], ['localhost'])
  await assert.rejects(fetch(rebound, { signal, reach }), {
    code: 'forbidden',
    message: /localhost.*not public/,
  })
  assert.deepEqual(source.asked, [])
  const allowed = Reach.of(['https://place.example.org/'], ['localhost', '127.0.0.0/8'])
  assert.equal(await (await fetch(rebound, { signal, reach: allowed })).text(), 'secret')
  // The very address that the organiser gave.
  const given = Reach.of([rebound])
  assert.equal(await (await fetch(rebound, { signal, reach: given })).text(), 'secret')
})

test('[K31] redirects are followed within reach alone, a few of them, without the headers of another origin', async (t) => {
  const other = await answering(t, (_request, response) => response.end('other'))
  const source = await answering(t, (request, response) => {
    const to = new URL(request.url ?? '', 'http://any').searchParams.get('to')
    if (to === null) response.end('here')
    else response.writeHead(302, { location: to === 'me' ? (request.url ?? '') : to }).end('body')
  })
  const fetch = openSourceFetch()
  const reach = Reach.of([`${source.url}/given`])
  const get = async (to: string): Promise<string> => {
    const headers = { 'x-secret': 'word', authorization: 'Bearer word' }
    const response = await fetch(`${source.url}/?to=${encodeURIComponent(to)}`, { headers, signal, reach })
    return response.text()
  }
  assert.equal(await get('/there'), 'here')
  assert.equal(source.asked.at(-1)?.headers['x-secret'], 'word')
  assert.equal(await get(`${other.url}/`), 'other')
  assert.deepEqual(
    [other.asked[0]?.headers['x-secret'], other.asked[0]?.headers.authorization],
    [undefined, undefined],
  )
  for (const far of [`http://127.0.0.2:${other.port}/`, 'http://169.254.169.254/', 'file:///etc/passwd']) {
    await assert.rejects(get(far), { code: 'forbidden' }, far)
  }
  assert.equal(other.asked.length, 1)
  const before = source.asked.length
  await assert.rejects(get('me'), /more than 5 redirects/)
  assert.equal(source.asked.length - before, 6)
})

test('[K32] an answer is read up to a limit, packed or not, and whatever its head says is an answer or an error', async (t) => {
  const bomb = gzipSync(Buffer.alloc(64 << 20))
  const source = await answering(t, (request, response) => {
    if (request.url === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    else if (request.url === '/torn') response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip')
    else if (request.url === '/packed')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'))
    else if (request.url === '/none') response.writeHead(204).end()
    else
      request.socket.end(
        `HTTP/1.1 ${request.url?.slice(1)} Odd\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx`,
      )
  })
  const fetch = openSourceFetch()
  const reach = Reach.of([source.url])
  const get = async (path: string): Promise<number> => {
    const response = await fetch(source.url + path, { signal, reach })
    return (await bytesOf(response, 1 << 20)).length
  }
  await assert.rejects(get('/bomb'), { code: 'too-large' })
  await assert.rejects(get('/torn'), /header/)
  assert.equal(await get('/packed'), 1)
  assert.equal(await get('/none'), 0)
  assert.equal(await get('/404'), 1)
  await assert.rejects(get('/999'), RangeError)
})
