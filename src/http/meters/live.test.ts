import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { EventStream } from '../../../test/support/event-stream.ts'
import { HttpServer } from '../../../test/support/http.ts'

const START = Date.parse('2026-01-01T00:00:00Z') / 1000
const LIVE = '/api/meters/points/live'
/** Requests of this process's servers as they begin. */
const REQUESTS = 'http.server.request.start'

async function withPoints(t: TestContext, speed = 1): Promise<HttpServer> {
  const server = await HttpServer.start(t, { speed })
  for (const meter of ['points', 'other']) await server.admin.put(`/api/meters/${meter}`, {})
  return server
}

async function add(
  server: HttpServer,
  entity: string,
  amount: number,
  second = START - 60,
  meter = 'points',
): Promise<number> {
  const answer = await server.admin.post('/api/meters/writes', {
    writes: [{ meter, entity, second, amount }],
  })
  return answer.json<{ position: number }>().position
}

async function next(stream: EventStream): Promise<{ id: string | undefined; leads: [string, number][] }> {
  const { event, id, data } = await stream.next()
  assert.equal(event, 'message')
  const { places } = JSON.parse(data) as { places: { entity: string; sum: number }[] }
  return { id, leads: places.map(({ entity, sum }) => [entity, sum]) }
}

test('[H56] a leaderboard comes at once, and again when it has changed', async (t) => {
  const server = await withPoints(t, 20)
  await add(server, 'ann', 5)
  const stream = await EventStream.open(t, `${server.url}${LIVE}?limit=2`)
  assert.equal(stream.response.headers.get('content-type'), 'text/event-stream')
  assert.equal(stream.response.headers.get('cache-control'), 'no-store')
  assert.deepEqual(JSON.parse((await stream.next()).data), {
    from: 0,
    to: 2 ** 32 - 2,
    places: [{ entity: 'ann', rank: 1, sum: 5, lastSecond: START - 60 }],
  })
  const ben = await add(server, 'ben', 7)
  const first = await next(stream)
  assert.deepEqual(first.leads, [
    ['ben', 7],
    ['ann', 5],
  ])
  // Neither another meter nor a third place is news.
  await add(server, 'ann', 9, START - 60, 'other')
  await add(server, 'cat', 1)
  const ann = await add(server, 'ann', 3)
  const second = await next(stream)
  assert.deepEqual(second.leads, [
    ['ann', 8],
    ['ben', 7],
  ])
  // What was committed while it was made may be in it, too.
  assert.ok(Number(first.id) <= ben && Number(first.id) < Number(second.id) && Number(second.id) <= ann)
})

test('[H56] for one who left before it began nothing is made', async (t) => {
  const server = await withPoints(t)
  const { questions } = server.services.meters
  const top = questions.top.bind(questions)
  const asked: number[] = []
  const [reached, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  questions.top = async (meter, span, most, filter) => {
    asked.push(span.from)
    reached.resolve()
    await left.promise
    return top(meter, span, most, filter)
  }
  const closed = new Promise((resolve) => {
    const onRequest = (message: unknown): void => {
      unsubscribe(REQUESTS, onRequest)
      // As Node documents the channel's messages.
      const { response } = message as { response: ServerResponse }
      response.once('close', resolve)
    }
    subscribe(REQUESTS, onRequest)
  })
  const leaving = new AbortController()
  const gone = fetch(`${server.url}${LIVE}?from=10001`, { signal: leaving.signal })
  await reached.promise
  leaving.abort()
  await assert.rejects(gone, { name: 'AbortError' })
  await closed
  left.resolve()
  const stream = await EventStream.open(t, `${server.url}${LIVE}?from=10002`)
  await stream.next()
  assert.deepEqual(asked, [10001, 10002, 10002])
})

test('[H56] the last seconds, until now and the current period move with the time', async (t) => {
  const server = await withPoints(t, 20)
  await add(server, 'ann', 5, START - 59)
  await add(server, 'ben', 4, START)
  const ask = (query: string) => EventStream.open(t, `${server.url}${LIVE}?${query}`)
  const [rolling, today, untilNow] = await Promise.all([
    ask('last=60'),
    ask('period=day'),
    ask('from=2025-12-31&to=now'),
  ])
  const both = [
    ['ann', 5],
    ['ben', 4],
  ]
  assert.deepEqual((await next(rolling)).leads, both)
  assert.deepEqual((await next(today)).leads, [['ben', 4]])
  assert.deepEqual((await next(untilNow)).leads, both)
  const future = await add(server, 'cat', 9, START + 1)
  server.clock.nowMs += 1000
  const { id, leads } = await next(rolling)
  assert.equal(id, String(future))
  assert.deepEqual(leads, [
    ['cat', 9],
    ['ben', 4],
  ])
  assert.deepEqual((await next(untilNow)).leads, [['cat', 9], ...both])
  assert.deepEqual((await next(today)).leads, leads)
})

test('[H56] who comes back and has seen it is sent what is new only', async (t) => {
  const server = await withPoints(t, 20)
  const position = await add(server, 'ann', 5)
  const first = await EventStream.open(t, `${server.url}${LIVE}?from=2025`)
  assert.equal((await next(first)).id, String(position))
  const again = await EventStream.open(t, `${server.url}${LIVE}?from=2025`, {
    'last-event-id': String(position),
  })
  await add(server, 'ann', 1)
  assert.deepEqual((await next(again)).leads, [['ann', 6]])
})

test('[H56] it is made once for all who watch the same, and not for nobody', async (t) => {
  const server = await withPoints(t, 20)
  await add(server, 'ann', 5)
  const { questions } = server.services.meters
  const top = t.mock.method(questions, 'top')
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => EventStream.open(t, `${server.url}${LIVE}?from=2025&limit=3`)),
  )
  for (const stream of streams) assert.deepEqual((await next(stream)).leads, [['ann', 5]])
  const before = top.mock.callCount()
  await add(server, 'ann', 1)
  for (const stream of streams) assert.deepEqual((await next(stream)).leads, [['ann', 6]])
  assert.equal(top.mock.callCount() - before, 1)
})

test('[H56] a quiet stream is kept alive by comments', async (t) => {
  const server = await withPoints(t, 200)
  const position = await add(server, 'ann', 5)
  const stream = await EventStream.open(t, server.url + LIVE)
  await next(stream)
  const change = stream.next()
  assert.equal(await stream.comment(), String(server.clock.now()))
  assert.equal(stream.lastId, String(position))
  await add(server, 'ann', 1)
  await change
})

test('[H56] what cannot be asked is refused, and no stream is begun', async (t) => {
  const server = await withPoints(t)
  await server.admin.put('/api/meters/kept', { retention: { second: 60 } })
  await add(server, 'ann', 1, START, 'kept')
  for (const [path, status] of [
    ['nothing/live', 404],
    ['points/live?last=5&period=day', 400],
    ['points/live?limit=1001', 400],
    ['points/live?where=a:b', 400],
    [`kept/live?from=${START - 100_000}`, 410],
  ] as const) {
    assert.equal((await server.client().get(`/api/meters/${path}`)).status, status, path)
  }
  assert.equal((await server.client().get(LIVE, { 'last-event-id': 'x' })).status, 400)
  const head = await server.client().send('HEAD', LIVE)
  assert.deepEqual([head.status, head.headers['content-type']], [200, 'text/event-stream'])
})

test('[H56] at most 256 different ones are watched, however many come at once', async (t) => {
  const server = await withPoints(t)
  await add(server, 'ann', 5)
  const { questions } = server.services.meters
  const top = questions.top.bind(questions)
  const allAreThere = Promise.withResolvers<void>()
  t.mock.method(questions, 'top', async (...asked: Parameters<typeof top>) => {
    await allAreThere.promise
    return top(...asked)
  })
  const leave = new AbortController()
  t.after(() => leave.abort())
  let refused = 0
  // Kept: who lets go of an answer ends its stream, once the garbage is collected, and makes room.
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, i) => {
      const answer = await fetch(`${server.url}${LIVE}?limit=${i + 1}`, { signal: leave.signal })
      // All but those who may wait for their first answer.
      if (answer.status === 503 && ++refused === 300 - 260) allAreThere.resolve()
      return answer
    }),
  )
  const statuses = answers.map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 200).length, 256)
  const same = await EventStream.open(t, `${server.url}${LIVE}?limit=${statuses.indexOf(200) + 1}`)
  assert.deepEqual((await next(same)).leads, [['ann', 5]])
  assert.equal(answers.filter(({ ok }) => ok).length, 256)
})

test('[H56] a server that stops ends the streams', async (t) => {
  const server = await withPoints(t)
  const stream = await EventStream.open(t, server.url + LIVE)
  await next(stream)
  const ended = assert.rejects(stream.next(), /the stream ended/)
  await server.stop()
  await ended
})
