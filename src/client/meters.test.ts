import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_TOKEN, HttpServer } from '../../test/support/http.ts'
import { Api, ProblemError } from './api.ts'
import { MeterApi } from './meters.ts'

const SECOND = Date.parse('2025-12-31T12:00:00Z') / 1000

test('[H53] the client asks every question', async (t) => {
  const server = await HttpServer.start(t)
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const meters = new MeterApi(new Api({ baseUrl: server.url, headers }))
  await meters.declare('a.b', { dimensions: ['kind'], retention: { second: null } })
  const write = { meter: 'a.b', entity: 'ann & co', dimensions: ['x:y'], second: SECOND, amount: 5 }
  const first = await meters.write([write], 'once')
  assert.deepEqual(await meters.write([write], 'once'), first)
  assert.deepEqual(
    (await meters.list()).map(({ name, entities }) => [name, entities]),
    [['a.b', 1]],
  )
  const day = { from: '2025-12-31', to: '2025-12-31', where: ['kind:x:y'] }
  const sums = await meters.sum('a.b', { ...day, entity: ['ann & co', 'ben'] })
  assert.deepEqual(
    sums.sums.map(({ sum }) => sum),
    [5, 0],
  )
  const standing = { rank: 1, sum: 5, lastSecond: SECOND }
  const place = { entity: 'ann & co', ...standing }
  assert.deepEqual((await meters.top('a.b', { ...day, limit: 3 })).places, [place])
  assert.deepEqual((await meters.rank('a.b', { ...day, entity: 'ann & co' })).places, [place])
  assert.deepEqual((await meters.compare('a.b', { ...day, beforeTo: '2025-12-30' })).places, [
    { entity: 'ann & co', now: standing, before: null },
  ])
  assert.equal(await meters.distinct('a.b', day), 1)
  const by = { ...day, by: 'day', entity: 'ann & co' } as const
  assert.deepEqual(
    (await meters.series('a.b', by)).points.map(({ sum }) => sum),
    [5],
  )
  assert.deepEqual((await meters.breakdown('a.b', { ...day, dimension: 'kind' })).values, [
    { value: 'x:y', sum: 5 },
  ])
  assert.deepEqual((await meters.seriesBy('a.b', { ...by, dimension: 'kind' })).values, [
    { value: 'x:y', sums: [5] },
  ])
  const { longest, current } = (await meters.streaks('a.b', by)).places[0] ?? {}
  assert.deepEqual([longest?.periods, current], [1, longest])
  assert.equal(meters.path('a.b', 'live', { last: 5 }), '/api/meters/a.b/live?last=5')
  await assert.rejects(
    meters.write([{ ...write, meter: 'nothing' }]),
    (error) => error instanceof ProblemError && error.problem.write === 0,
  )
})
