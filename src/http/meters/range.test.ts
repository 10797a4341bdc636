import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SpateError } from '../../base/errors.ts'
import { LAST_SECOND } from '../../meters/calendar.ts'
import type { Span } from '../../meters/questions.ts'
import { periodAt } from '../../meters/zone.ts'
import { movesAt, RANGE_PERIODS, type RangeQuery, rangeOf, spanAt, spanBefore } from './range.ts'

const NOW = Date.parse('2026-11-21T15:30:27Z') / 1000
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'America/St_Johns',
]
const anyZone = fc.constantFrom(...ZONES)
const anySecond = fc.integer({ min: 40_000_000, max: 4_000_000_000 })

function at(text: string): number {
  return Date.parse(text) / 1000
}

function span(query: RangeQuery, nowSecond = NOW): Span {
  return spanAt(rangeOf(query), nowSecond)
}

function refusal(query: RangeQuery): string {
  try {
    span(query)
  } catch (error) {
    assert.ok(error instanceof SpateError)
    assert.equal(error.code, 'invalid')
    return error.message
  }
  throw new Error(`${JSON.stringify(query)} is a range`)
}

/** What the clock of a zone shows, by Node's own calendar: 2026-03-29T02:30:15. */
function clockOf(zone: string): (second: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  return (second) => format.format(second * 1000).replace(' ', 'T')
}

test('[H50] seconds, times with an offset and times of a zone’s clock say where a range begins and ends', () => {
  const zone = 'Europe/Berlin'
  const cases: [query: RangeQuery, from: string, to: string][] = [
    [{ from: '1774738800', to: '1774738801' }, '2026-03-28T23:00:00Z', '2026-03-28T23:00:01Z'],
    [
      { from: '2026-03-28T23:00:00Z', to: '2026-03-29T00:00:00.999+0100' },
      '2026-03-28T23:00:00Z',
      '2026-03-28T23:00:00Z',
    ],
    [{ from: '2026-03-28T23:00Z', to: '2026-03-28T23:00Z' }, '2026-03-28T23:00:00Z', '2026-03-28T23:00:59Z'],
    [{ from: '2026-03-29', to: '2026-03-29' }, '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z'],
    [{ from: '2026-03', to: '2026' }, '2026-02-28T23:00:00Z', '2026-12-31T22:59:59Z'],
    [{ from: '2026-10-25T02', to: '2026-10-25T02' }, '2026-10-25T00:00:00Z', '2026-10-25T01:59:59Z'],
    [{ from: '2026-10-25T02:30', to: '2026-10-25T02:30:15' }, '2026-10-25T00:30:00Z', '2026-10-25T01:30:15Z'],
    [{ from: '2026-03-29T00:00', to: '2026-03-29T03:00' }, '2026-03-28T23:00:00Z', '2026-03-29T01:00:59Z'],
    [{ from: '1970', to: '1970-01-01' }, '1970-01-01T00:00:00Z', '1970-01-01T22:59:59Z'],
  ]
  for (const [query, from, to] of cases) {
    assert.deepEqual(span({ ...query, zone }), { from: at(from), to: at(to) }, JSON.stringify(query))
  }
  const isOneDay = span({ from: '2026-03-29', to: '2026-03-29', zone })
  assert.equal(isOneDay.to - isOneDay.from + 1, 23 * 3600)
  // Half an hour is left out there.
  const cut = span({ from: '2026-10-04T02', to: '2026-10-04T02', zone: 'Australia/Lord_Howe' })
  assert.equal(cut.to - cut.from + 1, 1800)
})

test('[H50] an end that is not said is the end of all that meters hold', () => {
  const all = { from: 0, to: LAST_SECOND - 1 }
  assert.deepEqual(span({}), all)
  assert.deepEqual(span({ from: '0' }), all)
  assert.deepEqual(span({ to: '2106' }), all)
  assert.deepEqual(span({ from: '2026' }), { from: at('2026-01-01T00:00:00Z'), to: LAST_SECOND - 1 })
})

test('[H50] the last seconds, until now, the current period and earlier ones follow the clock', () => {
  assert.deepEqual(span({ last: 3600 }), { from: NOW - 3599, to: NOW })
  assert.deepEqual(span({ from: '2026-11-21', to: 'now' }), { from: at('2026-11-21T00:00:00Z'), to: NOW })
  const zone = 'America/New_York'
  assert.deepEqual(span({ period: 'day', zone }), {
    from: at('2026-11-21T05:00:00Z'),
    to: at('2026-11-22T04:59:59Z'),
  })
  assert.deepEqual(span({ period: 'week', offset: -3, zone }), {
    from: at('2026-10-26T04:00:00Z'),
    to: at('2026-11-02T04:59:59Z'),
  })
  assert.deepEqual(span({ period: 'month', offset: -10 }), {
    from: at('2026-01-01T00:00:00Z'),
    to: at('2026-01-31T23:59:59Z'),
  })
  assert.equal(movesAt(rangeOf({ period: 'day', zone }), NOW), at('2026-11-22T05:00:00Z'))
  assert.equal(movesAt(rangeOf({ last: 60 }), NOW), NOW + 1)
  assert.equal(movesAt(rangeOf({ from: '2026', to: 'now' }), NOW), NOW + 1)
  assert.equal(movesAt(rangeOf({ from: '2026' }), NOW), undefined)
})

test('[H50] the range before is the period before, or as many seconds', () => {
  const before = (query: RangeQuery): Span => spanBefore(rangeOf(query), NOW)
  assert.deepEqual(before({ last: 60 }), { from: NOW - 119, to: NOW - 60 })
  assert.deepEqual(
    before({ from: '2026-11-21', to: '2026-11-21' }),
    span({ from: '2026-11-20', to: '2026-11-20' }),
  )
  assert.deepEqual(before({ period: 'month', offset: -1 }), span({ from: '2026-09', to: '2026-09' }))
  assert.throws(() => before({ to: '2026' }), /nothing before/)
})

test('[H50] what is named is exactly when the clock of the zone shows it', () => {
  const lengths = [4, 7, 10, 13, 16, 19]
  fc.assert(
    fc.property(anyZone, anySecond, fc.constantFrom(...lengths), (zone, second, length) => {
      const clock = clockOf(zone)
      const text = clock(second).slice(0, length)
      const { from, to } = span({ from: text, to: text, zone })
      assert.ok(from <= second && second <= to)
      for (const inside of [from, to]) assert.ok(clock(inside).startsWith(text))
      for (const outside of [from - 1, to + 1]) assert.ok(!clock(outside).startsWith(text))
    }),
    { numRuns: 500 },
  )
})

test('[H50] periods counted back follow each other without a gap', () => {
  fc.assert(
    fc.property(
      anyZone,
      fc.integer({ min: 700_000_000, max: 4_000_000_000 }),
      fc.constantFrom(...RANGE_PERIODS),
      fc.integer({ min: 0, max: 20 }),
      (zone, now, period, back) => {
        const later = span({ period, offset: -back, zone }, now)
        const earlier = span({ period, offset: -back - 1, zone }, now)
        assert.equal(earlier.to + 1, later.from)
        const { from, end } = periodAt(zone, period, earlier.to)
        assert.deepEqual(earlier, { from, to: end - 1 })
      },
    ),
    { numRuns: 300 },
  )
  const far = span({ period: 'hour', offset: -9000, zone: 'Australia/Lord_Howe' })
  let { from } = periodAt('Australia/Lord_Howe', 'hour', NOW)
  for (let i = 0; i < 9000; i++) from = periodAt('Australia/Lord_Howe', 'hour', from - 1).from
  assert.equal(far.from, from)
})

test('[H50] what is no range is refused, and why', () => {
  assert.match(refusal({ from: 'yesterday' }), /^from: expected seconds since 1970, a time with its offset/)
  assert.match(refusal({ to: '2026-3-29' }), /^to: expected/)
  assert.match(refusal({ from: '2026-03-29T02Z' }), /^from: expected/)
  assert.match(refusal({ from: '2026-02-30' }), /^from: no calendar has 2026-02-30$/)
  assert.match(refusal({ from: '2026-03-29T25' }), /^from: no calendar has/)
  assert.match(refusal({ from: '1969' }), /^from: meters hold/)
  assert.match(refusal({ from: '4294967295' }), /^from: meters hold/)
  assert.match(
    refusal({ from: '2026-03-29T02:30', zone: 'Europe/Berlin' }),
    /leaves 2026-03-29T02:30:00 out$/,
  )
  assert.match(refusal({ from: '2026', zone: 'Mars/Olympus' }), /^there is no time zone "Mars\/Olympus"$/)
  assert.match(refusal({ from: '2026-03', to: '2026-02' }), /does not end before it begins/)
  assert.match(refusal({ from: '2027', to: 'now' }), /does not end before it begins/)
  assert.match(refusal({ from: '2026', last: 5 }), /^a range is said by/)
  assert.match(refusal({ period: 'day', last: 5 }), /^a range is said by/)
  assert.match(refusal({ offset: -1 }), /^offset: it goes with period$/)
  assert.match(refusal({ period: 'year', offset: -60 }), /^offset: meters hold/)
})

test('[H50] whatever stands in an address, it is a range within what meters hold, or refused', () => {
  const anyText = fc.oneof(
    fc.string({ maxLength: 24 }),
    fc.stringMatching(/^\d{1,5}(-\d{1,2}){0,2}(T\d\d(:\d\d){0,2})?(Z|[+-]\d\d:?\d\d)?$/),
  )
  fc.assert(
    fc.property(anyText, anyText, anyZone, (from, to, zone) => {
      try {
        const range = span({ from, to, zone })
        assert.ok(0 <= range.from && range.from <= range.to && range.to < LAST_SECOND)
      } catch (error) {
        assert.ok(error instanceof SpateError && error.code === 'invalid', String(error))
      }
    }),
    { numRuns: 2000 },
  )
})
