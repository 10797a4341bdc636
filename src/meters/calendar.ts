/** The levels at which sums are kept, in UTC, and how a range of seconds is made of their buckets. Pure. */

/** Finest first; the order is stored. */
export const LEVELS = ['second', 'minute', 'hour', 'day', 'month', 'year'] as const
export type LevelName = (typeof LEVELS)[number]
/** An index into {@link LEVELS}. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5
export const ALL_LEVELS: readonly Level[] = [0, 1, 2, 3, 4, 5]

/** Seconds since 1970 go up to here, in February 2106; the end of a range may be this very second. */
export const LAST_SECOND = 2 ** 32 - 1

/** Of the levels that are always as long. */
const SECONDS: readonly number[] = [1, 60, 3600, 86_400]

/** Buckets of one level, without a gap. */
export interface Run {
  readonly level: Level
  readonly first: number
  /** Inclusive. */
  readonly last: number
}

/** The bucket that holds a second; buckets of a level are counted from 1970 on. */
export function bucketOf(level: Level, second: number): number {
  const seconds = SECONDS[level]
  if (seconds !== undefined) return Math.floor(second / seconds)
  const months = monthOf(Math.floor(second / 86_400))
  return level === 4 ? months : Math.floor(months / 12)
}

/** The first second of a bucket. */
export function startOf(level: Level, bucket: number): number {
  const seconds = SECONDS[level]
  if (seconds !== undefined) return bucket * seconds
  return firstDay(level === 4 ? bucket : bucket * 12) * 86_400
}

/** Days to months since 1970, by civil_from_days of Howard Hinnant (howardhinnant.github.io/date_algorithms.html). */
function monthOf(days: number): number {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const day = shifted - era * 146_097
  const year = Math.floor(
    (day - Math.floor(day / 1460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365,
  )
  const ofYear = day - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const march = Math.floor((5 * ofYear + 2) / 153)
  // Its years begin in March.
  return (era * 400 + year - 1970) * 12 + march + 2
}

/** Months since 1970 to the day on which one begins (days_from_civil). */
function firstDay(months: number): number {
  const march = months - 2 + 1970 * 12
  const year = Math.floor(march / 12)
  const ofYear = Math.floor((153 * (march - year * 12) + 2) / 5)
  return (
    year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + ofYear - 719_468
  )
}

/** The fewest buckets that make up the seconds from `from` to before `end`, in order of time. */
export function cover(from: number, end: number): Run[] {
  const before: Run[] = []
  const after: Run[] = []
  let [start, stop] = [from, end]
  for (let level: Level = 0; ; level = (level + 1) as Level) {
    const first = bucketOf(level, start)
    const last = bucketOf(level, stop)
    if (level < 5 && first < last) {
      // A level above five does not exist: the loop ends there.
      const above = (level + 1) as Level
      const outerFirst = startAtOrAfter(above, start)
      const outerLast = startOf(above, bucketOf(above, stop))
      if (outerFirst < outerLast) {
        if (start < outerFirst) before.push({ level, first, last: bucketOf(level, outerFirst) - 1 })
        if (outerLast < stop) after.push({ level, first: bucketOf(level, outerLast), last: last - 1 })
        ;[start, stop] = [outerFirst, outerLast]
        continue
      }
    }
    if (first < last) before.push({ level, first, last: last - 1 })
    return [...before, ...after.reverse()]
  }
}

/** The first start of a bucket that is not before a second. */
export function startAtOrAfter(level: Level, second: number): number {
  const bucket = bucketOf(level, second)
  const start = startOf(level, bucket)
  return start === second ? start : startOf(level, bucket + 1)
}
