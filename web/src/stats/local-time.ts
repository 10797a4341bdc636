/** Seconds of the epoch and what the clocks of a time zone show. Pure; the zones are the browser's. */

import { intlClock, type Local, temporalClock, temporalOf } from './local-clock.ts'

const TEMPORAL = temporalOf(globalThis)

/** Errors: RangeError for a zone that the browser does not know. */
export const localOf = TEMPORAL === undefined ? intlClock() : temporalClock(TEMPORAL)

export function isZone(zone: string): boolean {
  try {
    localOf(zone, 0)
    return true
  } catch {
    return false
  }
}

/** Of this browser. */
export function ownZone(): string {
  return TEMPORAL?.Now.timeZoneId() || Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'
}

/** What the zone's clock is ahead of UTC, seconds. */
export function offsetAt(zone: string, second: number): number {
  return asUtc(localOf(zone, second)) - second
}

/** No zone puts its clock to another and back again within that, seconds. */
const SETTLED = 14 * 86_400

/**
 * What the clocks of a zone are ahead of UTC at each of many seconds in order. Asking for one takes microseconds, so
 * it is asked for where it may have changed.
 */
export function offsetsAt(zone: string, seconds: readonly number[]): number[] {
  const offsets: number[] = []
  const fill = (first: number, last: number, atFirst: number, atLast: number): void => {
    if (last - first < 2) return
    if (atFirst === atLast && (seconds[last] ?? 0) - (seconds[first] ?? 0) <= SETTLED) {
      offsets.fill(atFirst, first + 1, last)
      return
    }
    const middle = (first + last) >>> 1
    const atMiddle = offsetAt(zone, seconds[middle] ?? 0)
    offsets[middle] = atMiddle
    fill(first, middle, atFirst, atMiddle)
    fill(middle, last, atMiddle, atLast)
  }
  const last = seconds.length - 1
  for (const i of last > 0 ? [0, last] : [...seconds.keys()]) offsets[i] = offsetAt(zone, seconds[i] ?? 0)
  fill(0, last, offsets[0] ?? 0, offsets[last] ?? 0)
  return offsets
}

function asUtc({ year, month, day, hour, minute, second }: Local): number {
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000
}

/**
 * When a zone's clock shows this. Of a time that comes twice the earlier; one that is left out is as much later as
 * the clock was put forward.
 */
export function secondOf(zone: string, local: Local): number {
  const utc = asUtc(local)
  const day = 86_400
  const [early, late] = [offsetAt(zone, utc - day), offsetAt(zone, utc + day)]
  const candidates = [utc - Math.max(early, late), utc - Math.min(early, late)]
  const shown = candidates.find((second) => offsetAt(zone, second) === utc - second)
  return shown ?? utc - early
}

const FIELD = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?$/

/** What an input of the type `datetime-local` holds. */
export function fieldOf(zone: string, second: number): string {
  const local = localOf(zone, second)
  const pad = (value: number, length = 2): string => String(value).padStart(length, '0')
  const date = `${pad(local.year, 4)}-${pad(local.month)}-${pad(local.day)}`
  return `${date}T${pad(local.hour)}:${pad(local.minute)}:${pad(local.second)}`
}

/** The inverse of {@link fieldOf}; undefined for what is no time. */
export function secondOfField(zone: string, field: string): number | undefined {
  const match = FIELD.exec(field)
  if (match === null) return undefined
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0))
  return secondOf(zone, { year, month, day, hour, minute, second })
}
