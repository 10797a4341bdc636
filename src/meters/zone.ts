/**
 * Calendar units in a time zone of the IANA data base, with its changes of the clock. Pure.
 *
 * Days, weeks, months and years begin at the first moment of their first day there, so a day has 23 to 25 hours.
 * Hours are those of the clock there; an hour that comes twice is two, and where half an hour is left out or comes
 * twice, the hour is as long as it lasts. The offsets are those of Node's own copy of the data base (ICU).
 */
import { Temporal } from '@js-temporal/polyfill'
import { SpateError } from '../base/errors.ts'
import { LAST_SECOND } from './calendar.ts'

export const PERIODS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const
export type Period = (typeof PERIODS)[number]

/** Errors: `invalid` for a zone that is not known. */
export function checkZone(zone: string): void {
  try {
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
  const cuts = [from]
  for (let at = from; at < end; ) {
    at = Math.min(periodAt(zone, period, at).end, end)
    cuts.push(at)
    if (cuts.length > most + 1) throw new SpateError('too-large', `a series has at most ${most} parts`)
  }
  return cuts
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
  const time = zonedAt(zone, second)
  const into = time.minute * 60 + time.second
  let from = second - into
  let end = from + 3600
  if (zonedAt(zone, from).offsetNanoseconds !== time.offsetNanoseconds) {
    from = changeBetween(zone, from, second)
  }
  if (zonedAt(zone, end).offsetNanoseconds !== time.offsetNanoseconds) end = changeBetween(zone, second, end)
  return clamped(from, end)
}

/** The second from which on the offset is that at `late`, not that at `early`. */
function changeBetween(zone: string, early: number, late: number): number {
  const before = zonedAt(zone, early).offsetNanoseconds
  let [low, high] = [early, late]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (zonedAt(zone, middle).offsetNanoseconds === before) low = middle
    else high = middle
  }
  return high
}
