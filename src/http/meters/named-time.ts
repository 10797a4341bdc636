/**
 * What a text in an address says of time: a second, or a year, month, day, hour, minute or second of a clock. Pure.
 *
 *     1774738800                     seconds since 1970 (five to ten digits, or a single 0)
 *     2026-03-29T01:59:59Z           on the clock of the offset that stands there: minute or second
 *     2026 · 2026-03 · 2026-03-29 · 2026-03-29T02 · 2026-03-29T02:30 · 2026-03-29T02:30:15   on the clock of a zone
 *
 * What the clock of the zone leaves out is left out of what is named; what it has twice is named with both.
 */
import { Temporal } from '@js-temporal/polyfill'
import { SpateError } from '../../base/errors.ts'
import { LAST_SECOND } from '../../meters/calendar.ts'

/** Seconds, the first and the one after the last. */
export interface Named {
  readonly from: number
  readonly end: number
}

const EPOCH = /^(?:0|\d{5,10})$/
const CLOCK =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?)?)?)?)?(Z|[+-]\d\d:?\d\d)?$/i
const EXPECTED =
  'expected seconds since 1970, a time with its offset such as 2026-03-29T09:00:00Z, or a date such as 2026-03-29'

/** Errors: `invalid`, for a zone that is not known, too. @param name what it is called in errors */
export function namedTime(name: string, text: string, zone: string): Named {
  if (EPOCH.test(text)) return within(name, Number(text), Number(text) + 1)
  const parts = CLOCK.exec(text)
  if (parts === null) throw invalid(name, EXPECTED)
  const [, year = '', month, day, hour, minute, second, offset] = parts
  if (offset !== undefined && minute === undefined) throw invalid(name, EXPECTED)
  let start: Temporal.PlainDateTime
  try {
    start = Temporal.PlainDateTime.from(
      {
        year: Number(year),
        month: Number(month ?? 1),
        day: Number(day ?? 1),
        hour: Number(hour ?? 0),
        minute: Number(minute ?? 0),
        second: Number(second ?? 0),
      },
      { overflow: 'reject' },
    )
  } catch {
    throw invalid(name, `no calendar has ${text}`)
  }
  const length: Temporal.DurationLike =
    month === undefined
      ? { years: 1 }
      : day === undefined
        ? { months: 1 }
        : hour === undefined
          ? { days: 1 }
          : minute === undefined
            ? { hours: 1 }
            : second === undefined
              ? { minutes: 1 }
              : { seconds: 1 }
  return clockSpan(name, offset === undefined ? zone : offsetZone(offset), start, start.add(length))
}

function offsetZone(offset: string): string {
  if (offset.toUpperCase() === 'Z') return 'UTC'
  return offset.includes(':') ? offset : `${offset.slice(0, 3)}:${offset.slice(3)}`
}

/** All seconds of a zone in which its clock stands at or after `start` and before `end`. Errors: `invalid`. */
export function clockSpan(
  name: string,
  zone: string,
  start: Temporal.PlainDateTime,
  end: Temporal.PlainDateTime,
): Named {
  const last = end.subtract({ seconds: 1 })
  let first: Temporal.ZonedDateTime
  let final: Temporal.ZonedDateTime
  try {
    first = start.toZonedDateTime(zone, { disambiguation: 'earlier' })
    final = last.toZonedDateTime(zone, { disambiguation: 'later' })
  } catch (cause) {
    throw new SpateError('invalid', `${name}: there is no time zone ${JSON.stringify(zone)}`, { cause })
  }
  // Where the clock leaves a time out, the two are before and after the gap: what is asked for begins or ends at it.
  const from = first.toPlainDateTime().equals(start) ? first : first.getTimeZoneTransition('next')
  const until = final.toPlainDateTime().equals(last) ? final : beforeGap(final)
  const [fromSecond, lastSecond] = [secondOf(from ?? first), secondOf(until)]
  if (fromSecond > lastSecond) throw invalid(name, `the clock of ${zone} leaves ${start.toString()} out`)
  return within(name, fromSecond, lastSecond + 1)
}

/** The last second before the gap over which the clock has just jumped. */
function beforeGap(after: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  const isAtIt = after.subtract({ seconds: 1 }).offsetNanoseconds !== after.offsetNanoseconds
  const gap = isAtIt ? after : (after.getTimeZoneTransition('previous') ?? after)
  return gap.subtract({ seconds: 1 })
}

function secondOf(time: Temporal.ZonedDateTime): number {
  return Math.floor(time.epochMilliseconds / 1000)
}

/** What meters can hold of it. */
function within(name: string, from: number, end: number): Named {
  const named = { from: Math.max(0, from), end: Math.min(LAST_SECOND, end) }
  if (named.from >= named.end) throw invalid(name, 'meters hold the seconds since 1970, before 2106-02-07')
  return named
}

function invalid(name: string, why: string): SpateError {
  return new SpateError('invalid', `${name}: ${why}`)
}
