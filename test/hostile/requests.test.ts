import assert from 'node:assert/strict'
import { Agent, type IncomingMessage, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { ServerProcess } from '../support/server.ts'
import { assertUnharmed, problemIn } from './harm.ts'
import { damaged } from './mutations.ts'
import { answerIn, type RawAnswer, rawConnection, untilClosed } from './raw-connection.ts'

const VOLLEYS = 700
const REQUESTS_A_VOLLEY = 6
const RAW = 1500
const RAW_AT_ONCE = 10
const PATIENCE_MS = 50
const UNLIMITED = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0', SPATE_JOIN_RATE: '0' }

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** What a server once failed at. */
const FOUND: readonly Asked[] = [
  { method: 'POST', path: '/api/boards/lobby/painted', headers: { 'content-type': 'text/plain' }, body: 'x' },
  { method: 'POST', path: '/api/boards/lobby/painted', headers: {}, body: undefined },
  { method: 'POST', path: '/api/boards/lobby/edit', headers: { expect: 'miracles' }, body: '{}' },
]

/** Every operation that the server documents. */
async function operations(url: string): Promise<[method: string, path: string][]> {
  // The document is the server's own.
  const { paths } = (await (await fetch(`${url}/docs/json`)).json()) as OpenApi
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
  )
}

const word = fc.oneof(
  fc.constantFrom(
    'lobby',
    '0',
    '1',
    '7',
    '255',
    '256',
    '-1',
    '1e3',
    '16777217',
    '9'.repeat(20),
    'NaN',
    'null',
  ),
  fc.constantFrom(
    '',
    '.',
    '..',
    '%00',
    '%2e%2e%2f',
    '%ff',
    '%zz',
    '%',
    'a'.repeat(300),
    'große',
    '2026-01-01T00:00:00Z',
  ),
  fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
)
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'v',
        'at',
        'left',
        'top',
        'width',
        'height',
        'before',
        'limit',
        'x',
        'y',
        'c',
        'from',
        'to',
        'last',
        'period',
        'by',
        'entity',
        'where',
        'zone',
        '__proto__',
      ),
      // A position that the board has not reached is waited for.
      word.filter((value) => !/^(?:[2-9]|\d{2,})$/.test(value)),
    ),
    { maxLength: 3 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${escaped(value)}`).join('&'))

const names = fc.constantFrom(
  ...[
    'id',
    'width',
    'height',
    'left',
    'top',
    'x',
    'y',
    'c',
    'palette',
    'background',
    'cooldown',
    'seconds',
    'player',
  ],
  ...[
    'name',
    'label',
    'reason',
    'area',
    'rules',
    'timeMs',
    'color',
    'keys',
    '__proto__',
    'constructor',
    'shadow',
  ],
)
const value = fc.oneof(
  fc.constantFrom(0, 1, -1, 2.5, 255, 256, 65_536, 2 ** 53, 1e308, null, true, '', 'lobby', '#ffffff'),
  fc.jsonValue({ maxDepth: 3 }),
  fc.array(fc.constantFrom('#000000', '#fff', 1), { maxLength: 5 }),
)
const json = fc.oneof(
  fc.dictionary(names, value, { maxKeys: 6 }).map((body) => JSON.stringify(body)),
  fc.json(),
  fc.constantFrom('[', '{"x":', '{"x":1,"y":1,"c":1}', '"', '\ufeff{}', ''),
)
/** Bodies that a counterexample should not spell out. */
const BULKY: Readonly<Record<string, string>> = {
  '<deep>': '['.repeat(50_000),
  '<big>': ' '.repeat((1 << 20) + 1),
}
const body = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  { weight: 6, arbitrary: json },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(...Object.keys(BULKY)) },
)
const header = fc.oneof(
  fc.record({
    'content-type': fc.constantFrom(
      'text/plain',
      'application/octet-stream',
      'multipart/form-data',
      'x',
      'application/json; charset=x',
    ),
  }),
  fc.record({ 'content-encoding': fc.constantFrom('gzip', 'br', 'x') }),
  fc.record({ 'accept-encoding': fc.constantFrom('gzip', 'x;q=9', '*') }),
  fc.record({ 'if-none-match': fc.constantFrom('*', '"0"', 'W/"1"', ',') }),
  fc.record({ 'last-event-id': fc.constantFrom('', 'x', '-1', '9'.repeat(30)) }),
  fc.record({ authorization: fc.constantFrom('', 'Bearer', 'Bearer x', 'Basic eDp5') }),
  fc.record({ cookie: fc.constantFrom('', 'spate', 'spate=a.b', 'spate=;;;') }),
  fc.record({ origin: fc.constantFrom('null', 'https://elsewhere.example', '://') }),
  fc.record({ range: fc.constantFrom('bytes=0-', 'bytes=9-1', 'x') }),
  fc.record({ 'x-forwarded-for': fc.constantFrom('x', '::1', '1.2.3.4, x') }),
)

/** As a URL may carry it; what is escaped already stays as it is. */
function escaped(text: string): string {
  return text.replace(/[^!$'-;=?-Z_a-z~%]/g, (character) => encodeURIComponent(character))
}

function asking(known: readonly (readonly [string, string])[], token: string): fc.Arbitrary<Asked> {
  const operation = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...known) },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'),
        fc.array(word, { maxLength: 4 }).map((words) => `/${words.map(escaped).join('/')}`),
      ),
    },
  )
  const admin = fc.constant({ authorization: `Bearer ${token}` })
  return fc
    .record({
      operation,
      words: fc.array(word, { minLength: 4, maxLength: 4 }),
      isLobby: fc.boolean(),
      query,
      body,
      headers: fc.array(fc.oneof({ weight: 3, arbitrary: admin }, { weight: 2, arbitrary: header }), {
        maxLength: 3,
      }),
    })
    .map(({ operation: [method, template], words, isLobby, query, body, headers }) => {
      let next = 0
      const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
        name === 'id' && isLobby ? 'lobby' : escaped(words[next++ % words.length] ?? ''),
      )
      return {
        method,
        path: query === '' ? path : `${path}?${query}`,
        headers: Object.assign({ 'content-type': 'application/json' }, ...headers),
        body: method === 'GET' || method === 'HEAD' ? undefined : body,
      }
    })
}

async function ask(url: string, agent: Agent, { method, path, headers, body }: Asked): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const bytes = Buffer.from(typeof body === 'string' ? (BULKY[body] ?? body) : (body ?? ''))
  const length = body === undefined ? {} : { 'content-length': bytes.length }
  const asked = request(url, { method, path, headers: { ...headers, ...length }, agent }, resolve)
  asked.on('error', reject)
  asked.end(bytes)
  const answer = await promise
  const chunks: Buffer[] = []
  if (answer.headers['content-type']?.startsWith('text/event-stream')) answer.destroy()
  else for await (const chunk of answer) chunks.push(chunk as Buffer)
  return {
    status: answer.statusCode ?? 0,
    headers: new Map(Object.entries(answer.headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks),
  }
}

/** What pointspaced refuses, it refuses in words of its own. */
function isPointspaced(path: string, { status, headers }: RawAnswer): boolean {
  if (!/^\/v[12]\//.test(path) || (status !== 406 && status !== 422)) return false
  assert.match(headers.get('content-type') ?? '', status === 406 ? /^text\/plain/ : /^application\/json/)
  return true
}

function keptAlive(t: TestContext): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: REQUESTS_A_VOLLEY })
  t.after(() => agent.destroy())
  return agent
}

test('[O10] whatever is asked of it, a server answers or says in a problem document why not, and serves on', async (t) => {
  const server = await ServerProcess.start(t, UNLIMITED)
  const agent = keptAlive(t)
  const known = await operations(server.url)
  assert.ok(known.length > 20)
  const statuses = new Map<number, number>()
  const token = await server.adminToken()
  const admin = { authorization: `Bearer ${token}` }
  const volley = fc.array(asking(known, token), {
    minLength: REQUESTS_A_VOLLEY,
    maxLength: REQUESTS_A_VOLLEY,
  })
  await fc.assert(
    fc.asyncProperty(volley, async (volley) => {
      const answers = await Promise.all(volley.map((asked) => ask(server.url, agent, asked)))
      for (const [i, answer] of answers.entries()) {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        const { method = '', path = '' } = volley[i] ?? {}
        if (answer.status >= 400 && method !== 'HEAD' && !isPointspaced(path, answer)) problemIn(answer)
      }
    }),
    {
      numRuns: VOLLEYS,
      examples: FOUND.map((asked): [Asked[]] => [[{ ...asked, headers: { ...asked.headers, ...admin } }]]),
    },
  )
  t.diagnostic(`answered with ${listed(statuses)}`)
  for (const status of [200, 400, 401, 404, 413])
    assert.ok(statuses.has(status), `none was answered ${status}`)
  await assertUnharmed(server)
})

const REQUESTS = [
  'GET /api/boards HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'GET /api/boards/lobby HTTP/1.0\r\n\r\n',
  'POST /api/boards/lobby/edit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n{"x":1,"y":1,"c":1}',
  'POST /api/boards/lobby/edit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n{"x":1,"y":1,"c":1}\r\n0\r\n\r\n',
  'POST /sp/edit?x=1&y=1&c=1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
  `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'y'.repeat(20_000)}\r\n\r\n`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
].map((text) => Buffer.from(text))

const NO_HOST = 'GET /api/boards HTTP/1.1\r\n\r\n'

/** What a server answers to bytes that may not be a whole request: nothing, if it waits for more. */
async function answerTo(url: string, bytes: Uint8Array): Promise<RawAnswer | undefined> {
  const socket = await rawConnection(url)
  const answered = untilClosed(socket)
  socket.write(bytes)
  socket.once('data', () => socket.end())
  const hangUp = setTimeout(() => socket.end(), PATIENCE_MS)
  const answer = answerIn(await answered)
  clearTimeout(hangUp)
  return answer
}

test('[O10] bytes that are no HTTP are refused with a problem document, and the server serves on', async (t) => {
  const server = await ServerProcess.start(t, UNLIMITED)
  const statuses = new Map<number, number>()
  const texts = fc.array(
    damaged(REQUESTS).map((bytes) => Buffer.from(bytes).toString('base64')),
    { minLength: 1, maxLength: RAW_AT_ONCE },
  )
  await fc.assert(
    fc.asyncProperty(texts, async (texts) => {
      const answers = await Promise.all(
        texts.map((text) => answerTo(server.url, Buffer.from(text, 'base64'))),
      )
      for (const answer of answers) {
        if (answer === undefined) continue
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        if (answer.status >= 400) problemIn(answer)
      }
    }),
    { numRuns: RAW / RAW_AT_ONCE, examples: [[[Buffer.from(NO_HOST).toString('base64')]]] },
  )
  t.diagnostic(`answered with ${listed(statuses)}`)
  for (const status of [400, 431]) assert.ok(statuses.has(status), `none was answered ${status}`)
  await assertUnharmed(server)
})

function listed(statuses: ReadonlyMap<number, number>): string {
  const sorted = [...statuses].sort(([a], [b]) => a - b)
  return sorted.map(([status, count]) => `${status}: ${count}`).join(', ')
}
