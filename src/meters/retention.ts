/**
 * How long each level is kept, and which ranges can still be summed exactly. Pure.
 *
 * A level's horizon is the second from which on all of its buckets are kept. Horizons only go forward.
 */
import { ALL_LEVELS, bucketOf, cover, LAST_SECOND, type Level, startAtOrAfter, startOf } from './calendar.ts'

/** Seconds for which the buckets of a level are kept, finest first; null: for ever. */
export type Retention = readonly (number | null)[]
/** By level; 0 where nothing has expired. */
export type Horizons = readonly number[]

export const KEEP_ALL: Retention = [null, null, null, null, null, null]
export const NOTHING_EXPIRED: Horizons = [0, 0, 0, 0, 0, 0]

/** A level is kept at least as long as the finer ones, and a level that goes leaves a coarser one. */
export function isRetention(retention: Retention): boolean {
  const kept = ALL_LEVELS.map((level) => retention[level] ?? Number.POSITIVE_INFINITY)
  return (
    retention.length === ALL_LEVELS.length &&
    retention.every((seconds) => seconds === null || (Number.isSafeInteger(seconds) && seconds > 0)) &&
    kept.every((seconds, level) => level === 0 || seconds >= (kept[level - 1] ?? 0))
  )
}

export function advanced(horizons: Horizons, retention: Retention, nowSecond: number): Horizons {
  return ALL_LEVELS.map((level) => {
    const before = horizons[level] ?? 0
    const kept = retention[level] ?? null
    if (kept === null || kept >= nowSecond) return before
    return Math.max(before, startOf(level, bucketOf(level, nowSecond - kept)))
  })
}

/** Whether every bucket that makes up [from, end) is kept. */
export function isExact(horizons: Horizons, from: number, end: number): boolean {
  if (horizons.every((horizon) => horizon <= from)) return true
  return cover(from, end).every(({ level, first }) => startOf(level, first) >= (horizons[level] ?? 0))
}

/** The exact range whose ends are nearest to those of [from, end), if there is one beside them. */
export function nearestExact(
  horizons: Horizons,
  from: number,
  end: number,
): { readonly from: number; readonly end: number } | undefined {
  let nearest: { from: number; end: number } | undefined
  let least = Number.POSITIVE_INFINITY
  for (const start of boundariesNear(horizons, from)) {
    for (const stop of boundariesNear(horizons, end)) {
      const distance = Math.abs(start - from) + Math.abs(stop - end)
      if (start >= stop || distance >= least || !isExact(horizons, start, stop)) continue
      least = distance
      nearest = { from: start, end: stop }
    }
  }
  return nearest
}

function boundariesNear(horizons: Horizons, second: number): Set<number> {
  const levels = ALL_LEVELS.flatMap((level: Level) => [
    startOf(level, bucketOf(level, second)),
    startAtOrAfter(level, second),
    horizons[level] ?? 0,
  ])
  return new Set(levels.filter((boundary) => boundary <= LAST_SECOND))
}
