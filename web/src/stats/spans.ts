/** Arithmetic of spans. Pure. */

/** Whole seconds since 1970, both included. */
export interface Span {
  readonly from: number
  readonly to: number
}

export const QUICK = ['hour', 'day', 'week', 'all'] as const
/** A span that ends now. */
export type Quick = (typeof QUICK)[number]

/** What the chart goes over: a span that ends now, or one that stays. */
export type Shown = Quick | Span

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** The last second that meters hold, 2106. */
const LAST = 2 ** 32 - 2

/** Length, and the part at whose beginning it begins, so that the first bar is a whole one. */
const ROLLING: Readonly<Record<Exclude<Quick, 'all'>, readonly [seconds: number, part: number]>> = {
  hour: [HOUR, MINUTE],
  day: [DAY, HOUR],
  week: [7 * DAY, HOUR],
}

/**
 * @param nowSecond the second that has begun
 * @param firstSecond when anything happened first; undefined: nothing yet
 * @param offset what the zone's clock is ahead of UTC now, seconds: hours begin at odd minutes in some zones
 */
export function spanOf(shown: Shown, nowSecond: number, firstSecond: number | undefined, offset = 0): Span {
  if (typeof shown === 'object') return shown
  if (shown === 'all') {
    const from = Math.min(firstSecond ?? nowSecond - DAY + 1, nowSecond)
    return { from, to: nowSecond }
  }
  const [seconds, part] = ROLLING[shown]
  const begun = Math.floor((nowSecond + offset) / part) * part - offset
  return { from: begun + part - seconds, to: nowSecond }
}

export function isRolling(shown: Shown): shown is Quick {
  return typeof shown === 'string'
}

export function lengthOf({ from, to }: Span): number {
  return to - from + 1
}

/** As long, right before; undefined where that would begin before 1970. */
export function before(span: Span): Span | undefined {
  const from = span.from - lengthOf(span)
  return from < 0 ? undefined : { from, to: span.from - 1 }
}

/** The part of a span that lies in another; undefined: none. */
export function within(span: Span, bounds: Span): Span | undefined {
  const from = Math.max(span.from, bounds.from)
  const to = Math.min(span.to, bounds.to)
  return from <= to ? { from, to } : undefined
}

export function isSame(a: Span | undefined, b: Span | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.from === b.from && a.to === b.to)
}

/** Whether meters can be asked for it. */
export function isSpan({ from, to }: Span): boolean {
  return Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= LAST
}

/** The periods of a chart, by number, that a span touches; undefined: none. */
export function touched(
  span: Span,
  parts: readonly Span[],
): { readonly first: number; readonly last: number } | undefined {
  const first = parts.findIndex(({ to }) => to >= span.from)
  const last = parts.findLastIndex(({ from }) => from <= span.to)
  return first === -1 || last < first ? undefined : { first, last }
}

/** From one period to another, whichever is the earlier; beyond the ends, to the ends. */
export function across(parts: readonly Span[], one: number, other: number): Span | undefined {
  const last = parts.length - 1
  const [a, b] = [one, other].map((i) => Math.min(Math.max(Math.floor(i), 0), last)) as [number, number]
  const from = parts[Math.min(a, b)]?.from
  const to = parts[Math.max(a, b)]?.to
  return from === undefined || to === undefined ? undefined : { from, to }
}

export type Nudge = 'earlier' | 'later' | 'longer' | 'shorter' | 'first' | 'last'

/** What a key makes of the chosen span: moved by a period, made longer or shorter at its end. */
export function nudged(span: Span | undefined, parts: readonly Span[], nudge: Nudge): Span | undefined {
  const end = parts.length - 1
  if (end < 0) return undefined
  const at = span === undefined ? undefined : touched(span, parts)
  if (at === undefined)
    return across(parts, ...(nudge === 'first' ? ([0, 0] as const) : ([end, end] as const)))
  const { first, last } = at
  const length = last - first
  switch (nudge) {
    case 'earlier':
      return across(parts, Math.max(0, first - 1), Math.max(0, first - 1) + length)
    case 'later':
      return across(parts, Math.min(end, last + 1) - length, Math.min(end, last + 1))
    case 'longer':
      return across(parts, first, last + 1)
    case 'shorter':
      return across(parts, first, Math.max(first, last - 1))
    case 'first':
      return across(parts, 0, length)
    case 'last':
      return across(parts, end - length, end)
  }
}
