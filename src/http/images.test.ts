import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'
import { readPng } from '../../test/support/png.ts'
import { systemClock } from '../base/clock.ts'
import { CLASSIC_PALETTE } from '../boards/canvas/palettes.ts'
import { MemoryLog } from '../log/memory.ts'

const FRESH = 'public, max-age=1, stale-while-revalidate=10'
const IMAGE = '/api/boards/lobby/image.png'
const WHITE = CLASSIC_PALETTE[0]

/** Fills a row of the lobby from its left, colour 1 first. */
async function paintRow(server: HttpServer, y: number, cells: number): Promise<void> {
  const painter = await server.visitor()
  for (let x = 0; x < cells; x++) assert.equal((await painter.place(x, y, 1 + (x % 15))).status, 200)
}

test('[H9] the image is an indexed PNG of the whole board, with its version', async (t) => {
  const server = await HttpServer.withLobby(t)
  await paintRow(server, 3, 15)
  const answer = await server.client().get(IMAGE)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'image/png')
  assert.equal(answer.headers['x-content-version'], '16')
  assert.equal(answer.headers['cache-control'], FRESH)
  assert.match(answer.headers.etag ?? '', /^"[0-9a-z]+-16"$/)
  const image = await readPng(answer.bytes)
  assert.deepEqual([image.width, image.height, image.colorType, image.bitDepth], [1000, 1000, 3, 4])
  for (let x = 0; x < 15; x++) assert.equal(image.at(x, 3), CLASSIC_PALETTE[x + 1])
  assert.equal(image.rgb.filter((rgb) => rgb !== WHITE).length, 15)
})

test('[H9] who has the image is told so, however they ask', async (t) => {
  const server = await HttpServer.withLobby(t)
  const client = server.client()
  const { etag = '' } = (await client.get(IMAGE)).headers
  for (const known of [etag, `W/${etag}`, `"a", ${etag}`, `W/"a",W/${etag}, "b"`, '*']) {
    const answer = await client.get(IMAGE, { 'if-none-match': known })
    assert.equal(answer.status, 304, known)
    assert.equal(answer.bytes.length, 0)
    assert.equal(answer.headers.etag, etag)
    assert.equal(answer.headers['x-content-version'], '1')
    assert.equal(answer.headers['cache-control'], FRESH)
  }
  for (const other of ['"a"', `W/"a"`, `"x${etag.slice(1)}`, etag.slice(1, -1), '']) {
    assert.equal((await client.get(IMAGE, { 'if-none-match': other })).status, 200, other)
  }
})

test('[H9] a board that is made anew under the same name shares no tag with the old one', async (t) => {
  const etags = []
  for (const startMs of [0, 60_000]) {
    const server = await HttpServer.start(t)
    server.clock.nowMs += startMs
    await server.admin.post('/api/boards', { id: 'lobby', width: 10, height: 10 })
    await paintRow(server, 0, 1)
    for (const path of [IMAGE, '/api/boards/lobby/chunks/0/0', '/api/boards/lobby/chunks/0/0/image.png']) {
      etags.push((await server.client().get(path)).headers.etag)
    }
  }
  assert.equal(new Set(etags).size, 6, String(etags))
})

test('[H10] two hundred readers at once cost one encoding', async (t) => {
  const server = await HttpServer.withLobby(t)
  await paintRow(server, 0, 1)
  const answers = await Promise.all(Array.from({ length: 200 }, () => server.client().get(IMAGE)))
  assert.ok(answers.every(({ status, headers }) => status === 200 && headers['x-content-version'] === '2'))
  const metrics = await server.client().get('/metrics')
  assert.match(metrics.text, /^spate_images_encoded 1$/m)
})

test('[H10] who asks again with the tag of the present is answered without encoding', async (t) => {
  const log = new MemoryLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log })
  const { etag = '' } = (await server.client().get(IMAGE)).headers
  const { position } = (await (await server.visitor()).place(0, 0, 1)).json()
  const renewed = (await server.client().get(`${IMAGE}?v=${position}`)).headers.etag ?? ''
  const other = await HttpServer.start(t, { log })
  assert.equal((await other.client().get(IMAGE, { 'if-none-match': renewed })).status, 304)
  assert.equal(other.services.images.encodes, 0)
  assert.equal((await other.client().get(IMAGE, { 'if-none-match': etag })).status, 200)
  assert.equal(other.services.images.encodes, 1)
})

test('[H1] no cache keeps a refusal, whatever it would have kept of the answer', async (t) => {
  const server = await HttpServer.withLobby(t)
  const { renderer } = server.services
  const png = renderer.png.bind(renderer)
  const someRefused = Promise.withResolvers<void>()
  // However fast images are made: these are under way until somebody was refused.
  t.mock.method(renderer, 'png', async (...image: Parameters<typeof png>) => {
    await someRefused.promise
    return png(...image)
  })
  const get = async (query: string) => {
    const answer = await server.client().get(`${IMAGE}?${query}`)
    if (answer.status !== 200) someRefused.resolve()
    return answer
  }
  const crowd = Array.from({ length: 200 }, (_, i) => get(i < 100 ? 'width=900' : 'at=1&height=900'))
  const refused = (await Promise.all(crowd)).filter(({ status }) => status !== 200)
  assert.ok(refused.length > 0)
  for (const { status, headers } of refused) {
    assert.equal(status, 503)
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers.etag, undefined)
    assert.equal(headers['x-content-version'], undefined)
  }
})

test('[H10] a board that changes is encoded every 250 ms at most, also for who waits for a version', async (t) => {
  const server = await HttpServer.withLobby(t)
  const painter = await server.visitor()
  const startMs = performance.now()
  let versions = 0
  for (let i = 0; server.services.images.encodes < 4; i++) {
    const { position } = (await painter.place(i % 1000, 1, 1 + (i % 15))).json()
    const readers = Array.from({ length: 5 }, () => server.client().get(IMAGE))
    const waiting = i % 20 === 0 ? [server.client().get(`${IMAGE}?v=${position}`)] : []
    for (const answer of await Promise.all(readers)) assert.equal(answer.status, 200)
    for (const answer of await Promise.all(waiting)) {
      versions += 1
      assert.ok(Number(answer.headers['x-content-version']) >= Number(position))
    }
  }
  const tookMs = performance.now() - startMs
  assert.ok(versions > 0)
  const { encodes } = server.services.images
  assert.ok(encodes <= 1 + tookMs / 250, `${encodes} encodings in ${tookMs} ms`)
})

test('[H11] an area is cut out, with a version and a tag of its own', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: { left: -10, top: -20, width: 100, height: 50 } })
  const painter = await server.visitor()
  await painter.place(-10, -20, 5)
  await painter.place(89, 29, 6)
  const corner = await server.client().get(`${IMAGE}?left=80&top=20`)
  const image = await readPng(corner.bytes)
  assert.deepEqual([image.width, image.height], [10, 10])
  assert.equal(image.at(9, 9), CLASSIC_PALETTE[6])
  assert.equal(corner.headers['x-content-version'], '3')
  const other = await server.client().get(`${IMAGE}?left=-10&top=-20&width=1&height=1`)
  assert.equal((await readPng(other.bytes)).at(0, 0), CLASSIC_PALETTE[5])
  assert.notEqual(other.headers.etag, corner.headers.etag)
  const { etag = '' } = other.headers
  const known = await server
    .client()
    .get(`${IMAGE}?left=-10&top=-20&width=1&height=1`, { 'if-none-match': etag })
  assert.equal(known.status, 304)
  // What reaches over the edge is cut at the edge.
  const wide = await readPng((await server.client().get(`${IMAGE}?left=-1000&width=2000`)).bytes)
  assert.deepEqual([wide.width, wide.height], [100, 50])
  for (const [query, status] of [
    ['left=90', 400],
    ['top=-100&height=80', 400],
    ['width=0', 400],
    ['left=x', 400],
    ['left=1&left=2', 400],
  ] as const) {
    assert.equal((await server.client().get(`${IMAGE}?${query}`)).status, status, query)
  }
})

test('[H11] an image has a largest size, whatever it shows', async (t) => {
  const server = await HttpServer.start(t)
  await server.admin.post('/api/boards', { id: 'vast', width: 65_536, height: 65_536 })
  const client = server.client()
  for (const query of ['', '?width=4097&height=4096', '?at=1']) {
    const answer = await client.get(`/api/boards/vast/image.png${query}`)
    assert.equal(answer.status, 413, query)
    assert.equal(answer.json().code, 'too-large')
  }
  const most = await client.get('/api/boards/vast/image.png?left=60000&top=60000&width=2048&height=2048')
  assert.equal((await readPng(most.bytes)).width, 2048)
})

test('[H11] any moment of the past is an image: a position, or a time', async (t) => {
  const server = await HttpServer.withLobby(t)
  const startMs = server.clock.now()
  const painter = await server.visitor()
  for (let i = 0; i < 5; i++) {
    server.clock.nowMs += 1000
    await painter.place(i, 0, 1 + i)
  }
  server.clock.nowMs += 60_000
  const painted = async (at: string): Promise<[string | undefined, number]> => {
    const answer = await server.client().get(`${IMAGE}?at=${at}`)
    assert.equal(answer.status, 200, answer.text.slice(0, 200))
    const { rgb } = await readPng(answer.bytes)
    return [answer.headers['x-content-version'], rgb.filter((value) => value !== WHITE).length]
  }
  for (let i = 0; i <= 5; i++) {
    assert.deepEqual(await painted(String(i + 1)), [String(i + 1), i])
    const iso = new Date(startMs + i * 1000).toISOString()
    assert.deepEqual(await painted(iso), [String(i + 1), i])
  }
  assert.deepEqual(await painted('2026-01-01T01:00:02.5%2B01:00'), ['3', 2])
  const past = await server.client().get(`${IMAGE}?at=3`)
  assert.equal(past.headers['cache-control'], 'public, max-age=31536000, immutable')
  const { etag = '' } = past.headers
  assert.equal((await server.client().get(`${IMAGE}?at=3`, { 'if-none-match': etag })).status, 304)
  const timed = await server.client().get(`${IMAGE}?at=${new Date(startMs).toISOString()}`)
  assert.equal(timed.headers['cache-control'], FRESH)
})

test('[H11] what is to come, what never was and what is no moment are refused', async (t) => {
  const server = await HttpServer.withLobby(t)
  const soon = new Date(server.clock.now() + 1).toISOString()
  for (const [at, status] of [
    ['2', 404],
    ['0', 404],
    ['9999999999999999', 400],
    [soon, 404],
    ['2025-12-31', 404],
    ['yesterday', 400],
    ['5 apples', 400],
    ['-1', 400],
    ['1.5', 400],
    ['2026-01-01T00:00', 400],
    ['2026-13-01', 400],
    ['', 400],
  ] as const) {
    const answer = await server.client().get(`${IMAGE}?at=${encodeURIComponent(at)}`)
    assert.equal(answer.status, status, at)
    assert.match(answer.headers['content-type'] ?? '', /problem/)
  }
})

test('[H12] chunks are listed, and read as colours, plain or compressed', async (t) => {
  const server = await HttpServer.withLobby(t)
  const painter = await server.visitor()
  await painter.place(300, 600, 7)
  const client = server.client({ 'accept-encoding': 'identity' })
  assert.deepEqual((await client.get('/api/boards/lobby/chunks')).json(), { position: 2, chunks: [513] })
  const raw = await client.get('/api/boards/lobby/chunks/1/2')
  assert.equal(raw.headers['content-type'], 'application/octet-stream')
  assert.equal(raw.headers['x-content-version'], '2')
  assert.equal(raw.headers['cache-control'], FRESH)
  assert.equal(raw.headers.vary, 'accept-encoding')
  const expected = Buffer.alloc(65_536)
  expected[(600 - 512) * 256 + (300 - 256)] = 7
  assert.deepEqual(raw.bytes, expected)
  const packed = await fetch(`${server.url}/api/boards/lobby/chunks/1/2`, {
    headers: { 'accept-encoding': 'br, gzip;q=0.5' },
  })
  assert.equal(packed.headers.get('content-encoding'), 'gzip')
  assert.equal(packed.headers.get('etag'), raw.headers.etag)
  assert.deepEqual(Buffer.from(await packed.arrayBuffer()), expected)
  const refused = await client.get('/api/boards/lobby/chunks/1/2', { 'accept-encoding': 'gzip;q=0' })
  assert.equal(refused.headers['content-encoding'], undefined)
  const { etag = '' } = raw.headers
  assert.equal((await client.get('/api/boards/lobby/chunks/1/2', { 'if-none-match': etag })).status, 304)
  assert.deepEqual((await client.get('/api/boards/lobby/chunks/0/0')).bytes.length, 0)
  assert.equal((await client.get('/api/boards/lobby/chunks/256/0')).status, 400)
})

test('[H12] a chunk keeps its tag while others change', async (t) => {
  const server = await HttpServer.withLobby(t)
  const painter = await server.visitor()
  await painter.place(1, 1, 1)
  const etags = async (): Promise<(string | undefined)[]> =>
    Promise.all(
      ['chunks/0/0', 'chunks/0/0/image.png'].map(
        async (path) => (await server.client().get(`/api/boards/lobby/${path}`)).headers.etag,
      ),
    )
  const before = await etags()
  await painter.place(500, 500, 1)
  assert.deepEqual(await etags(), before)
  await painter.place(2, 2, 2)
  const after = await etags()
  assert.ok(after.every((etag, i) => etag !== before[i]))
  // New colours make another picture of the same cells.
  const palette = CLASSIC_PALETTE.map((rgb) => `#${rgb.toString(16).padStart(6, '0')}`)
  await server.admin.post('/api/boards/lobby/palette', { palette: [...palette, '#123456'] })
  const repainted = await etags()
  assert.equal(repainted[0], after[0])
  assert.notEqual(repainted[1], after[1])
})

test('[H12] a chunk is an image, too', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: { left: -300, top: -300, width: 600, height: 600 } })
  const painter = await server.visitor()
  await painter.place(-1, -2, 4)
  const answer = await server.client().get('/api/boards/lobby/chunks/255/255/image.png')
  assert.equal(answer.headers['x-content-version'], '2')
  const image = await readPng(answer.bytes)
  assert.deepEqual([image.width, image.height, image.colorType], [256, 256, 3])
  assert.equal(image.at(255, 254), CLASSIC_PALETTE[4])
})

test('[H13] who has seen a position is never shown an older one', async (t) => {
  const server = await HttpServer.withLobby(t)
  const painter = await server.visitor()
  const paths = ['/api/boards/lobby/chunks/0/0', IMAGE]
  const waiting = paths.map((path) => server.client().get(`${path}?v=3`))
  await painter.place(1, 1, 1)
  await painter.place(2, 2, 2)
  for (const answer of await Promise.all(waiting)) {
    assert.equal(answer.status, 200)
    assert.ok(Number(answer.headers['x-content-version']) >= 3)
  }
  for (const v of ['x', '-1', '1e3', '99999999999999999']) {
    assert.equal((await server.client().get(`${paths[0]}?v=${v}`)).status, 400, v)
  }
})

test('[H13] a position that does not come is answered with 503 after two seconds', async (t) => {
  const server = await HttpServer.withLobby(t, {}, { speed: 20 })
  const answers = await Promise.all(
    ['/api/boards/lobby/chunks/0/0', IMAGE].map((path) => server.client().get(`${path}?v=2`)),
  )
  for (const answer of answers) {
    assert.equal(answer.status, 503)
    assert.equal(answer.json().code, 'unavailable')
    assert.equal(answer.headers['retry-after'], '2')
  }
})
