import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { ADMIN_TOKEN, type Answer, HttpServer } from '../../../test/support/http.ts'
import { SpateError } from '../../base/errors.ts'
import { amountOf, checkNumbers, exactly } from './exact.ts'

const SECOND = Date.parse('2025-12-31T12:00:00Z') / 1000

async function withSteps(t: TestContext): Promise<HttpServer> {
  const server = await HttpServer.start(t)
  assert.equal((await server.admin.put('/api/meters/steps', {})).status, 200)
  return server
}

function write(server: HttpServer, body: unknown, key?: string): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return server.admin.send('POST', '/api/meters/writes', text, {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  })
}

function add(amount: number | string, changes: object = {}): object {
  return { meter: 'steps', entity: 'ann', second: SECOND, amount, ...changes }
}

async function sumOf(server: HttpServer): Promise<number | string> {
  const answer = await server.client().get('/api/meters/steps/sum')
  return answer.json<{ sums: { sum: number | string }[] }>().sums[0]?.sum ?? 'nothing'
}

test('[H51] the organiser declares meters; everybody may list them', async (t) => {
  const server = await HttpServer.start(t)
  const declared = await server.admin.put('/api/meters/points', {
    dimensions: ['activity', 'instance'],
    totalsOver: 1,
    retention: { second: 3600, minute: 86_400, hour: null },
    lateSeconds: 60,
    futureSeconds: 5,
  })
  const points = {
    name: 'points',
    dimensions: ['activity', 'instance'],
    totalsOver: 1,
    retention: { second: 3600, minute: 86_400, hour: null, day: null, month: null, year: null },
    lateSeconds: 60,
    futureSeconds: 5,
    entities: 0,
    series: 0,
  }
  assert.deepEqual([declared.status, declared.json()], [200, points])
  const plain = (await server.admin.put('/api/meters/a.b-c_1', {})).json()
  assert.deepEqual(plain, {
    ...points,
    name: 'a.b-c_1',
    dimensions: [],
    totalsOver: 0,
    retention: { ...points.retention, second: null, minute: null },
    lateSeconds: 366 * 86_400,
    futureSeconds: 86_400,
  })
  assert.deepEqual((await server.client().get('/api/meters')).json(), { meters: [points, plain] })
  assert.deepEqual((await server.client().get('/api/meters/points')).json(), points)
  const less = await server.admin.put('/api/meters/points', { dimensions: ['activity'] })
  assert.equal(less.status, 409)
  const other = await server.admin.put('/api/meters/points', { dimensions: ['activity', 'instance'] })
  assert.equal(other.status, 409, 'totals are about other dimensions')
  for (const [path, body] of [
    ['Points', {}],
    ['p', { dimensions: ['a', 'a'] }],
    ['p', { dimensions: ['a', 'b', 'c', 'd', 'e'] }],
    ['p', { retention: { second: 60, minute: 30 } }],
    ['p', { retention: { week: 60 } }],
    ['p', { lateSeconds: -1 }],
    ['p', { late: 1 }],
  ] as const) {
    assert.equal((await server.admin.put(`/api/meters/${path}`, body)).status, 400, JSON.stringify(body))
  }
})

test('[H51] only the organiser declares and writes', async (t) => {
  const server = await withSteps(t)
  const visitor = await server.visitor()
  for (const [client, status] of [
    [server.client(), 401],
    [visitor, 403],
  ] as const) {
    assert.equal((await client.put('/api/meters/other', {})).status, status)
    assert.equal((await client.post('/api/meters/writes', { writes: [add(1)] })).status, status)
  }
  assert.equal(await sumOf(server), 0)
})

test('[H52] adds, counts and totals are written, all of a batch or none of it', async (t) => {
  const server = await withSteps(t)
  const batch = [
    add(5),
    add('-2', { kind: 'add' }),
    { meter: 'steps', entity: 'ann', kind: 'count', second: SECOND },
    add(3, { kind: 'count', entity: 'ben' }),
  ]
  const answer = await write(server, { writes: batch })
  assert.deepEqual([answer.status, answer.json()], [200, { position: server.services.meters.position }])
  assert.equal(await sumOf(server), 7)
  const total = { meter: 'steps', entity: 'ann', kind: 'total', from: SECOND - 9, to: SECOND + 9, amount: 50 }
  assert.equal((await write(server, { writes: [total, total] })).status, 200)
  assert.equal(await sumOf(server), 53)
  const cases: [writes: unknown[], status: number, write: number | undefined, detail: RegExp][] = [
    [[add(1), add(1, { meter: 'nothing' })], 404, 1, /^write 1: there is no such meter$/],
    [[add(1), add(1, { dimensions: ['x'] })], 400, 1, /^write 1: a value for each dimension/],
    [[add(1, { second: SECOND - 4e8 })], 400, 0, /further back/],
    [[add(1, { second: SECOND + 4e8 })], 400, 0, /further ahead/],
    [[add(1), add('9223372036854775808')], 400, 1, /^write 1: an amount is an integer/],
    [[add(1), add('9223372036854775807')], 413, 1, /^write 1: the meter has taken all/],
    [[add(1, { from: 5 })], 400, 0, /^write 0: add has second$/],
    [[add(1, { kind: 'total' })], 400, 0, /^write 0: a total has from, to and amount$/],
    [[{ meter: 'steps', entity: 'ann', second: SECOND }], 400, 0, /^write 0: add has amount$/],
    [[add(0, { kind: 'count' })], 400, 0, /^write 0: a count is positive$/],
    [[add('1.5')], 400, undefined, /body\/writes\/0\/amount/],
    [[add(1, { colour: 'red' })], 400, undefined, /body\/writes\/0\/colour is not expected/],
    [[], 400, undefined, /body\/writes/],
    [Array(10_001).fill(add(1)), 400, undefined, /body\/writes/],
  ]
  for (const [writes, status, at, detail] of cases) {
    const refused = await write(server, { writes })
    const problem = refused.json<{ detail: string; write?: number }>()
    assert.match(problem.detail, detail)
    assert.deepEqual([refused.status, problem.write], [status, at], refused.text)
  }
  assert.equal(await sumOf(server), 53)
  assert.equal((await write(server, { writes: Array(10_000).fill(add(1)) })).status, 200)
  assert.equal(await sumOf(server), 10_053)
})

test('[H52] a batch with a key counts once; another with that key is a conflict', async (t) => {
  const server = await withSteps(t)
  const first = await write(server, { writes: [add(5)] }, 'monday')
  const [again, twice] = await Promise.all([
    write(server, { writes: [add(5)] }, 'monday'),
    write(server, { writes: [add(5)] }, 'monday'),
  ])
  assert.deepEqual([again.status, again.json()], [200, first.json()])
  assert.deepEqual([twice.status, twice.json()], [200, first.json()])
  const other = await write(server, { writes: [add(6)] }, 'monday')
  assert.deepEqual([other.status, other.json().code], [409, 'conflict'])
  const refusal = await write(server, { writes: [add(1, { meter: 'nothing' })] }, 'tuesday')
  const refusedAgain = await write(server, { writes: [add(1, { meter: 'nothing' })] }, 'tuesday')
  assert.deepEqual([refusedAgain.status, refusedAgain.json()], [404, refusal.json()])
  assert.equal(await sumOf(server), 5)
  assert.equal((await write(server, { writes: [add(1)] }, 'k'.repeat(129))).status, 400)
})

test('[H52] integers are exact: digits in a string are, a number that may not be is refused', async (t) => {
  const server = await withSteps(t)
  const body = (amount: string): string =>
    `{"writes":[{"meter":"steps","entity":"9007199254740993 \\" 1.5","second":${SECOND},"amount":${amount}}]}`
  assert.equal((await write(server, body('"9007199254740993"'))).status, 200)
  assert.equal(await sumOf(server), '9007199254740993')
  for (const amount of [
    '9007199254740993',
    '9007199254740992',
    '1e3',
    '1.0',
    '1.00000000000000000001',
    '-0.5',
  ]) {
    const answer = await write(server, body(amount))
    assert.equal(answer.status, 400, amount)
    assert.match(answer.json<{ detail: string }>().detail, /no whole number of at most 2\^53 − 1/)
  }
  assert.equal((await write(server, body('-9007199254740991'))).status, 200)
  assert.equal(await sumOf(server), 2)
  assert.equal((await write(server, '{"writes":[')).status, 400)
  assert.equal((await write(server, '')).status, 400)
  const form = await server.admin.send('POST', '/api/meters/writes', 'a=1', {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Bearer ${ADMIN_TOKEN}`,
  })
  assert.equal(form.status, 415)
})

test('[H54] few large batches are written at once and some wait; the rest is refused, small ones never', async (t) => {
  const server = await withSteps(t)
  const { meters } = server.services
  const toWrite = meters.write.bind(meters)
  const refused = Promise.withResolvers<void>()
  let inside = 0
  let mostInside = 0
  t.mock.method(meters, 'write', async (...[writes, key]: Parameters<typeof toWrite>) => {
    if (writes.length === 1) return toWrite(writes, key)
    inside += 1
    mostInside = Math.max(mostInside, inside)
    await refused.promise
    inside -= 1
    return toWrite(writes, key)
  })
  const large = { writes: Array(1001).fill(add(1)) }
  const answers = Promise.all(
    Array.from({ length: 8 + 24 + 3 }, async () => {
      const answer = await write(server, large)
      if (answer.status === 503) {
        assert.equal((await write(server, { writes: [add(1)] })).status, 200)
        refused.resolve()
      }
      return answer
    }),
  )
  const over = (await answers).filter(({ status }) => status === 503)
  assert.ok(over.length >= 1 && over.length <= 3, `${over.length} were refused`)
  assert.equal(over[0]?.json().code, 'overloaded')
  assert.equal(mostInside, 8)
  assert.equal(await sumOf(server), (35 - over.length) * 1001 + over.length)
})

test('[H52] names are taken as they are, or not at all', async (t) => {
  const server = await withSteps(t)
  const names = ['a\0b', '', '__proto__', '../1/2', '😀'.repeat(64), 'a\r\nb: c', '(.*)*$']
  assert.equal((await write(server, { writes: names.map((entity) => add(1, { entity })) })).status, 200)
  const { places } = (await server.client().get('/api/meters/steps/top')).json<{
    places: { entity: string }[]
  }>()
  assert.deepEqual(
    places.map(({ entity }) => entity),
    names,
  )
  for (const [entity, detail] of [
    ['a\ud800', /^write 1: a name is text/],
    ['x'.repeat(129), /body\/writes\/1\/entity must not have more than 128 characters/],
  ] as const) {
    const answer = await write(server, { writes: [add(1), add(1, { entity })] })
    assert.equal(answer.status, 400)
    assert.match(answer.json<{ detail: string }>().detail, detail)
  }
  const [before = '', after = ''] = JSON.stringify({ writes: [add(1, { entity: '|' })] }).split('|')
  const garbled = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)])
  const answer = await fetch(`${server.admin.url}/api/meters/writes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: garbled,
  })
  const { detail } = (await answer.json()) as { detail: string }
  assert.deepEqual([answer.status, detail], [400, 'body: no UTF-8'])
  assert.equal(await sumOf(server), names.length)
})

test('[H52] a string as long as a body may be is passed over', () => {
  for (const part of ['\\\\', '\\"', 'é', '-1']) {
    const json = `["${part.repeat(4_000_000 / part.length)}",1]`
    checkNumbers(json)
    assert.throws(() => checkNumbers(json.replace(/1\]$/, '1.5]')), /1\.5 is no whole number/)
  }
})

test('[H52] every integer of 64 bits goes through JSON and back unchanged', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (amount) => {
      const json = JSON.stringify({ amount: exactly(amount) })
      checkNumbers(json)
      assert.equal(BigInt(amountOf(JSON.parse(json).amount)), amount)
    }),
  )
})

test('[H52] numbers are found in any JSON, never in a string', () => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false }), (json) => {
      const numbers: number[] = []
      JSON.parse(json, (_key, value) => {
        if (typeof value === 'number') numbers.push(value)
        return value
      })
      let isRefused = false
      try {
        checkNumbers(json)
      } catch (error) {
        assert.ok(error instanceof SpateError)
        isRefused = true
      }
      if (numbers.some((number) => !Number.isSafeInteger(number))) assert.ok(isRefused)
      if (numbers.length === 0) assert.ok(!isRefused)
    }),
    { numRuns: 1000 },
  )
})
