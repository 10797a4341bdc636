import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MeterModel, type Range } from '../../../test/support/meter-model.ts'
import { clockAt, declaration, memoryLog } from '../../../test/support/meters.ts'
import { Random } from '../../base/random.ts'
import { ALL_LEVELS, bucketOf, startOf } from '../calendar.ts'
import { Meters } from '../meters.ts'
import type { MeterStore } from '../port.ts'
import type { Questions } from '../questions.ts'
import type { Write } from '../writes.ts'
import { cutsOf } from '../zone.ts'

/** An empty store that goes with the test. */
type OpenStore = (t: TestContext) => Promise<MeterStore>

const T0 = 1_458_061_005
const DAY = 86_400
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'] as const
const IS_LONG = process.env.SPATE_TEST_LONG === '1'
/** Answers that are compared at least. */
const CHECKS = IS_LONG ? 100_000 : 2800
const RANGES = IS_LONG ? 250 : 45

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

async function filled(
  t: TestContext,
  open: OpenStore,
  random: Random,
): Promise<{ questions: Questions; model: MeterModel }> {
  const meters = await Meters.open(memoryLog(clockAt(T0)), await open(t))
  t.after(() => meters[Symbol.asyncDispose]())
  const totalsOver = random.below(3)
  await meters.declare(declaration('points', { dimensions: ['activity', 'instance'], totalsOver }))
  await meters.declare(declaration('steps'))
  const model = new MeterModel({ points: totalsOver })
  for (let batch = 0; batch < 25; batch++) {
    const writes = Array.from({ length: random.pick([1, 20, 90]) }, () => anyWrite(random))
    const isTaken = await meters.write(writes).then(
      () => true,
      (error: unknown) => {
        assert.match(String(error), /contradict/)
        return false
      },
    )
    assert.equal(isTaken, model.writeAll(writes))
  }
  return { questions: meters.questions, model }
}

/**
 * Every question on random writes and ranges, beside walking through all that was written. With SPATE_TEST_LONG=1 at
 * least 100,000 answers are compared.
 */
export function describeAnswers(name: string, open: OpenStore, skip: string | false = false): void {
  test(`[M15] [M16] [M17] [M18] [M19] [M20] [M25] [M26] ${name}: every answer is that of walking through all that was written`, {
    skip,
  }, async (t) => {
    let checks = 0
    const same = <T>(actual: T, expected: T): void => {
      assert.deepEqual(actual, expected)
      checks += 1
    }
    for (let round = 0; checks < CHECKS; round++) {
      const random = new Random(1000 + round)
      const { questions, model } = await filled(t, open, random)
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
        const spans = parts.map(({ from, to }) => ({ from, to }))
        same(
          await questions.series(meter, entity, short, period, zone, filter),
          spans.map((span) => ({ ...span, sum: model.sum(span, (event) => matches(event) && isOwn(event)) })),
        )
        const streaks = model.streaks(spans, matches)
        same(await questions.streaks(meter, short, period, zone, { most: 4 }, filter), streaks.slice(0, 4))
        if (entity !== undefined) {
          same(
            await questions.streaks(meter, short, period, zone, { entity }, filter),
            streaks.filter((place) => place.entity === entity),
          )
        }
        if (meter === 'points') {
          const { instance } = filter
          const some = instance === undefined ? {} : { instance }
          const isSome = (event: { meter: string; entity: string; dimensions: readonly string[] }): boolean =>
            event.meter === meter && isOwn(event) && (instance ?? event.dimensions[1]) === event.dimensions[1]
          const found = await questions.breakdownSeries(meter, entity, short, period, zone, 'activity', some)
          same(found.periods, spans)
          const expected = new Map<string, bigint[]>()
          for (const [i, span] of spans.entries()) {
            for (const [value, sum] of model.breakdown(span, 0, isSome)) {
              const sums = expected.get(value) ?? spans.map(() => 0n)
              sums[i] = sum
              expected.set(value, sums)
            }
          }
          same(new Map(found.values.map(({ value, sums }) => [value, sums])), expected)
          const totals = found.values.map(({ sums }) => sums.reduce((a, b) => a + b, 0n))
          same(
            totals,
            totals.toSorted((a, b) => (a > b ? -1 : a < b ? 1 : 0)),
          )
        }
      }
    }
    t.diagnostic(`${checks} checks`)
  })
}
