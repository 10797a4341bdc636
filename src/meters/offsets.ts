/**
 * Where the clock of a time zone stands still against UTC. Pure.
 *
 * Asking for one offset takes microseconds, so those of a range are found once: looked for a week apart, and by halves
 * between two that differ. No zone has ever changed its clock twice within a week.
 */
import { Temporal } from '@js-temporal/polyfill'

const STEP_SECONDS = 7 * 86_400

/** Seconds `from` to before `end`, in all of which the clock is `offset` seconds ahead of UTC. */
export interface Stretch {
  readonly from: number
  readonly end: number
  readonly offset: number
}

/** All that lies between `from` and `end`, in order; the first and the last may go on beyond. */
export function stretchesOf(zone: string, from: number, end: number): Stretch[] {
  const stretches: Stretch[] = []
  let start = from
  let offset = offsetAt(zone, from)
  for (let at = from; at < end; ) {
    const next = Math.min(at + STEP_SECONDS, end)
    const other = offsetAt(zone, next)
    if (other !== offset) {
      const change = changeBetween(zone, at, next)
      stretches.push({ from: start, end: change, offset })
      start = change
      offset = other
    }
    at = next
  }
  stretches.push({ from: start, end, offset })
  return stretches
}

/** Seconds by which the clock is ahead of UTC. Errors: RangeError for no zone. */
export function offsetAt(zone: string, second: number): number {
  const time = Temporal.Instant.fromEpochMilliseconds(second * 1000).toZonedDateTimeISO(zone)
  return time.offsetNanoseconds / 1e9
}

/** The first second with the offset at `late`, where it is another at `early` and changes once. */
export function changeBetween(zone: string, early: number, late: number): number {
  const before = offsetAt(zone, early)
  let [low, high] = [early, late]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(zone, middle) === before) low = middle
    else high = middle
  }
  return high
}
