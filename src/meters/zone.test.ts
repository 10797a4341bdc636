import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SpateError } from '../base/errors.ts'
import { LAST_SECOND } from './calendar.ts'
import { checkZone, cutsOf, PERIODS, periodAt } from './zone.ts'

const at = (text: string): number => Date.parse(text) / 1000
const iso = (second: number): string => new Date(second * 1000).toISOString().slice(0, 19)

function spanOf(zone: string, period: (typeof PERIODS)[number], moment: string): [string, string] {
  const { from, end } = periodAt(zone, period, at(moment))
  return [iso(from), iso(end)]
}

test('[M14] a day where the clocks change has 23 or 25 hours', () => {
  assert.deepEqual(spanOf('Europe/Berlin', 'day', '2026-03-29T12:00Z'), [
    '2026-03-28T23:00:00',
    '2026-03-29T22:00:00',
  ])
  assert.deepEqual(spanOf('Europe/Berlin', 'day', '2026-10-25T12:00Z'), [
    '2026-10-24T22:00:00',
    '2026-10-25T23:00:00',
  ])
})

test('[M14] a day without a midnight begins at its first moment', () => {
  // Clocks in São Paulo went from 00:00 to 01:00 on 4 November 2018.
  assert.deepEqual(spanOf('America/Sao_Paulo', 'day', '2018-11-04T12:00Z'), [
    '2018-11-04T03:00:00',
    '2018-11-05T02:00:00',
  ])
})

test('[M14] an hour that comes twice is two, and half an hour that comes twice makes one longer', () => {
  assert.deepEqual(spanOf('Europe/Berlin', 'hour', '2026-10-25T00:30Z'), [
    '2026-10-25T00:00:00',
    '2026-10-25T01:00:00',
  ])
  assert.deepEqual(spanOf('Europe/Berlin', 'hour', '2026-10-25T01:30Z'), [
    '2026-10-25T01:00:00',
    '2026-10-25T02:00:00',
  ])
  assert.deepEqual(spanOf('Asia/Kathmandu', 'hour', '2026-01-01T00:30Z'), [
    '2026-01-01T00:15:00',
    '2026-01-01T01:15:00',
  ])
  // Lord Howe puts its clocks back by half an hour, from 02:00 to 01:30, at 15:00 UTC.
  assert.deepEqual(spanOf('Australia/Lord_Howe', 'hour', '2026-04-04T14:30Z'), [
    '2026-04-04T14:00:00',
    '2026-04-04T15:00:00',
  ])
  assert.deepEqual(spanOf('Australia/Lord_Howe', 'hour', '2026-04-04T15:10Z'), [
    '2026-04-04T15:00:00',
    '2026-04-04T15:30:00',
  ])
})

test('[M14] weeks begin on Monday, months and years on their first day', () => {
  assert.deepEqual(spanOf('America/New_York', 'week', '2026-03-08T12:00Z'), [
    '2026-03-02T05:00:00',
    '2026-03-09T04:00:00',
  ])
  assert.deepEqual(spanOf('Asia/Tokyo', 'month', '2026-02-10T00:00Z'), [
    '2026-01-31T15:00:00',
    '2026-02-28T15:00:00',
  ])
  assert.deepEqual(spanOf('Pacific/Auckland', 'year', '2026-06-01T00:00Z'), [
    '2025-12-31T11:00:00',
    '2026-12-31T11:00:00',
  ])
})

test('[M14] periods follow each other without a gap, and each second is in the one it names', () => {
  const anyZone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC')
  const anyMoment = fc.integer({ min: at('1970-02-01T00:00Z'), max: at('2100-01-01T00:00Z') })
  fc.assert(
    fc.property(anyZone, fc.constantFrom(...PERIODS), anyMoment, (zone, period, second) => {
      const { from, end } = periodAt(zone, period, second)
      assert.ok(from <= second && second < end)
      assert.equal(periodAt(zone, period, end).from, end)
      assert.deepEqual(periodAt(zone, period, from), { from, end })
      assert.deepEqual(periodAt(zone, period, end - 1), { from, end })
    }),
    { numRuns: 300 },
  )
})

test('[M14] a range is cut where periods meet, and is not cut too often', () => {
  assert.deepEqual(
    cutsOf('Europe/Berlin', 'month', at('2026-03-10T00:00Z'), at('2026-05-02T00:00Z'), 3).map(iso),
    ['2026-03-10T00:00:00', '2026-03-31T22:00:00', '2026-04-30T22:00:00', '2026-05-02T00:00:00'],
  )
  assert.throws(
    () => cutsOf('UTC', 'second', 0, 11, 10),
    (error) => error instanceof SpateError && error.code === 'too-large',
  )
})

test('[M14] a range is cut where its periods end, one by one', () => {
  const anyZone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC', '+05:30')
  const anyFrom = fc.integer({ min: 0, max: at('2100-01-01T00:00Z') })
  const parts = fc.integer({ min: 1, max: 120 })
  const seconds = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800, month: 2e6, year: 3e7 }
  fc.assert(
    fc.property(anyZone, fc.constantFrom(...PERIODS), anyFrom, parts, (zone, period, from, count) => {
      const end = Math.min(LAST_SECOND, from + seconds[period] * count + (from % 1000))
      const expected = [from]
      for (let each = from; each < end; ) {
        each = Math.min(periodAt(zone, period, each).end, end)
        expected.push(each)
      }
      assert.deepEqual(cutsOf(zone, period, from, end, 10_000), expected)
    }),
    { numRuns: process.env.SPATE_TEST_LONG === '1' ? 3000 : 60 },
  )
})

test('[M14] a zone that is none is refused', () => {
  for (const zone of ['Europe/Berlin', 'UTC', 'Etc/GMT+5', 'America/Port-au-Prince', '+05:30'])
    checkZone(zone)
  for (const zone of ['Europe/Nowhere', '', 'x'.repeat(1000), '2026-01-01T00:00Z', 'UTC[UTC]', ' UTC']) {
    assert.throws(
      () => checkZone(zone),
      (error) => error instanceof SpateError && error.code === 'invalid',
    )
  }
})
