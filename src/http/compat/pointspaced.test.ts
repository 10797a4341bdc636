import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Answer, HttpServer } from '../../../test/support/http.ts'
import { SpateError } from '../../base/errors.ts'
import { COUNTS, pointspacedDeclaration } from '../../meters/pointspaced.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }
const FIRST = 1_451_635_204
const SECOND = 1_454_313_600
const T = 1_458_061_005

interface Metric {
  readonly thing?: string
  readonly uid?: number | string
  readonly atid?: number
  readonly aid?: number
  readonly value?: number | string
  readonly ts1?: number
  readonly ts2?: number
  readonly mode?: string
}

/** A server in the form of its callers. */
class Psd {
  readonly server: HttpServer

  constructor(server: HttpServer) {
    this.server = server
  }

  static async start(t: TestContext): Promise<Psd> {
    return new Psd(await HttpServer.start(t))
  }

  write(metric: Metric, key?: string): Promise<Answer> {
    const body = { thing: 'points', uid: 1, atid: 3, aid: 1001, ...metric }
    const headers = key === undefined ? JSON_TYPE : { ...JSON_TYPE, 'idempotency-key': key }
    return this.server.admin.send('POST', '/v1/write', JSON.stringify(body), headers)
  }

  async increment(
    uid: number,
    ...valuesAt: readonly (readonly [value: number, ts: number])[]
  ): Promise<void> {
    for (const [value, ts] of valuesAt) {
      const answer = await this.write({ uid, value, ts1: ts, ts2: ts, mode: 'increment' })
      assert.deepEqual([answer.status, answer.text], [200, 'ok'])
    }
  }

  async total(value: number, ts1: number, ts2: number, rest: Metric = {}): Promise<void> {
    const answer = await this.write({ value, ts1, ts2, ...rest })
    assert.deepEqual([answer.status, answer.text], [200, 'ok'])
  }

  async query(path: string): Promise<string> {
    const answer = await this.server.client().get(`/v1/${path}`)
    assert.equal(answer.status, 200, answer.text)
    assert.match(answer.headers['content-type'] ?? '', /^text\/plain/)
    return answer.text
  }

  async form(path: string, body: string): Promise<unknown> {
    const answer = await this.server.client().send('POST', path, body, FORM)
    assert.equal(answer.status, 200, answer.text)
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
    return answer.json()
  }
}

const THREE = [
  [10, T],
  [11, T + 3],
  [1, T + 6],
] as const

test('[M45] a server answers its ping', async (t) => {
  const { server } = await Psd.start(t)
  assert.deepEqual((await server.client().get('/health/ping')).json(), { pong: 'OK' })
})

test('[M45] increments are summed over inclusive ranges', async (t) => {
  const psd = await Psd.start(t)
  assert.equal(await psd.query(`query/1/points/all/1268082893/${T + 5}`), '0')
  await psd.increment(1, ...THREE)
  assert.equal(await psd.query(`query/1/points/all/${T}/${T + 5}`), '21')
  assert.equal(await psd.query(`query/1/points/all/1455481907/${T + 5}`), '21')
  await psd.increment(1, [100, FIRST], [200, SECOND])
  assert.equal(await psd.query(`query/1/points/all/1451635200/${T + 6}`), '322')
  assert.equal(await psd.query(`query/1/points/all/1451635205/${T + 5}`), '221')
  assert.equal(await psd.query(`query/1/points/3/1451635205/${T + 5}`), '221')
  assert.equal(await psd.query(`query/1/points/4/1451635205/${T + 5}`), '0')
})

test('[M45] many users are queried at once', async (t) => {
  const psd = await Psd.start(t)
  const users = [1, 2, 3, 327]
  for (const uid of users) {
    await psd.increment(uid, [1000, FIRST], [200, SECOND], [2802, T], [11, T + 3], [1, T + 6], [-56, T + 6])
  }
  const each = (value: number) => Object.fromEntries(users.map((uid) => [uid, value]))
  const ids = `ids=${users.join(',')}`
  assert.deepEqual(await psd.form(`/v1/query_ids/points/all/1451635200/${T + 6}`, ids), each(3958))
  assert.deepEqual(await psd.form(`/v1/query_ids/points/3/1451635205/${T + 5}`, ids), each(3013))
  assert.deepEqual(await psd.form(`/v1/query_ids/points/all/${T}/${T}`, 'ids=1,9'), { 1: 2802, 9: 0 })
  assert.deepEqual(await psd.form(`/v1/mu_query/points/all/${T}/${T}`, 'ids=1,9'), {
    values: { 1: 2802, 9: 0 },
    atids: { 1: [3], 9: [] },
  })
})

test('[M46] a total is what an activity sums up to, said as often as you like', async (t) => {
  const psd = await Psd.start(t)
  for (let i = 0; i < 3; i++) await psd.total(50, 100, 200)
  assert.equal(await psd.query('query/1/points/all/100/200'), '50')
  await psd.total(0, 100, 300)
  assert.equal(await psd.query('query/1/points/all/100/300'), '0')
  await psd.total(50, 100, 200, { uid: 2 })
  await psd.total(60, 201, 300, { uid: 2 })
  assert.equal(await psd.query('query/2/points/all/100/300'), '110')
  await psd.total(100, T, T, { atid: 10, uid: 4 })
  await psd.total(105, T, T + 1, { atid: 10, uid: 4 })
  assert.equal(await psd.query(`query/4/points/all/${T}/${T + 5}`), '105')
  // The activity counts, whatever its type is called by now.
  await psd.total(105, T, T + 1, { atid: 11, uid: 4 })
  assert.equal(await psd.query(`query/4/points/all/${T}/${T + 5}`), '105')
})

test('[M46] totals of users and of windows do not mix', async (t) => {
  const psd = await Psd.start(t)
  const steps = { thing: 'steps', aid: 3, atid: 3 }
  await psd.total(100, T, T, steps)
  await psd.total(-20, T + 2, T + 2, steps)
  await psd.total(-100, T, T, { ...steps, uid: 2 })
  assert.deepEqual(await psd.form(`/v1/query_ids/steps/all/${T}/${T + 5}`, 'ids=1,2'), { 1: 80, 2: -100 })
})

test('[M45] users and things are queried with the activity types there are', async (t) => {
  const psd = await Psd.start(t)
  const written = await psd.server.admin.send(
    'POST',
    '/v1/write',
    '{"thing":"steps","uid":1,"atid":2,"aid":3,"value":10,"ts1":1496539746,"ts2":1496539747}',
    JSON_TYPE,
  )
  assert.deepEqual([written.status, written.text], [200, 'ok'])
  const path = '/v1/mumt_query/all/1496539746/1496539747'
  assert.deepEqual(await psd.form(path, 'things=steps&ids=1'), { data: { 1: { _atids: [2], steps: 10 } } })
  await psd.total(5, 1496539746, 1496539747, { uid: 7, thing: 'distance', atid: 4 })
  await psd.total(6, 1496539746, 1496539747, { uid: 7, thing: 'steps', atid: 3 })
  assert.deepEqual(await psd.form(path, 'things=steps,distance&ids=1,7,9'), {
    data: { 1: { _atids: [2], steps: 10, distance: 0 }, 7: { _atids: [3, 4], steps: 6, distance: 5 } },
  })
  // Who is asked for points and has none is left out, as is who did nothing.
  assert.deepEqual(await psd.form(path, 'things=steps,points&ids=1,7,9'), { data: {} })
  assert.deepEqual(await psd.form('/v1/mumt_query/4/1496539746/1496539747', 'things=distance&ids=1,7'), {
    data: { 7: { _atids: [4], distance: 5 } },
  })
})

test('[M45] each user may be asked about seconds of their own', async (t) => {
  const psd = await Psd.start(t)
  await psd.total(100, 1471478499, 1471478499, { atid: 10 })
  const path = '/v2/mumt_query/all/1471392000/1471478399'
  assert.deepEqual(await psd.form(path, 'things=points&ids=1&offsets=28800'), {
    data: { 1: { _atids: [10], points: 100 } },
  })
  assert.deepEqual(await psd.form(path, 'things=points&ids=1&offsets=0'), { data: {} })
  const uneven = await psd.server.client().send('POST', path, 'things=points&ids=1,2&offsets=0', FORM)
  assert.deepEqual([uneven.status, uneven.text], [422, '{"error":"len(uids) != len(offsets)"}'])
})

test('[M45] counts are read one by one and by their ids', async (t) => {
  const psd = await Psd.start(t)
  const path = 'readcount/newsignup'
  assert.equal(await psd.query(`${path}/1451635200/${T + 6}`), '0')
  await psd.server.services.meters.declare(pointspacedDeclaration(COUNTS))
  const count = (thing: string, amount: number, second: number) =>
    ({ kind: 'count', meter: COUNTS, entity: thing, second, amount }) as const
  const all = [[100, FIRST] as const, [200, SECOND] as const, ...THREE]
  await psd.server.services.meters.write(all.map(([value, ts]) => count('newsignup', value, ts)))
  assert.equal(await psd.query(`${path}/1451635200/${T + 6}`), '322')
  assert.equal(await psd.query(`${path}/1451635205/${T + 5}`), '221')
  await psd.server.services.meters.write([count('view_1', 4, T), count('view_22', 5, T)])
  assert.deepEqual(await psd.form(`/v1/readcount_with_ids/view/${T}/${T}`, 'ids=1,22,3'), {
    1: 4,
    22: 5,
    3: 0,
  })
})

test('[M46] what is not understood is refused in its words, and nothing is written', async (t) => {
  const psd = await Psd.start(t)
  await psd.total(50, 100, 200)
  const right = { value: 1, ts1: 100, ts2: 200 }
  const cases: [metric: Metric, text: RegExp][] = [
    [{ ...right, thing: '' }, /^invalid arguments$/],
    [{ ...right, thing: 'karma' }, /^invalid arguments$/],
    [{ ...right, thing: 'counts' }, /^invalid arguments$/],
    [{ ...right, uid: '' }, /^invalid arguments$/],
    [{ ...right, value: 'many' }, /^invalid arguments$/],
    [{ ts1: 100, ts2: 200 }, /^invalid arguments$/],
    [{ ...right, value: 1.5 }, /^invalid arguments$/],
    [{ ...right, value: '9223372036854775808' }, /^invalid arguments$/],
    [{ ...right, mode: 'set' }, /^invalid arguments$/],
    [{ ...right, ts2: 0 }, /^timestamp was invalid$/],
    [{ ...right, ts2: -5 }, /^timestamp was invalid$/],
    [{ ...right, ts1: 201 }, /^timestamp was invalid$/],
    [{ ...right, ts1: -1 }, /^timestamp was invalid$/],
    [{ ...right, ts2: 1_496_539_747_000 }, /^timestamp was invalid$/],
    [{ ...right, ts2: 3_000_000_000 }, /^this lies further ahead/],
  ]
  for (const [metric, text] of cases) {
    const answer = await psd.write(metric)
    assert.equal(answer.status, 406, JSON.stringify(metric))
    assert.match(answer.text, text, JSON.stringify(metric))
  }
  for (const body of ['', '{', '[]', 'thing=points&uid=1']) {
    assert.equal((await psd.server.admin.send('POST', '/v1/write', body, FORM)).status, 406, body)
  }
  assert.equal(await psd.query('query/1/points/all/0/4294967294'), '50')
})

test('[M46] what is asked wrongly is refused, what lies outside of all time is empty', async (t) => {
  const psd = await Psd.start(t)
  await psd.total(50, 100, 200)
  const client = psd.server.client()
  for (const path of [
    '1/karma/all/1/2',
    'x/points/all/1/2',
    '1/points/some/1/2',
    '1/points/all/1/2.5',
    '1/points/all//2',
  ]) {
    const answer = await client.get(`/v1/query/${path}`)
    assert.deepEqual([answer.status, answer.text], [406, 'invalid arguments'], path)
  }
  for (const body of ['', 'ids=', 'ids=1,', 'ids=1,x', 'id=1']) {
    assert.equal((await client.send('POST', '/v1/query_ids/points/all/1/2', body, FORM)).status, 406, body)
  }
  const many = `ids=${Array.from({ length: 10_001 }, (_, i) => i).join(',')}`
  assert.equal((await client.send('POST', '/v1/query_ids/points/all/1/2', many, FORM)).status, 406)
  assert.equal((await client.get('/v1/readcount/x/1/2')).status, 406)
  assert.equal(await psd.query('query/1/points/all/-9000000000000000000/9000000000000000000'), '50')
  assert.equal(await psd.query('query/1/points/all/200/100'), '0')
  assert.equal(await psd.query('query/001/points/all/100/200'), '50')
})

test('[M46] sums are exact whatever their size', async (t) => {
  const psd = await Psd.start(t)
  await psd.total(0, T, T)
  const digits = '"thing":"points","uid":1,"atid":3,"aid":1001,"value":9007199254740993'
  const written = await psd.server.admin.send('POST', '/v1/write', `{${digits},"ts1":${T},"ts2":${T}}`)
  assert.deepEqual([written.status, written.text], [200, 'ok'])
  assert.equal((await psd.write({ value: '9007199254740993', ts1: T, ts2: T })).status, 200)
  assert.equal(await psd.query(`query/1/points/all/${T}/${T}`), '9007199254740993')
  const answer = await psd.server.client().send('POST', `/v1/query_ids/points/all/${T}/${T}`, 'ids=1', FORM)
  assert.equal(answer.text, '{"1":9007199254740993}')
})

test('[M47] writing needs the organiser’s token, and a key makes a redelivery harmless', async (t) => {
  const psd = await Psd.start(t)
  const metric = JSON.stringify({ thing: 'points', uid: 1, atid: 1, aid: 1, value: 1, ts1: T, ts2: T })
  assert.equal((await psd.server.client().send('POST', '/v1/write', metric, JSON_TYPE)).status, 401)
  const visitor = await psd.server.visitor()
  assert.equal((await visitor.send('POST', '/v1/write', metric, JSON_TYPE)).status, 403)
  const ten = { value: 10, ts2: T, mode: 'increment' }
  for (let i = 0; i < 3; i++) assert.equal((await psd.write(ten, 'once')).status, 200)
  assert.equal((await psd.write({ ...ten, value: 11 }, 'once')).status, 406)
  assert.equal(await psd.query(`query/1/points/all/${T}/${T}`), '10')
})

test('[M47] other things are what the organiser declared, so called', async (t) => {
  const psd = await Psd.start(t)
  await psd.server.admin.put('/api/meters/psd.karma', {
    dimensions: ['aid', 'atid'],
    totalsOver: 1,
    lateSeconds: 4_000_000_000,
  })
  await psd.total(7, T, T, { thing: 'karma' })
  assert.equal(await psd.query(`query/1/karma/all/${T}/${T}`), '7')
  const { meters } = (await psd.server.client().get('/api/meters')).json<{ meters: { name: string }[] }>()
  assert.deepEqual(
    meters.map(({ name }) => name),
    ['psd.karma'],
  )
})

test('[M47] while the store cannot be read the answer is 503, never 0', async (t) => {
  const psd = await Psd.start(t)
  await psd.total(50, 100, 200)
  const { questions } = psd.server.services.meters
  const down = async (): Promise<never> => {
    throw new SpateError('unavailable', 'the store does not answer')
  }
  t.mock.method(questions, 'sum', down)
  t.mock.method(questions, 'breakdown', down)
  const client = psd.server.client()
  const answers = await Promise.all([
    client.get('/v1/query/1/points/all/100/200'),
    client.send('POST', '/v1/query_ids/points/all/100/200', 'ids=1', FORM),
    client.send('POST', '/v1/mu_query/points/all/100/200', 'ids=1', FORM),
    client.send('POST', '/v1/mumt_query/all/100/200', 'ids=1&things=points', FORM),
  ])
  for (const answer of answers) {
    assert.deepEqual([answer.status, answer.json().code], [503, 'unavailable'])
    assert.ok(answer.headers['retry-after'])
  }
})
