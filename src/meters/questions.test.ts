import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MeterModel, type Range } from '../../test/support/meter-model.ts'
import { clockAt, declaration, memoryLog, openMeters } from '../../test/support/meters.ts'
import { SpateError } from '../base/errors.ts'
import { Random } from '../base/random.ts'
import { ALL_LEVELS, bucketOf, LAST_SECOND, startOf } from './calendar.ts'
import type { Questions } from './questions.ts'
import type { Write } from './writes.ts'
import { cutsOf } from './zone.ts'

const T0 = 1_458_061_005
const DAY = 86_400
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'] as const
/** With SPATE_TEST_LONG=1, some 170,000 checks. */
const ROUNDS = process.env.SPATE_TEST_LONG === '1' ? 60 : 2
const RANGES = process.env.SPATE_TEST_LONG === '1' ? 250 : 80

function coded(code: string, message = /./): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof SpateError)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  }
}

/** Moments that lie together as often as far apart. */
function anyMoment(random: Random): number {
  const spread = random.pick([20, 4000, 3 * DAY, 800 * DAY])
  return T0 + random.between(-spread, spread)
}

function anyWrite(random: Random): Write {
  const hasDimensions = random.chance(0.7)
  const target = {
    meter: hasDimensions ? 'points' : 'steps',
    entity: `e${random.below(random.pick([2, 30]))}`,
    dimensions: hasDimensions ? [random.pick(['run', 'walk', 'ride']), `i${random.below(3)}`] : [],
  }
  const second = anyMoment(random)
  const amount = random.chance(0.02) ? 2n ** 55n + BigInt(random.below(99)) : random.between(-5, 20)
  if (random.chance(0.2)) {
    return { kind: 'total', ...target, from: second, to: second + random.pick([0, 60, 5000, DAY]), amount }
  }
  if (random.chance(0.2)) return { kind: 'count', ...target, second }
  return { kind: 'add', ...target, second, amount }
}

/** Ends that are edges of a bucket as often as not. */
function anyRange(random: Random): Range {
  const end = (): number => {
    const moment = anyMoment(random)
    const level = random.pick(ALL_LEVELS as [0, 1, 2, 3, 4, 5])
    return random.chance(0.5) ? moment : startOf(level, bucketOf(level, moment))
  }
  const [a, b] = [end(), end()]
  return { from: Math.min(a, b), to: Math.max(a, b) }
}

async function filled(t: TestContext, random: Random): Promise<{ questions: Questions; model: MeterModel }> {
  const { meters } = await openMeters(t, memoryLog(clockAt(T0)))
  const totalsOver = random.below(3)
  await meters.declare(declaration('points', { dimensions: ['activity', 'instance'], totalsOver }))
  await meters.declare(declaration('steps'))
  const model = new MeterModel({ points: totalsOver })
  for (let batch = 0; batch < 25; batch++) {
    const writes = Array.from({ length: random.pick([1, 20, 90]) }, () => anyWrite(random))
    await meters.write(writes)
    for (const write of writes) model.write(write)
  }
  return { questions: meters.questions, model }
}

test('[M15] [M16] [M17] [M18] [M19] [M20] every answer is that of walking through all that was written', async (t) => {
  let checks = 0
  const same = <T>(actual: T, expected: T): void => {
    assert.deepEqual(actual, expected)
    checks += 1
  }
  for (let round = 0; round < ROUNDS; round++) {
    const random = new Random(1000 + round)
    const { questions, model } = await filled(t, random)
    for (let i = 0; i < RANGES; i++) {
      const range = anyRange(random)
      const meter = random.pick(['points', 'steps'])
      const entity = random.chance(0.2) ? undefined : `e${random.below(30)}`
      const filter: Record<string, string> = {}
      if (meter === 'points' && random.chance(0.6)) filter.activity = random.pick(['run', 'walk', 'swim'])
      if (meter === 'points' && random.chance(0.3)) filter.instance = `i${random.below(3)}`
      const matches = (event: { meter: string; dimensions: readonly string[] }): boolean =>
        event.meter === meter &&
        (filter.activity ?? event.dimensions[0]) === event.dimensions[0] &&
        (filter.instance ?? event.dimensions[1]) === event.dimensions[1]
      const isOwn = (event: { entity: string }): boolean => entity === undefined || event.entity === entity
      same(
        await questions.sum(meter, entity, range, filter),
        model.sum(range, (event) => matches(event) && isOwn(event)),
      )
      const entities = Array.from({ length: 8 }, (_, each) => `e${each}`)
      for (const [each, sum] of (await questions.sums(meter, entities, range)).entries()) {
        same(
          sum,
          model.sum(range, (event) => event.meter === meter && event.entity === entities[each]),
        )
      }
      const places = model.places(range, matches)
      same(await questions.top(meter, range, 5, filter), places.slice(0, 5))
      same(await questions.distinct(meter, range, filter), places.length)
      const at = places.findIndex((place) => place.entity === entity)
      const expected = at === -1 ? [] : places.slice(Math.max(0, at - 2), at + 3)
      if (entity !== undefined) same(await questions.rank(meter, entity, range, 2, filter), expected)
      const earlier = anyRange(random)
      const then = model.places(earlier, matches)
      same(
        await questions.compared(meter, range, earlier, 4, filter),
        places.slice(0, 4).map((now) => ({
          entity: now.entity,
          now,
          before: then.find((place) => place.entity === now.entity),
        })),
      )
      if (meter === 'points') {
        const sums = await questions.breakdown(meter, entity, range, 'activity')
        const isTaken = (event: { meter: string; entity: string }): boolean =>
          event.meter === meter && isOwn(event)
        same(new Map(sums.map(({ value, sum }) => [value, sum])), model.breakdown(range, 0, isTaken))
        same(
          sums,
          sums.toSorted((a, b) => (a.sum > b.sum ? -1 : a.sum < b.sum ? 1 : 0)),
        )
      }
      const zone = random.pick(ZONES as unknown as [string, ...string[]])
      const period = random.pick(['hour', 'day', 'week', 'month', 'year'] as const)
      const short = { from: range.from, to: Math.min(range.to, range.from + 40 * DAY) }
      if (period === 'hour') short.to = Math.min(short.to, range.from + 2 * DAY)
      const cuts = cutsOf(zone, period, short.from, short.to + 1, 10_000)
      const parts = cuts.slice(1).map((end, part) => {
        const span = { from: cuts[part] ?? 0, to: end - 1 }
        return { ...span, sum: model.sum(span, (event) => event.meter === meter && isOwn(event)) }
      })
      const series = await questions.series(meter, entity, short, period, zone)
      same(series.length, parts.length)
      for (const [part, point] of series.entries()) same(point, parts[part])
    }
  }
  assert.ok(checks > ROUNDS * RANGES * 11, `${checks} checks`)
  if (ROUNDS > 2) assert.ok(checks >= 100_000, `${checks} checks`)
  t.diagnostic(`${checks} checks`)
})

test('[M18] of equal sums that stands first which was there first, then which came first to the meter', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('steps'))
  const add = (entity: string, amount: number, second: number): Write => ({
    kind: 'add',
    meter: 'steps',
    entity,
    second,
    amount,
  })
  await meters.write([add('late', 5, T0 + 9), add('twin-2', 5, T0 + 3), add('twin-1', 5, T0 + 3)])
  await meters.write([
    add('early', 5, T0 + 2),
    add('back', 5, T0 + 1),
    add('back', 1, T0 + 5),
    add('back', -1, T0 + 6),
  ])
  await meters.write([add('none', 3, T0), add('none', -3, T0 + 1)])
  const span = { from: T0, to: T0 + 100 }
  const top = await meters.questions.top('steps', span, 10)
  assert.deepEqual(
    top.map(({ entity, rank, sum }) => [entity, rank, sum]),
    [
      ['early', 1, 5n],
      ['twin-2', 2, 5n],
      ['twin-1', 3, 5n],
      ['back', 4, 5n],
      ['late', 5, 5n],
      ['none', 6, 0n],
    ],
  )
  assert.deepEqual(
    (await meters.questions.rank('steps', 'twin-1', span, 1)).map(({ entity, rank }) => [entity, rank]),
    [
      ['twin-2', 2],
      ['twin-1', 3],
      ['back', 4],
    ],
  )
  assert.deepEqual(await meters.questions.rank('steps', 'nobody', span, 1), [])
})

test('[M16] empty parts of a series are there, and the first and the last are cut', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('steps'))
  const at = (text: string): number => Date.parse(text) / 1000
  const add = (moment: string, amount: number): Write => ({
    kind: 'add',
    meter: 'steps',
    entity: 'a',
    second: at(moment),
    amount,
  })
  // Berlin's 29 March 2026 ends at 22:00 UTC.
  await meters.write([
    add('2026-03-28T22:59:59Z', 1),
    add('2026-03-28T23:00:00Z', 2),
    add('2026-03-29T21:59:59Z', 4),
  ])
  await meters.write([add('2026-03-29T22:00:00Z', 8), add('2026-03-31T12:00:00Z', 16)])
  const span = { from: at('2026-03-28T12:00:00Z'), to: at('2026-03-31T11:59:59Z') }
  const days = await meters.questions.series('steps', 'a', span, 'day', 'Europe/Berlin')
  assert.deepEqual(
    days.map(({ sum }) => sum),
    [1n, 6n, 8n, 0n],
  )
  assert.equal(days[0]?.from, span.from)
  assert.equal(days.at(-1)?.to, span.to)
  const nobody = await meters.questions.series('steps', 'nobody', span, 'day', 'Europe/Berlin')
  assert.deepEqual(
    nobody.map(({ sum }) => sum),
    [0n, 0n, 0n, 0n],
  )
})

test('[M13] a question that needs what has expired is refused with the nearest range that does not', async (t) => {
  const clock = clockAt(Date.UTC(2026, 10, 21, 13, 30, 27) / 1000)
  const { meters } = await openMeters(t, memoryLog(clock))
  await meters.declare(declaration('steps', { retention: [3600, DAY, null, null, null, null] }))
  const now = Math.floor(clock.now() / 1000)
  const write: Write = { kind: 'add', meter: 'steps', entity: 'a', second: now - 7000, amount: 5 }
  await meters.write([write])
  const { questions } = meters
  const from = Date.UTC(2026, 10, 21, 11) / 1000
  const advice = new RegExp(`from ${from} to ${from + 3599} is exact`)
  await assert.rejects(
    questions.sum('steps', 'a', { from: from + 10, to: from + 3599 }),
    coded('gone', advice),
  )
  assert.equal(await questions.sum('steps', 'a', { from, to: from + 3599 }), 5n)
  await assert.rejects(questions.top('steps', { from: from + 10, to: from + 20 }, 5), coded('gone'))
  await assert.rejects(questions.distinct('steps', { from: from + 10, to: from + 20 }), coded('gone'))
  await assert.rejects(questions.series('steps', 'a', { from, to: from + 3599 }, 'second'), coded('gone'))
  assert.equal((await questions.series('steps', 'a', { from, to: from + 3599 }, 'minute')).length, 60)
  await assert.rejects(
    meters.write([
      { kind: 'total', meter: 'steps', entity: 'a', from: from + 10, to: from + 3599, amount: 0 },
    ]),
    coded('gone', advice),
  )
})

test('[M21] what is no question, or too large a one, is refused', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('steps', { dimensions: ['activity'] }))
  const { questions } = meters
  const span = { from: 0, to: LAST_SECOND - 1 }
  for (const wrong of [
    { from: 5, to: 4 },
    { from: -1, to: 4 },
    { from: 0.5, to: 4 },
    { from: 0, to: LAST_SECOND },
  ]) {
    await assert.rejects(questions.sum('steps', 'a', wrong), coded('invalid'))
  }
  await assert.rejects(questions.sum('nothing', 'a', span), coded('not-found'))
  await assert.rejects(questions.sum('steps', 'a', span, { color: 'red' }), coded('invalid'))
  await assert.rejects(questions.breakdown('steps', 'a', span, 'color'), coded('invalid'))
  await assert.rejects(questions.series('steps', 'a', span, 'day', 'Nowhere'), coded('invalid'))
  await assert.rejects(questions.series('steps', 'a', span, 'day'), coded('too-large'))
  await assert.rejects(questions.top('steps', span, 10_001), coded('too-large'))
  await assert.rejects(questions.rank('steps', 'a', span, 101), coded('too-large'))
  const many = Array.from({ length: 10_001 }, (_, i) => `e${i}`)
  await assert.rejects(questions.sums('steps', many, span), coded('too-large'))
})
