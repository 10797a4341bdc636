import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type HttpClient, HttpServer } from '../../../test/support/http.ts'
import { openMeters } from '../../../test/support/meters.ts'

const DAY_ONE = Date.parse('2025-12-30T00:00:00Z') / 1000
const DAY = 86_400
const JSON_TYPE = { 'content-type': 'application/json' }

interface Added {
  readonly entity: string
  readonly second: number
  readonly amount: number | string
  readonly dimensions?: readonly string[]
}

async function written(server: HttpServer, meter: string, ...added: readonly Added[]): Promise<void> {
  const writes = added.map((each) => ({ meter, ...each }))
  const answer = await server.admin.post('/api/meters/writes', { writes })
  assert.equal(answer.status, 200, answer.text)
}

/** Three runners, two days, two kinds of activity. */
async function race(t: TestContext): Promise<{ server: HttpServer; client: HttpClient }> {
  const server = await HttpServer.start(t)
  const declared = await server.admin.put('/api/meters/points', { dimensions: ['activity'] })
  assert.equal(declared.status, 200, declared.text)
  const add = (entity: string, activity: string, second: number, amount: number | string): Added => ({
    entity,
    second,
    amount,
    dimensions: [activity],
  })
  await written(
    server,
    'points',
    add('ann', 'run', DAY_ONE + 10, 5),
    add('ben', 'run', DAY_ONE + 20, 7),
    add('ben', 'walk', DAY_ONE + DAY, 1),
    add('cat', 'walk', DAY_ONE + DAY + 60, '9007199254740993'),
  )
  return { server, client: server.client() }
}

async function json(client: HttpClient, path: string): Promise<unknown> {
  const answer = await client.get(`/api/meters/points/${path}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.json()
}

const BOTH = 'from=2025-12-30&to=2025-12-31'
const SPAN = { from: DAY_ONE, to: DAY_ONE + 2 * DAY - 1 }
const place = (entity: string, rank: number, sum: number | string, lastSecond: number) => ({
  entity,
  rank,
  sum,
  lastSecond,
})
const CAT = place('cat', 1, '9007199254740993', DAY_ONE + DAY + 60)
const BEN = place('ben', 2, 8, DAY_ONE + DAY)
const ANN = place('ann', 3, 5, DAY_ONE + 10)

test('[H53] every question is answered with its range, sums beyond 2^53 as strings', async (t) => {
  const { client } = await race(t)
  assert.deepEqual(await json(client, `sum?${BOTH}`), {
    ...SPAN,
    sums: [{ entity: null, sum: '9007199254741006' }],
  })
  assert.deepEqual(await json(client, `sum?${BOTH}&entity=ben&entity=nobody&where=activity:run`), {
    ...SPAN,
    sums: [
      { entity: 'ben', sum: 7 },
      { entity: 'nobody', sum: 0 },
    ],
  })
  assert.deepEqual(await json(client, `series?${BOTH}&by=day&entity=ben`), {
    ...SPAN,
    points: [
      { from: DAY_ONE, to: DAY_ONE + DAY - 1, sum: 7 },
      { from: DAY_ONE + DAY, to: SPAN.to, sum: 1 },
    ],
  })
  assert.deepEqual(await json(client, `breakdown?${BOTH}&dimension=activity`), {
    ...SPAN,
    dimension: 'activity',
    values: [
      { value: 'walk', sum: '9007199254740994' },
      { value: 'run', sum: 12 },
    ],
  })
  assert.deepEqual(await json(client, `top?${BOTH}`), { ...SPAN, places: [CAT, BEN, ANN] })
  assert.deepEqual(await json(client, `top?${BOTH}&limit=1&where=activity:run`), {
    ...SPAN,
    places: [place('ben', 1, 7, DAY_ONE + 20)],
  })
  assert.deepEqual(await json(client, `rank?${BOTH}&entity=ann&neighbours=1`), {
    ...SPAN,
    places: [BEN, ANN],
  })
  assert.deepEqual(await json(client, `rank?${BOTH}&entity=nobody`), { ...SPAN, places: [] })
  assert.deepEqual(await json(client, `distinct?${BOTH}`), { ...SPAN, entities: 3 })
  const { rank, sum, lastSecond } = place('', 2, 1, DAY_ONE + DAY)
  assert.deepEqual(await json(client, 'compare?from=2025-12-31&to=2025-12-31'), {
    from: DAY_ONE + DAY,
    to: SPAN.to,
    before: { from: DAY_ONE, to: DAY_ONE + DAY - 1 },
    places: [
      { entity: 'cat', now: { rank: 1, sum: CAT.sum, lastSecond: CAT.lastSecond }, before: null },
      {
        entity: 'ben',
        now: { rank, sum, lastSecond },
        before: { rank: 1, sum: 7, lastSecond: DAY_ONE + 20 },
      },
    ],
  })
  const then = (await json(client, `compare?${BOTH}&beforeFrom=2025-12-30&beforeTo=2025-12-30`)) as {
    before: object
  }
  assert.deepEqual(then.before, { from: DAY_ONE, to: DAY_ONE + DAY - 1 })
})

test('[H53] values over time, filtered series and streaks are answered', async (t) => {
  const { server, client } = await race(t)
  const add = (entity: string, second: number): Added => ({ entity, second, amount: 1, dimensions: ['run'] })
  await written(server, 'points', add('ann', DAY_ONE + 2 * DAY), add('ben', DAY_ONE + 2 * DAY))
  const range = 'from=2025-12-30&to=2026-01-01&by=day'
  const to = DAY_ONE + 3 * DAY - 1
  const days = [0, 1, 2].map((day) => ({ from: DAY_ONE + day * DAY, to: DAY_ONE + (day + 1) * DAY - 1 }))
  const points = (...sums: (number | string)[]) => days.map((day, i) => ({ ...day, sum: sums[i] }))
  assert.deepEqual(await json(client, `series-by?${range}&dimension=activity`), {
    from: DAY_ONE,
    to,
    dimension: 'activity',
    points: points(12, '9007199254740994', 2),
    values: [
      { value: 'walk', sums: [0, '9007199254740994', 0] },
      { value: 'run', sums: [12, 0, 2] },
    ],
  })
  assert.deepEqual(await json(client, `series?${range}&entity=ben&where=activity:run`), {
    from: DAY_ONE,
    to,
    points: points(7, 0, 1),
  })
  assert.deepEqual(await json(client, `breakdown?${BOTH}&dimension=activity&where=activity:run`), {
    ...SPAN,
    dimension: 'activity',
    values: [{ value: 'run', sum: 12 }],
  })
  const streak = (from: number, periods: number) => ({
    periods,
    from: DAY_ONE + from * DAY,
    to: DAY_ONE + (from + periods) * DAY - 1,
  })
  assert.deepEqual(await json(client, `streaks?${range}&limit=2`), {
    from: DAY_ONE,
    to,
    places: [
      { entity: 'ben', rank: 1, longest: streak(0, 3), current: streak(0, 3) },
      { entity: 'ann', rank: 2, longest: streak(0, 1), current: streak(2, 1) },
    ],
  })
  const cat = { entity: 'cat', rank: 3, longest: streak(1, 1), current: null }
  assert.deepEqual(await json(client, `streaks?${range}&entity=cat`), { from: DAY_ONE, to, places: [cat] })
  const ofRuns = (await json(client, `streaks?${range}&where=activity:run`)) as {
    places: { entity: string }[]
  }
  assert.deepEqual(
    ofRuns.places.map(({ entity }) => entity),
    ['ann', 'ben'],
  )
})

test('[H53] many entities and meters are summed at once', async (t) => {
  const { server, client } = await race(t)
  await server.admin.put('/api/meters/steps', {})
  await written(server, 'steps', { entity: 'ann', second: DAY_ONE, amount: -3 })
  const body = { meters: ['steps', 'points'], entities: ['ben', 'ann'], from: '2025-12-30', to: '2025-12-31' }
  const answer = await client.post('/api/meters/sums', body, JSON_TYPE)
  assert.deepEqual(answer.json(), {
    ...SPAN,
    meters: [
      { meter: 'steps', sums: [0, -3] },
      { meter: 'points', sums: [8, 5] },
    ],
  })
  const filtered = { ...body, meters: ['points'], where: { activity: 'walk' } }
  assert.deepEqual((await client.post('/api/meters/sums', filtered)).json<{ meters: unknown }>().meters, [
    { meter: 'points', sums: [1, 0] },
  ])
  const entities = Array.from({ length: 6000 }, (_, i) => `e${i}`)
  const tooMany = await client.post('/api/meters/sums', { ...body, entities })
  assert.equal(tooMany.status, 413)
  const longest = Array.from({ length: 10_000 }, (_, i) => `ann${i}`.padEnd(128, '€'))
  const many = await client.post('/api/meters/sums', { ...body, meters: ['steps'], entities: longest })
  assert.deepEqual(many.json<{ meters: unknown }>().meters, [{ meter: 'steps', sums: Array(10_000).fill(0) }])
})

test('[H53] an answer has a tag of its position and range; who has it gets 304 until something changes', async (t) => {
  const { server, client } = await race(t)
  const path = '/api/meters/points/top?period=month&offset=-1'
  const first = await client.get(path)
  const etag = first.headers.etag ?? ''
  assert.equal(first.headers['x-content-version'], String(server.services.meters.position))
  assert.equal(first.headers['cache-control'], 'no-cache')
  const known = { 'if-none-match': etag }
  const second = await client.get(path, known)
  assert.deepEqual([second.status, second.text, second.headers.etag], [304, '', etag])
  await written(server, 'points', { entity: 'ann', second: DAY_ONE, amount: 1, dimensions: ['run'] })
  assert.equal((await client.get(path, known)).status, 200)
  const later = await client.get(path)
  // The next month: the period before is another.
  server.clock.nowMs += 31 * DAY * 1000
  assert.equal((await client.get(path, { 'if-none-match': later.headers.etag ?? '' })).status, 200)
  for (const unknown of ['/api/meters/nothing/top', '/api/meters/nothing']) {
    assert.equal((await client.get(unknown, { 'if-none-match': '*' })).status, 404)
  }
  assert.equal((await client.get('/api/meters', { 'if-none-match': '*' })).status, 304)
})

test('[H54] what is no question is refused, and says what is wrong with it', async (t) => {
  const { client } = await race(t)
  const cases: [path: string, status: number, detail: RegExp][] = [
    ['points/top?form=2025', 400, /query\/form is not expected/],
    ['points/top?from=tomorrow', 400, /^from: expected/],
    ['points/top?from=2025&last=5', 400, /^a range is said by/],
    ['points/top?period=decade', 400, /query\/period/],
    ['points/top?period=day&offset=1', 400, /query\/offset/],
    ['points/top?last=0', 400, /query\/last/],
    ['points/top?limit=10001', 400, /query\/limit/],
    ['points/top?where=run', 400, /^where: expected dimension:value/],
    ['points/top?where=activity:run&where=activity:walk', 400, /each dimension once/],
    ['points/top?where=color:red', 400, /the meter has no dimension color/],
    [`points/top?where=activity:${'x'.repeat(2000)}`, 400, /query\/where/],
    ['points/top?zone=Nowhere', 400, /there is no time zone "Nowhere"/],
    ['points/series', 400, /query/],
    ['points/series?by=second', 413, /at most 10000 parts/],
    ['points/breakdown', 400, /dimension/],
    ['points/rank', 400, /entity/],
    ['points/rank?entity=ann&neighbours=101', 400, /query\/neighbours/],
    ['points/compare', 400, /nothing before this range/],
    ['points/compare?last=5&beforeFrom=x', 400, /^before: from: expected/],
    ['nothing/sum', 404, /there is no meter nothing/],
  ]
  for (const [path, status, detail] of cases) {
    const answer = await client.get(`/api/meters/${path}`)
    assert.equal(answer.status, status, `${path}: ${answer.text}`)
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/)
    assert.match(answer.json<{ detail: string }>().detail, detail)
  }
})

test('[H54] few questions are answered at once and some wait; the rest is refused', async (t) => {
  const { server, client } = await race(t)
  const { questions } = server.services.meters
  const sum = questions.sum.bind(questions)
  const refused = Promise.withResolvers<void>()
  let inside = 0
  let mostInside = 0
  t.mock.method(questions, 'sum', async (...asked: Parameters<typeof sum>) => {
    inside += 1
    mostInside = Math.max(mostInside, inside)
    await refused.promise
    inside -= 1
    return sum(...asked)
  })
  const answers = await Promise.all(
    Array.from({ length: 4 + 256 + 5 }, async () => {
      const answer = await client.get('/api/meters/points/sum')
      if (answer.status === 503) refused.resolve()
      return answer
    }),
  )
  const over = answers.filter(({ status }) => status === 503)
  assert.ok(over.length >= 1 && over.length <= 5, `${over.length} were refused`)
  assert.ok(answers.every(({ status }) => status === 200 || status === 503))
  assert.deepEqual([over[0]?.json().code, over[0]?.headers['retry-after']], ['overloaded', '2'])
  assert.equal(mostInside, 4)
})

test('[H54] what retention makes inexact is 410 with the nearest range that is exact', async (t) => {
  const server = await HttpServer.start(t)
  await server.admin.put('/api/meters/steps', { retention: { second: 3600 } })
  const now = server.clock.nowMs / 1000
  await written(server, 'steps', { entity: 'ann', second: now - 30, amount: 1 })
  const answer = await server.client().get(`/api/meters/steps/sum?from=${now - 2 * DAY + 1}&to=${now - 1}`)
  assert.equal(answer.status, 410)
  const { code, nearest } = answer.json<{ code: string; nearest: { from: number; to: number } }>()
  assert.equal(code, 'gone')
  assert.deepEqual(nearest, { from: now - 2 * DAY, to: now - 1 })
  const again = await server.client().get(`/api/meters/steps/sum?from=${nearest.from}&to=${nearest.to}`)
  assert.equal(again.status, 200)
})

test('[H55] a board’s meters name players and colours, and are found by a player’s name', async (t) => {
  const { meters } = await openMeters(t)
  const server = await HttpServer.withLobby(
    t,
    { palette: [0xffffff, 0xff4500] },
    { boardMeters: (id) => (id === 'lobby' ? meters : undefined) },
  )
  const anyTime = { retention: [null, null, null, null, null, null], lateSeconds: 1e9, futureSeconds: 1e9 }
  await meters.declare({ name: 'placements', dimensions: ['color'], ...anyTime })
  await meters.declare({ name: 'colors', dimensions: [], ...anyTime })
  const second = DAY_ONE
  await meters.write([
    { kind: 'add', meter: 'placements', entity: '1', dimensions: ['1'], second, amount: 3 },
    { kind: 'add', meter: 'placements', entity: '2', dimensions: ['0'], second, amount: 1 },
    { kind: 'add', meter: 'colors', entity: '1', second, amount: 3 },
  ])
  const visitor = await server.visitor()
  await visitor.put('/api/me', { name: 'Ann' })
  const get = async (path: string) => (await server.client().get(`/api/boards/lobby/meters${path}`)).json()
  const { meters: all } = (await get('')) as { meters: { name: string }[] }
  assert.deepEqual(
    all.map(({ name }) => name),
    ['placements', 'colors'],
  )
  const { places } = (await get('/placements/top')) as { places: object[] }
  assert.deepEqual(places, [
    { entity: '1', name: 'Ann', rank: 1, sum: 3, lastSecond: second },
    { entity: '2', name: null, rank: 2, sum: 1, lastSecond: second },
  ])
  const { places: colors } = (await get('/colors/top')) as { places: object[] }
  assert.deepEqual(colors, [{ entity: '1', color: '#FF4500', rank: 1, sum: 3, lastSecond: second }])
  const { values } = (await get('/placements/breakdown?dimension=color')) as { values: object[] }
  assert.deepEqual(values, [
    { value: '1', color: '#FF4500', sum: 3 },
    { value: '0', color: '#FFFFFF', sum: 1 },
  ])
  const { sums } = (await get('/placements/sum?entity=name:ann')) as { sums: object[] }
  assert.deepEqual(sums, [{ entity: '1', name: 'Ann', sum: 3 }])
  // A name is part of the answer, so a new one makes a new tag.
  const path = '/api/boards/lobby/meters/placements/top'
  const known = { 'if-none-match': (await server.client().get(path)).headers.etag ?? '' }
  assert.equal((await server.client().get(path, known)).status, 304)
  await visitor.put('/api/me', { name: 'Anna' })
  assert.equal((await server.client().get(path, known)).status, 200)
  const statuses = ['/placements/sum?entity=name:nobody', '/nothing/sum'].map(
    async (each) => (await server.client().get(`/api/boards/lobby/meters${each}`)).status,
  )
  assert.deepEqual(await Promise.all(statuses), [404, 404])
  assert.equal((await server.client().get('/api/boards/nope/meters')).status, 404)
  await server.services.boards.create({ ...server.services.boards.get('lobby').canvas.info, id: 'other' })
  assert.equal((await server.client().get('/api/boards/other/meters')).status, 503)
})
