import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cutsOf, PERIODS } from '../../../src/meters/zone.ts'
import { ticksOf } from './axis.ts'
import { periodWords, spanWords } from './span-words.ts'
import type { Span } from './spans.ts'

const BERLIN = 'Europe/Berlin'
const at = (text: string): number => Date.parse(text) / 1000

/** What the server makes of a span. */
function partsOf(zone: string, period: (typeof PERIODS)[number], from: number, end: number): Span[] {
  const cuts = cutsOf(zone, period, from, end, 10_000)
  return cuts.slice(1).map((cut, i) => ({ from: cuts[i] ?? 0, to: cut - 1 }))
}

const wordsOf = (parts: Span[], zone: string, most: number): string[] =>
  ticksOf(parts, zone, most).map(
    ({ at, words, above }) => `${at} ${words}${above === undefined ? '' : ` | ${above}`}`,
  )

test('a day is told by its hours, and says which day it is, once', () => {
  const hours = partsOf(BERLIN, 'hour', at('2026-03-28T13:00Z'), at('2026-03-29T12:00Z'))
  assert.deepEqual(wordsOf(hours, BERLIN, 8), [
    '1 15:00 | 28 Mar',
    '4 18:00',
    '7 21:00',
    '10 00:00 | 29 Mar',
    '12 03:00',
    '15 06:00',
    '18 09:00',
    '21 12:00',
  ])
})

test('a year is told by its months, in a zone in which it began earlier', () => {
  const days = partsOf(BERLIN, 'day', at('2025-12-31T23:00Z'), at('2026-12-31T23:00Z'))
  assert.equal(days.length, 365)
  assert.deepEqual(wordsOf(days, BERLIN, 12).slice(0, 3), ['0 Jan | 2026', '31 Feb', '59 Mar'])
  assert.deepEqual(wordsOf(days, BERLIN, 5), ['0 Jan | 2026', '90 Apr', '181 Jul', '273 Oct'])
})

test('a first period that is cut is not told as if it were whole', () => {
  const days = partsOf('UTC', 'day', at('2026-01-15T10:00Z'), at('2026-04-15T00:00Z'))
  assert.deepEqual(wordsOf(days, 'UTC', 4), ['17 Feb | 2026', '45 Mar', '76 Apr'])
})

test('a few days are told as days, months as months', () => {
  const days = partsOf('UTC', 'day', at('2026-11-14T17:00Z'), at('2026-11-18T10:00Z'))
  assert.deepEqual(wordsOf(days, 'UTC', 8), ['1 15 Nov | 2026', '2 16 Nov', '3 17 Nov', '4 18 Nov'])
  const months = partsOf('UTC', 'month', at('2025-11-01T00:00Z'), at('2026-03-01T00:00Z'))
  assert.deepEqual(wordsOf(months, 'UTC', 8), ['0 Nov | 2025', '1 Dec', '2 Jan | 2026', '3 Feb'])
  const years = partsOf('UTC', 'year', at('2024-01-01T00:00Z'), at('2026-06-01T00:00Z'))
  assert.deepEqual(wordsOf(years, 'UTC', 8), ['0 2024', '1 2025', '2 2026'])
})

test('weeks are told where a month begins with them', () => {
  const weeks = partsOf('UTC', 'week', at('2026-01-05T00:00Z'), at('2026-03-30T00:00Z'))
  assert.deepEqual(wordsOf(weeks, 'UTC', 4), ['4 Feb | 2026', '8 Mar'])
})

test('one period alone is told, whatever it is', () => {
  assert.deepEqual(
    wordsOf([{ from: at('2026-01-15T10:11:12Z'), to: at('2026-01-15T10:11:12Z') }], 'UTC', 5),
    ['0 10:11:12 | 15 Jan'],
  )
  assert.deepEqual(ticksOf([], 'UTC', 5), [])
})

test('there are never more ticks than asked for, each at a period, in order', () => {
  const zone = fc.constantFrom('UTC', BERLIN, 'Asia/Kolkata', 'Australia/Lord_Howe')
  const count = fc.integer({ min: 1, max: 300 })
  fc.assert(
    fc.property(
      zone,
      fc.constantFrom(...PERIODS),
      fc.integer({ min: 0, max: 2e9 }),
      count,
      (zone, period, from, count) => {
        const seconds = {
          second: 1,
          minute: 60,
          hour: 3600,
          day: 86_400,
          week: 604_800,
          month: 2_629_746,
          year: 31_556_952,
        }
        const parts = partsOf(zone, period, from, Math.min(4e9, from + count * seconds[period]))
        const ticks = ticksOf(parts, zone, 7)
        assert.ok(ticks.length >= 1 && ticks.length <= 7, String(ticks.length))
        assert.deepEqual(
          ticks.map(({ at }) => at),
          [...new Set(ticks.map(({ at }) => at))].sort((a, b) => a - b),
        )
        assert.ok(ticks.every(({ at }) => parts[at] !== undefined))
      },
    ),
    { numRuns: 60 },
  )
})

test('periods and spans in words', () => {
  const day: Span = { from: at('2026-03-28T23:00Z'), to: at('2026-03-29T22:00Z') - 1 }
  assert.equal(periodWords(day, 'day', BERLIN), 'Sun 29 Mar 2026')
  assert.equal(periodWords(day, 'month', BERLIN), 'Mar 2026')
  assert.equal(periodWords(day, 'year', BERLIN), '2026')
  assert.equal(
    periodWords({ from: at('2026-03-23T00:00Z'), to: 0 }, 'week', 'UTC'),
    'week from Mon 23 Mar 2026',
  )
  assert.equal(periodWords(day, 'hour', 'UTC'), 'Sat 28 Mar 2026, 23:00')
  assert.equal(spanWords(day, BERLIN), 'Sun 29 Mar 2026')
  assert.equal(spanWords(day, 'UTC'), '28 Mar 2026, 23:00 – 29 Mar 2026, 22:00')
  assert.equal(spanWords({ from: day.from, to: day.to + 86_400 }, BERLIN), '29 Mar 2026 – 30 Mar 2026')
  assert.equal(
    spanWords({ from: at('2026-01-01T10:00Z'), to: at('2026-01-01T10:00:59Z') }, 'UTC'),
    '1 Jan 2026, 10:00 – 10:01',
  )
  assert.equal(
    spanWords({ from: at('2026-01-01T10:00Z'), to: at('2026-01-01T10:00:10Z') }, 'UTC'),
    '1 Jan 2026, 10:00 – 10:00:11',
  )
})
