/** Spans and periods in words, by the clocks of a zone. Pure. */
import type { Local } from './local-clock.ts'
import { localOf } from './local-time.ts'
import type { Span } from './spans.ts'
import type { Unit } from './units.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const two = (value: number): string => String(value).padStart(2, '0')
const monthWords = ({ month, year }: Local): string => `${MONTHS[month - 1]} ${year}`
const dateWords = (local: Local): string => `${local.day} ${monthWords(local)}`
const dayWords = (local: Local): string =>
  `${DAYS[new Date(Date.UTC(local.year, local.month - 1, local.day)).getUTCDay()]} ${dateWords(local)}`
const isMidnight = ({ hour, minute, second }: Local): boolean => hour === 0 && minute === 0 && second === 0

function timeWords({ hour, minute, second }: Local): string {
  return `${two(hour)}:${two(minute)}${second === 0 ? '' : `:${two(second)}`}`
}

/** A bar of the chart: `Sun 29 Mar 2026, 14:00`. */
export function periodWords({ from }: Span, unit: Unit, zone: string): string {
  const local = localOf(zone, from)
  switch (unit) {
    case 'year':
      return String(local.year)
    case 'month':
      return monthWords(local)
    case 'week':
      return `week from ${dayWords(local)}`
    case 'day':
      return dayWords(local)
    default:
      return `${dayWords(local)}, ${timeWords(local)}`
  }
}

/** `29 Mar 2026, 14:00 – 15:00`; whole days without times: `29 Mar 2026 – 4 Apr 2026`. */
export function spanWords({ from, to }: Span, zone: string): string {
  const start = localOf(zone, from)
  const end = localOf(zone, to + 1)
  if (isMidnight(start) && isMidnight(end)) {
    const last = localOf(zone, to)
    return dateWords(start) === dateWords(last) ? dayWords(start) : `${dateWords(start)} – ${dateWords(last)}`
  }
  const isOneDay = dateWords(start) === dateWords(end)
  return `${momentWords(from, zone)} – ${isOneDay ? timeWords(end) : momentWords(to + 1, zone)}`
}

/** `29 Mar 2026, 14:00`. */
export function momentWords(second: number, zone: string): string {
  const local = localOf(zone, second)
  return `${dateWords(local)}, ${timeWords(local)}`
}
