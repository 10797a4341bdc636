/**
 * Calendar units in a time zone of the IANA data base, with its changes of the clock. Pure.
 *
 * Days, weeks, months and years begin at the first moment of their first day there, so a day has 23 to 25 hours.
 * Hours are those of the clock there; an hour that comes twice is two, and where half an hour is left out or comes
 * twice, the hour is as long as it lasts. The offsets are those of Node's own copy of the data base (ICU).
 */
import { Temporal } from '@js-temporal/polyfill'
import { SpateError } from '../base/errors.ts'
import { bucketOf, LAST_SECOND, type Level, startOf } from './calendar.ts'
import { changeBetween, offsetAt, type Stretch, stretchesOf } from './offsets.ts'

export const PERIODS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const
export type Period = (typeof PERIODS)[number]

/** Temporal takes an ISO time for the zone that it names, too. */
const NAME = /^(?:[A-Za-z][\w+/-]*|[+-]\d\d:\d\d)$/

/** Errors: `invalid` for a zone that is not known. */
export function checkZone(zone: string): void {
  try {
    if (!NAME.test(zone)) throw new RangeError('no name of a zone')
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
  } catch (cause) {
    throw new SpateError('invalid', `there is no time zone ${JSON.stringify(zone)}`, { cause })
  }
}

/** The period that holds a second: its first second and the one after its last, within what meters can hold. */
export function periodAt(zone: string, period: Period, second: number): { from: number; end: number } {
  if (period === 'second') return { from: second, end: second + 1 }
  if (period === 'minute') {
    const from = second - (second % 60)
    return clamped(from, from + 60)
  }
  if (period === 'hour') return hourAt(zone, second)
  const start = startIn(zonedAt(zone, second), period)
  return clamped(secondOf(start), secondOf(startIn(start.add(stepOf(period)), period)))
}

/**
 * Where periods meet from `from` to `end`, both included: neighbours are the parts of a series.
 * Errors: `too-large` for more than `most` parts.
 */
export function cutsOf(zone: string, period: Period, from: number, end: number, most: number): number[] {
  if (end - from > LONGEST_SECONDS[period] * (most + 1)) throw tooManyParts(most)
  const cuts = [from]
  const stretches = stretchesOf(zone, from, end)
  let current = 0
  for (let at = from; at < end; ) {
    while (at >= (stretches[current]?.end ?? end)) current += 1
    const stretch = stretches[current]
    const quick = stretch === undefined ? undefined : endWithin(stretch, period, at)
    at = Math.min(quick ?? periodAt(zone, period, at).end, end)
    cuts.push(at)
    if (cuts.length > most + 1) throw tooManyParts(most)
  }
  return cuts
}

function tooManyParts(most: number): SpateError {
  return new SpateError('too-large', `a series has at most ${most} parts`)
}

/** No period is longer, whatever the clock does. */
const LONGEST_SECONDS: Readonly<Record<Period, number>> = {
  second: 1,
  minute: 60,
  hour: 2 * 3600,
  day: 2 * 86_400,
  week: 8 * 86_400,
  month: 32 * 86_400,
  year: 367 * 86_400,
}

/** Where the offset changes, a day around it is left to the calendar of the zone. */
const MARGIN_SECONDS = 86_400

/** The end of the period that holds a second, where it and its surroundings lie in one stretch. */
function endWithin({ from, end, offset }: Stretch, period: Period, second: number): number | undefined {
  const local = second + offset
  const [start, stop] = localPeriod(period, local)
  const isWithin = start - offset - MARGIN_SECONDS >= from && stop - offset + MARGIN_SECONDS <= end
  return isWithin ? stop - offset : undefined
}

const LEVEL_OF: Readonly<Record<Exclude<Period, 'week'>, Level>> = {
  second: 0,
  minute: 1,
  hour: 2,
  day: 3,
  month: 4,
  year: 5,
}
/** 1970 began on a Thursday. */
const THURSDAY = 3 * 86_400

/** As if the clock were UTC. */
function localPeriod(period: Period, local: number): [start: number, end: number] {
  if (period === 'week') {
    const start = Math.floor((local + THURSDAY) / (7 * 86_400)) * 7 * 86_400 - THURSDAY
    return [start, start + 7 * 86_400]
  }
  const level = LEVEL_OF[period]
  const bucket = bucketOf(level, local)
  return [startOf(level, bucket), startOf(level, bucket + 1)]
}

function zonedAt(zone: string, second: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(second * 1000).toZonedDateTimeISO(zone)
}

function secondOf(time: Temporal.ZonedDateTime): number {
  return Math.floor(time.epochMilliseconds / 1000)
}

function clamped(from: number, end: number): { from: number; end: number } {
  return { from: Math.max(0, from), end: Math.min(LAST_SECOND, end) }
}

type Calendrical = 'day' | 'week' | 'month' | 'year'

function stepOf(period: Calendrical): Temporal.DurationLike {
  return { day: { days: 1 }, week: { weeks: 1 }, month: { months: 1 }, year: { years: 1 } }[period]
}

/** Weeks begin on Monday (ISO 8601). */
function startIn(time: Temporal.ZonedDateTime, period: Calendrical): Temporal.ZonedDateTime {
  const day = time.startOfDay()
  if (period === 'day') return day
  if (period === 'week') return day.subtract({ days: day.dayOfWeek - 1 }).startOfDay()
  return day.with(period === 'month' ? { day: 1 } : { month: 1, day: 1 }).startOfDay()
}

/** From the last to the next full hour of the clock, or to where the clock is put to another within the hour. */
function hourAt(zone: string, second: number): { from: number; end: number } {
  const offset = offsetAt(zone, second)
  const local = second + offset
  let from = second - (((local % 3600) + 3600) % 3600)
  let end = from + 3600
  if (offsetAt(zone, from) !== offset) from = changeBetween(zone, from, second)
  if (offsetAt(zone, end) !== offset) end = changeBetween(zone, second, end)
  return clamped(from, end)
}
