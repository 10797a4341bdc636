/** What stands under a chart: a few of its periods, told by what the clocks of the zone show. Pure. */
import type { Local } from './local-clock.ts'
import { offsetsAt } from './local-time.ts'
import type { Span } from './spans.ts'

export interface Tick {
  /** The number of the period at whose beginning it stands. */
  readonly at: number
  readonly words: string
  /** What is only said where it changes: the day, the year. */
  readonly above: string | undefined
}

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

interface Start extends Local {
  /** What the zone's clock shows, as if it were UTC, seconds. */
  readonly clock: number
}

interface Step {
  /** Differs between starts that are not in the same step. */
  readonly key: (start: Start) => number
  readonly words: (start: Start) => string
  readonly above: (start: Start) => string
}

const two = (value: number): string => String(value).padStart(2, '0')
const date = ({ day, month }: Local): string => `${day} ${MONTHS[month - 1]}`
const year = (local: Local): string => String(local.year)

function clockStep(seconds: number): Step {
  return {
    key: ({ clock }) => Math.floor(clock / seconds),
    words: ({ hour, minute, second }) =>
      seconds < MINUTE ? `${two(hour)}:${two(minute)}:${two(second)}` : `${two(hour)}:${two(minute)}`,
    above: date,
  }
}

function dayStep(key: (start: Start) => number): Step {
  return { key, words: date, above: year }
}

function monthStep(months: number): Step {
  const key = (start: Start): number => Math.floor((start.year * 12 + start.month - 1) / months)
  return { key, words: ({ month }) => MONTHS[month - 1] ?? '', above: year }
}

function yearStep(years: number): Step {
  return { key: (start) => Math.floor(start.year / years), words: year, above: () => '' }
}

/** The finest first. */
const STEPS: readonly Step[] = [
  ...[1, 5, 10, 30, MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE].map(clockStep),
  ...[HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR].map(clockStep),
  dayStep(({ clock }) => Math.floor(clock / DAY)),
  dayStep(({ clock }) => Math.floor(clock / DAY / 2)),
  // From Monday: the epoch began on a Thursday.
  dayStep(({ clock }) => Math.floor((clock / DAY + 3) / 7)),
  ...[1, 3].map(monthStep),
  ...[1, 2, 5, 10, 25].map(yearStep),
]

/**
 * At most `most` ticks, at the beginnings of the finest round steps of the zone's calendar for which there is room;
 * told in the coarsest words in which they are the same.
 */
export function ticksOf(parts: readonly Span[], zone: string, most: number): Tick[] {
  const seconds = parts.map(({ from }) => from)
  const starts = offsetsAt(zone, seconds).map((offset, i) => startAt((seconds[i] ?? 0) + offset))
  let finest: readonly number[] | undefined
  let chosen: { readonly step: Step; readonly at: readonly number[] } | undefined
  for (const step of STEPS) {
    const at = beginnings(step, starts, most)
    if (at === undefined) continue
    finest ??= at
    if (at.length < finest.length - 1) break
    if (chosen === undefined || (at.length > 0 && isSameButForACut(at, finest))) chosen = { step, at }
  }
  if (chosen === undefined) return []
  return told(chosen.at.length === 0 ? [0] : chosen.at, starts, chosen.step)
}

/** The periods with which steps begin; undefined where there are more than `most`. */
function beginnings(step: Step, starts: readonly Start[], most: number): number[] | undefined {
  const at: number[] = []
  for (const [i, start] of starts.entries()) {
    if (!isFirst(step, starts[i - 1], start)) continue
    if (at.length === most) return undefined
    at.push(i)
  }
  return at
}

/** Whether they are the same ticks, but for the first period, with which a coarser step does not begin. */
function isSameButForACut(at: readonly number[], finer: readonly number[]): boolean {
  return at.join() === finer.join() || at.join() === finer.slice(1).join()
}

/** Whether a step begins with a period; the first one may be cut. */
function isFirst(step: Step, before: Start | undefined, start: Start): boolean {
  return step.key(before ?? startAt(start.clock - 1)) !== step.key(start)
}

/** @param clock what the zone's clock shows, as if it were UTC */
function startAt(clock: number): Start {
  const date = new Date(clock * 1000)
  return {
    clock,
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  }
}

function told(at: readonly number[], starts: readonly Start[], step: Step): Tick[] {
  let said = ''
  return at.flatMap((i) => {
    const start = starts[i]
    if (start === undefined) return []
    const above = step.above(start)
    const tick = { at: i, words: step.words(start), above: above === said ? undefined : above }
    said = above
    return [tick]
  })
}
