/**
 * The range that an address asks about: `from` and `to`, or `period` with `offset`, or `last`. Pure.
 *
 * Both ends are included: `to` is the last second, or names the last day, month, year, … that belongs to the range.
 * Where only one of the ends is said, the range reaches to the beginning or the end of what meters can hold.
 */
import { Temporal } from '@js-temporal/polyfill'
import { SpateError } from '../../base/errors.ts'
import { LAST_SECOND } from '../../meters/calendar.ts'
import type { Span } from '../../meters/questions.ts'
import { checkZone, periodAt } from '../../meters/zone.ts'
import { clockSpan, namedTime } from './named-time.ts'

export const RANGE_PERIODS = ['hour', 'day', 'week', 'month', 'year'] as const
export type RangePeriod = (typeof RANGE_PERIODS)[number]
export const MAX_PERIODS_BACK = 10_000
/** No zone puts its clock forth and back again within that. */
const HOURS_AT_ONCE = 168

export interface RangeQuery {
  readonly from?: string
  /** Or `now`. */
  readonly to?: string
  readonly period?: RangePeriod
  /** 0 for the current period, -1 for the one before it. */
  readonly offset?: number
  /** Seconds up to now. */
  readonly last?: number
  readonly zone?: string
}

export type AskedRange =
  | { readonly kind: 'fixed'; readonly span: Span }
  | { readonly kind: 'until-now'; readonly from: number }
  | { readonly kind: 'last'; readonly seconds: number }
  | { readonly kind: 'period'; readonly period: RangePeriod; readonly back: number; readonly zone: string }

/** Errors: `invalid`. */
export function rangeOf({ from, to, period, offset, last, zone = 'UTC' }: RangeQuery): AskedRange {
  const ways = [from ?? to, period, last].filter((way) => way !== undefined)
  if (ways.length > 1) throw invalid('a range is said by from and to, by period and offset, or by last')
  if (offset !== undefined && period === undefined) throw invalid('offset: it goes with period')
  checkZone(zone)
  if (last !== undefined) return { kind: 'last', seconds: last }
  if (period !== undefined) return { kind: 'period', period, back: offset === undefined ? 0 : -offset, zone }
  const first = from === undefined ? 0 : namedTime('from', from, zone).from
  if (to === 'now') return { kind: 'until-now', from: first }
  const end = to === undefined ? LAST_SECOND : namedTime('to', to, zone).end
  return { kind: 'fixed', span: ordered(first, end - 1) }
}

/** The seconds that it is about at a moment. Errors: `invalid` for a range that is to begin later. */
export function spanAt(range: AskedRange, nowSecond: number): Span {
  switch (range.kind) {
    case 'fixed':
      return range.span
    case 'until-now':
      return ordered(range.from, nowSecond)
    case 'last':
      return { from: Math.max(0, nowSecond - range.seconds + 1), to: nowSecond }
    case 'period':
      return periodBack(range, nowSecond)
  }
}

/** The range just before: the period before, or as many seconds. Errors: `invalid` where there is none. */
export function spanBefore(range: AskedRange, nowSecond: number): Span {
  if (range.kind === 'period') return periodBack({ ...range, back: range.back + 1 }, nowSecond)
  const { from, to } = spanAt(range, nowSecond)
  if (from === 0)
    throw invalid('there is nothing before this range to compare it with: say beforeFrom and beforeTo')
  return { from: Math.max(0, from - (to - from + 1)), to: from - 1 }
}

/** The second from which on it is about others; undefined: never. */
export function movesAt(range: AskedRange, nowSecond: number): number | undefined {
  switch (range.kind) {
    case 'fixed':
      return undefined
    case 'until-now':
    case 'last':
      return nowSecond + 1
    case 'period':
      return periodAt(range.zone, range.period, nowSecond).end
  }
}

type PeriodRange = Extract<AskedRange, { kind: 'period' }>

function periodBack({ period, back, zone }: PeriodRange, nowSecond: number): Span {
  if (period === 'hour') return hoursBack(zone, back, nowSecond)
  const today = zonedAt(zone, nowSecond).toPlainDate()
  const unit = { day: { days: 1 }, week: { weeks: 1 }, month: { months: 1 }, year: { years: 1 } }[period]
  const steps = { day: { days: back }, week: { weeks: back }, month: { months: back }, year: { years: back } }
  const current = {
    day: today,
    week: today.subtract({ days: today.dayOfWeek - 1 }),
    month: today.with({ day: 1 }),
    year: today.with({ month: 1, day: 1 }),
  }[period]
  const start = current.subtract(steps[period])
  const { from, end } = clockSpan('offset', zone, start.toPlainDateTime(), start.add(unit).toPlainDateTime())
  return { from, to: end - 1 }
}

function hoursBack(zone: string, back: number, nowSecond: number): Span {
  let { from, end } = periodAt(zone, 'hour', nowSecond)
  for (let left = back; left > 0; ) {
    const hours = Math.min(left, HOURS_AT_ONCE)
    const before = from - hours * 3600
    if (before < 0) throw invalid('offset: meters hold the seconds since 1970')
    const isPlain = end - from === 3600 && offsetAt(zone, before) === offsetAt(zone, from)
    ;({ from, end } = isPlain ? { from: before, end: before + 3600 } : periodAt(zone, 'hour', from - 1))
    left -= isPlain ? hours : 1
  }
  return { from, to: end - 1 }
}

function zonedAt(zone: string, second: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(second * 1000).toZonedDateTimeISO(zone)
}

function offsetAt(zone: string, second: number): number {
  return zonedAt(zone, second).offsetNanoseconds
}

function ordered(from: number, to: number): Span {
  if (from > to) throw invalid('a range does not end before it begins')
  return { from, to }
}

function invalid(message: string): SpateError {
  return new SpateError('invalid', message)
}
