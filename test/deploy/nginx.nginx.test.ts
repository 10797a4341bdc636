import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { get as secureGet } from 'node:https'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import { eventually } from '../fleet/fleet.ts'
import { EventStream } from '../support/event-stream.ts'
import { type Answer, HttpClient, type HttpSetup } from '../support/http.ts'
import { gauge } from '../support/metrics.ts'
import { FollowedCanvas, PlaceSocket } from '../support/place-client.ts'
import { readPng } from '../support/png.ts'
import { requires } from '../support/requires.ts'
import { tempFolder } from '../support/tmp.ts'
import { Viewer } from '../support/viewer.ts'
import { type Nginx, startNginx } from './nginx.ts'
import { readers } from './readers.ts'
import { type Answered, Upstreams } from './upstreams.ts'

const skip = requires('nginx')
const BOARD = '/api/boards/lobby'
const IMAGE = `${BOARD}/image.png`
const READERS = 2_000
/** Of the readers who wait for what nobody has read before, nginx sends one of so many on: it counts them in ten bits. */
const LET_THROUGH = 1_024
const READ_MS = 4_000
const PAINT_EVERY_MS = 40
/** Before a heartbeat could push out what was held back. */
const SOON_MS = 10_000
/** What may be shown of a board that somebody reads: a second, rounded up by nginx, and the time of fetching it. */
const FRESH_WITHIN_MS = 5_000

async function started(
  t: TestContext,
  setup?: HttpSetup,
): Promise<{ nginx: Nginx; upstreams: Upstreams; client: HttpClient }> {
  const upstreams = await Upstreams.start(t, setup)
  const nginx = await startNginx(t, { servers: upstreams.urls })
  return { nginx, upstreams, client: new HttpClient(nginx.url, {}) }
}

async function visitor(client: HttpClient): Promise<HttpClient> {
  const cookie = (await client.get('/api/me')).headers['set-cookie']?.split(';', 1)[0] ?? ''
  return new HttpClient(client.url, { cookie })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

test('[O31] two thousand readers of a board that is painted cost at most one encode a version', {
  skip,
}, async (t) => {
  const { nginx, upstreams, client } = await started(t)
  assert.match(nginx.verdict, /^nginx: the configuration file \S+ syntax is ok\nnginx: .* is successful\n$/)
  const painter = await visitor(client)
  const startedMs = performance.now()
  const until = startedMs + READ_MS
  const isOver = (): boolean => performance.now() > until
  const crowd = readers(READERS, nginx.url + IMAGE, isOver)
  let painted: Answer | undefined
  let edits = 0
  while (!isOver()) {
    painted = await painter.place(edits % 256, edits >> 8, 1 + (edits % 15))
    assert.equal(painted.status, 200)
    edits += 1
    await pause(PAINT_EVERY_MS)
  }
  const { requests, statuses, etags, failures } = await crowd
  const asked = upstreams.to(IMAGE).length
  assert.deepEqual([failures, statuses], [[], new Set([200])])
  assert.ok(requests > READERS)
  assert.ok(edits >= 3)
  assert.ok(etags.size >= 2, 'readers see the board change')
  const seconds = Math.ceil((performance.now() - startedMs) / 1000)
  assert.ok(asked <= seconds + READERS / LET_THROUGH, `${asked} requests reached a server in ${seconds} s`)

  const endedMs = performance.now()
  const { position } = painted?.json<{ position: number }>() ?? { position: 0 }
  for (let shown = 0; shown < position; ) {
    assert.ok(performance.now() < endedMs + FRESH_WITHIN_MS, 'what is painted is shown')
    const { headers } = await client.get(IMAGE)
    shown = Number(headers['x-content-version'])
    await pause(PAINT_EVERY_MS)
  }
  const encodes = sum(await Promise.all(upstreams.urls.map((url) => gauge(url, 'spate_images_encoded'))))
  const { versions } = upstreams
  assert.ok(encodes <= versions.size, `${encodes} encodes of ${versions.size} versions`)
  for (const etag of etags) assert.ok(versions.has(Number(/-(\d+)"$/.exec(etag)?.[1])), etag)
  t.diagnostic(
    `${requests} requests of ${READERS} readers and ${edits} edits in ${READ_MS} ms: ${asked} reached a server; ` +
      `${encodes} encodes of ${versions.size} versions`,
  )
})

test('[O31] a board that nobody paints is encoded once, by one server', { skip }, async (t) => {
  const { upstreams, client } = await started(t)
  const asked = (): Answered[] => upstreams.to(IMAGE)
  await eventually(async () => {
    assert.equal((await client.get(IMAGE)).status, 200)
    return asked().length >= 3
  })
  assert.deepEqual(
    asked().map(({ status, isRevalidation }) => [status, isRevalidation]),
    [
      [200, false],
      ...asked()
        .slice(1)
        .map(() => [304, true]),
    ],
  )
  assert.equal(sum(upstreams.servers.map(({ services }) => services.images.encodes)), 1)
})

test('[O31] an image of the past and a chunk are asked for once, however many want them at once', {
  skip,
}, async (t) => {
  const { upstreams, client } = await started(t)
  const painter = await visitor(client)
  await painter.place(7, 8, 3)
  for (const [path, cacheControl] of [
    [`${IMAGE}?at=1`, 'public, max-age=31536000, immutable'],
    [`${BOARD}/chunks/0/0`, 'public, max-age=1, stale-while-revalidate=10'],
    [`${BOARD}/chunks/0/0/image.png`, 'public, max-age=1, stale-while-revalidate=10'],
  ] as const) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.get(path)))
    for (const { status, headers, bytes } of answers) {
      assert.deepEqual([status, headers['cache-control']], [200, cacheControl])
      assert.deepEqual(bytes, answers[0]?.bytes)
    }
    const count = upstreams.to(path).length
    assert.ok(count === 1 || (count === 2 && !path.includes('at=')), `${path} was asked for ${count} times`)
    const { etag = '' } = answers[0]?.headers ?? {}
    assert.equal((await client.get(path, { 'if-none-match': etag })).status, 304)
  }
  const past = await readPng((await client.get(`${IMAGE}?at=1`)).bytes)
  const now = await readPng((await client.get(`${IMAGE}?v=2`)).bytes)
  assert.notEqual(past.at(7, 8), now.at(7, 8))
  const other = upstreams.answers.length
  assert.equal((await client.get(`${IMAGE}?at=1`)).headers['x-cache-status'], 'HIT')
  assert.equal(upstreams.answers.length, other)
})

test('[O32] sockets, event streams and edits go through as they come', {
  skip,
  timeout: SOON_MS,
}, async (t) => {
  const { nginx, client } = await started(t)
  const painter = await visitor(client)
  const viewer = await Viewer.watch(t, nginx.url, 'lobby')
  const stream = await EventStream.open(t, `${nginx.url}${BOARD}/edits`)
  const judged = (await painter.place(5, 6, 7)).json<{ position: number }>()
  await viewer.reached(judged.position)
  assert.equal(viewer.connection.replica.colorAt(5, 6), 7)
  const event = await stream.next()
  assert.deepEqual([event.id, JSON.parse(event.data)], [String(judged.position), { edits: [[5, 6, 7]] }])

  const placed = await viewer.connection.place(9, 9, 4)
  assert.equal(placed.verdict, 'accepted')
  assert.deepEqual(JSON.parse((await stream.next()).data), { edits: [[9, 9, 4]] })
  const image = await client.get(`${IMAGE}?v=${placed.position}`)
  assert.equal((await readPng(image.bytes)).at(9, 9), CLASSIC_PALETTE[4])
})

test('[O32] [S47] over r/place’s protocol the server that tells of a frame is the one that is asked for it', {
  skip,
}, async (t) => {
  const { nginx, client } = await started(t)
  const painter = await visitor(client)
  for (let i = 0; i < 4; i++) {
    const socket = await PlaceSocket.open(t, nginx.url)
    await socket.next()
    socket.follow('1', 0)
    const followed = new FollowedCanvas(socket)
    await followed.step()
    await painter.place(i, 1, 9)
    const { name } = await followed.step()
    assert.equal(new URL(name).origin, nginx.url)
    assert.equal(followed.image.rgb[256 + i], CLASSIC_PALETTE[9])
  }
})

test('[O34] a server is told the address that nginx was asked from, whatever else is claimed', {
  skip,
}, async (t) => {
  const { nginx, client, upstreams } = await started(t, { addressRate: 1, burst: 6 })
  const { headers } = await visitor(client)
  const statuses = async (from: string, count: number, claim: (i: number) => object): Promise<number[]> => {
    const found = []
    for (let i = 0; i < count; i++) {
      found.push(await statusOf(nginx, from, { ...headers, ...claim(i) }))
    }
    return found
  }
  // Each of the servers counts on its own; this many are too many for all of them.
  const many = 6 * upstreams.servers.length + 1
  const forging = await statuses('127.0.0.2', many, (i) => ({
    'x-forwarded-for': `203.0.113.${i}`,
    'x-real-ip': `203.0.113.${i}`,
    forwarded: `for=203.0.113.${i}`,
  }))
  assert.ok(forging.includes(200) && forging.at(-1) === 429, String(forging))
  assert.deepEqual(await statuses('127.0.0.3', 2, () => ({ 'x-forwarded-for': '127.0.0.2' })), [200, 200])
})

test('[O34] over TLS cookies are Secure, and plain HTTP is sent there', {
  skip: requires('nginx', 'openssl'),
}, async (t) => {
  const upstreams = await Upstreams.start(t)
  const nginx = await startNginx(t, { servers: upstreams.urls, tls: certificate(t) })
  const secure = await new Promise<IncomingMessage>((resolve, reject) => {
    secureGet(`${nginx.url}/api/me`, { rejectUnauthorized: false }, resolve).on('error', reject)
  })
  secure.resume()
  assert.match(secure.headers['set-cookie']?.[0] ?? '', /; Secure$/)
  const plain = await fetch(`${nginx.plainUrl}/api/boards?x=1`, { redirect: 'manual' })
  assert.deepEqual([plain.status, plain.headers.get('location')], [301, 'https://127.0.0.1/api/boards?x=1'])
})

test('[O35] nothing is kept that is somebody’s own: cookies, who I am, edits, refusals', {
  skip,
}, async (t) => {
  const { client, upstreams } = await started(t)
  const cookies = new Set<string | undefined>()
  for (let i = 0; i < 3; i++) {
    const me = await client.get('/api/me')
    cookies.add(me.headers['set-cookie'])
    assert.equal(me.headers['x-cache-status'], undefined)
  }
  assert.equal(cookies.size, 3)
  assert.ok(!cookies.has(undefined))
  const ann = await visitor(client)
  await ann.place(1, 1, 1)
  assert.equal((await ann.get('/api/me')).json().player, 1)
  assert.equal((await client.get('/api/me')).json().player, null)
  const image = await ann.get(IMAGE)
  assert.equal(image.headers['set-cookie'], undefined)

  for (const [path, status] of [
    [`${IMAGE}?at=999999`, 404],
    [`${IMAGE}?at=yesterday`, 400],
    [`${BOARD}/chunks/999/0`, 400],
    ['/api/boards/none/image.png', 404],
  ] as const) {
    for (let i = 0; i < 2; i++) assert.equal((await client.get(path)).status, status)
    assert.equal(upstreams.to(path).length, 2, `${path} is asked for again`)
  }
  for (let i = 0; i < 2; i++) assert.equal((await ann.place(2, 2, 1 + i)).status, 200)
  assert.equal(upstreams.to(`${BOARD}/edit`).length, 3)
})

test('[O35] what is for those who run it stays inside, however it is written', { skip }, async (t) => {
  const { client } = await started(t)
  for (const path of [
    '/metrics',
    '/metrics/',
    '//metrics',
    '/%6detrics',
    '/x/../metrics',
    '/readyz',
    '/METRICS',
  ]) {
    const answer = await client.get(path)
    assert.equal(answer.status, 404, path)
    assert.doesNotMatch(answer.text, /spate_board_position/)
  }
  assert.equal((await client.get('/healthz')).status, 200)
})

test('[O35] an import of 8 MiB passes, and larger ones end at the proxy', { skip }, async (t) => {
  const { client, upstreams } = await started(t)
  const path = `${BOARD}/painted`
  const post = async (bytes: number): Promise<number> =>
    (await client.post(path, 'x'.repeat(bytes), { 'content-type': 'text/plain' })).status
  assert.equal(await post(8 << 20), 401)
  assert.equal(await post((8 << 20) + 1), 413)
  assert.equal(upstreams.to(path).length, 1)
})

function statusOf({ port }: Nginx, from: string, headers: OutgoingHttpHeaders): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        localAddress: from,
        method: 'POST',
        path: `${BOARD}/edit`,
        headers: { ...headers, 'content-type': 'application/json' },
      },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    asked.on('error', reject)
    asked.end(JSON.stringify({ x: 1, y: 1, c: 1 }))
  })
}

/** Of nobody, for an hour. */
function certificate(t: TestContext): { certificate: string; key: string } {
  const folder = tempFolder(t)
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync(
    'openssl',
    [...args, '-days', '1', '-subj', '/CN=spate', '-keyout', key, '-out', certificate],
    {
      stdio: 'ignore',
    },
  )
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
}
