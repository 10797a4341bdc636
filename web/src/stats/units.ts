/** Which periods a chart is made of. Pure. */
import { lengthOf, type Span } from './spans.ts'

export const UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const
export type Unit = (typeof UNITS)[number]

const SECONDS: Readonly<Record<Unit, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 2_629_746,
  year: 31_556_952,
}

/** Bars that are told apart on a wide screen; a year has its days. */
const MOST_BARS = 400
const MOST_STACKS = 60
/** What is drawn at all; a question goes through 10,000. */
const MOST_PARTS = 4000

/** The finest with which a span has at most 400 bars. */
export function unitFor(span: Span): Unit {
  return finest(span, MOST_BARS)
}

/** For stacks beside other things, of which each has several colours. */
export function stackUnitFor(span: Span): Unit {
  return finest(span, MOST_STACKS)
}

function finest(span: Span, most: number): Unit {
  return UNITS.find((unit) => partsIn(span, unit) <= most) ?? 'year'
}

/** Those from which to choose. */
export function unitsFor(span: Span): Unit[] {
  return UNITS.filter(
    (unit) => partsIn(span, unit) <= MOST_PARTS && (partsIn(span, unit) >= 2 || unit === unitFor(span)),
  )
}

/** The one that is asked for where it can be drawn, else the one that suits. */
export function unitOr(asked: Unit | undefined, span: Span): Unit {
  return asked !== undefined && partsIn(span, asked) <= MOST_PARTS ? asked : unitFor(span)
}

function partsIn(span: Span, unit: Unit): number {
  return lengthOf(span) / SECONDS[unit]
}
