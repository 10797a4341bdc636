import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { coded } from '../../test/support/coded.ts'
import { clockAt, declaration, memoryLog, openMeters } from '../../test/support/meters.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { Kv } from '../store/kv.ts'
import { LAST_SECOND } from './calendar.ts'
import { describeAnswers } from './differential/contract.ts'
import { LmdbMeterStore } from './lmdb.ts'
import type { Write } from './writes.ts'

const T0 = 1_458_061_005
const DAY = 86_400
describeAnswers('LMDB', async (t) => {
  const kv = Kv.open(join(tempFolder(t), 'state'), 8)
  t.after(() => kv[Symbol.asyncDispose]())
  return new LmdbMeterStore(kv)
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
  const year = { from: T0, to: T0 + 365 * 86_400 }
  await assert.rejects(questions.streaks('steps', span, 'day', 'UTC', { most: 1 }), coded('too-large'))
  await assert.rejects(questions.streaks('steps', year, 'day', 'UTC', { most: 10_001 }), coded('too-large'))
  await assert.rejects(questions.streaks('steps', year, 'day', 'Nowhere', { most: 1 }), coded('invalid'))
  await assert.rejects(
    questions.breakdownSeries('steps', undefined, year, 'day', 'UTC', 'color'),
    coded('invalid'),
  )
  const activities = (second: number): Write[] =>
    Array.from({ length: 200 }, (_, i) => {
      return { kind: 'add', meter: 'steps', entity: 'a', dimensions: [`${i}`], second, amount: 1 }
    })
  await meters.write(activities(T0))
  for (const entity of ['a', undefined]) {
    const over = (days: number) => {
      const short = { from: T0, to: T0 + days * 86_400 }
      return questions.breakdownSeries('steps', entity, short, 'day', 'UTC', 'activity')
    }
    assert.equal((await over(998)).values.length, 200)
    await assert.rejects(over(1001), coded('too-large', /sums in an answer/))
  }
  await assert.rejects(questions.rank('steps', 'a', span, 101), coded('too-large'))
  const many = Array.from({ length: 10_001 }, (_, i) => `e${i}`)
  await assert.rejects(questions.sums('steps', many, span), coded('too-large'))
})

test('[M25] streaks are runs of days by the clock of a zone, the longest and that which goes on', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('steps'))
  const noon = (day: number): number => Date.UTC(2026, 2, day, 12) / 1000
  const on = (entity: string, days: readonly number[], hours = 0): Write[] =>
    days.map((day) => ({ kind: 'add', meter: 'steps', entity, second: noon(day) + hours * 3600, amount: 1 }))
  await meters.write([
    ...on('late', [27, 28, 29]),
    ...on('early', [20, 21, 22, 28]),
    ...on('twin', [20, 21, 22]),
    // 23:30 in Berlin, of which the 29th has 23 hours.
    ...on('night', [28], 10.5),
    ...on('night', [29, 30], 9.5),
    ...on('undone', [21, 22, 23, 24]),
    ...on('undone', [24]).map((write) => ({ ...write, amount: -1 })),
    ...on('once', [25]),
  ])
  const span = { from: noon(1), to: noon(30) + 35_999 }
  const day = (of: number): number => Date.UTC(2026, 2, of) / 1000 - (of > 29 ? 7200 : 3600)
  const streak = (first: number, last: number) => {
    return { periods: last - first + 1, from: day(first), to: Math.min(day(last + 1) - 1, span.to) }
  }
  const places = await meters.questions.streaks('steps', span, 'day', 'Europe/Berlin', { most: 9 })
  assert.deepEqual(places, [
    { entity: 'undone', rank: 1, longest: streak(21, 24), current: undefined },
    { entity: 'early', rank: 2, longest: streak(20, 22), current: undefined },
    { entity: 'twin', rank: 3, longest: streak(20, 22), current: undefined },
    { entity: 'late', rank: 4, longest: streak(27, 29), current: undefined },
    { entity: 'night', rank: 5, longest: streak(28, 30), current: streak(28, 30) },
    { entity: 'once', rank: 6, longest: streak(25, 25), current: undefined },
  ])
  const own = (entity: string) => meters.questions.streaks('steps', span, 'day', 'Europe/Berlin', { entity })
  assert.deepEqual(await own('late'), [places[3]])
  assert.deepEqual(await own('nobody'), [])
})

test('[M26] colours over time: the series of each value of a dimension', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('placements', { dimensions: ['color', 'tool'] }))
  const placed = (entity: string, color: string, tool: string, second: number, amount = 1): Write => {
    return { kind: 'add', meter: 'placements', entity, dimensions: [color, tool], second, amount }
  }
  await meters.write([
    placed('1', 'red', 'brush', 0, 2),
    placed('1', 'blue', 'brush', 60, 5),
    placed('2', 'red', 'pen', 119, 4),
    placed('2', 'gone', 'pen', 130, 3),
    placed('1', 'gone', 'pen', 131, -3),
    placed('3', 'back', 'pen', 30, 7),
    placed('3', 'back', 'pen', 180, -7),
  ])
  const over = (entity?: string, filter = {}) =>
    meters.questions.breakdownSeries(
      'placements',
      entity,
      { from: 0, to: 200 },
      'minute',
      'UTC',
      'color',
      filter,
    )
  assert.deepEqual(await over(), {
    periods: [
      { from: 0, to: 59 },
      { from: 60, to: 119 },
      { from: 120, to: 179 },
      { from: 180, to: 200 },
    ],
    values: [
      { value: 'red', sums: [2n, 4n, 0n, 0n] },
      { value: 'blue', sums: [0n, 5n, 0n, 0n] },
      { value: 'back', sums: [7n, 0n, 0n, -7n] },
    ],
  })
  assert.deepEqual((await over('1')).values, [
    { value: 'blue', sums: [0n, 5n, 0n, 0n] },
    { value: 'red', sums: [2n, 0n, 0n, 0n] },
    { value: 'gone', sums: [0n, 0n, -3n, 0n] },
  ])
  assert.deepEqual((await over(undefined, { tool: 'pen', color: 'red' })).values, [
    { value: 'red', sums: [0n, 4n, 0n, 0n] },
  ])
  assert.deepEqual((await over(undefined, { tool: 'none' })).values, [])
  const red = await meters.questions.series('placements', undefined, { from: 0, to: 200 }, 'hour', 'UTC', {
    color: 'red',
  })
  assert.deepEqual(red, [{ from: 0, to: 200, sum: 6n }])
})
