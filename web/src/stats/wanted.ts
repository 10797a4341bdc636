/** Which questions a page asks for what is looked at: their addresses. Pure. */
import type { Asked } from './asked.ts'
import { basePath, type Measure } from './measures.ts'
import type { Place } from './place.ts'
import { before, type Span } from './spans.ts'
import { stackUnitFor, type Unit, unitOr } from './units.ts'

export interface Looked {
  readonly place: Place
  readonly asked: Asked
  readonly measure: Measure
  /** What the chart goes over. */
  readonly shown: Span
  readonly isShownRolling: boolean
  /** What is ranked: chosen on the chart, else all of it. */
  readonly span: Span
  readonly zone: string
  /** Whose; undefined: nobody's. */
  readonly who: string | undefined
  /** What the sums are broken down by. */
  readonly dimension: string | undefined
}

export interface Wanted {
  readonly unit: Unit
  readonly series: string
  /** What there was before the chart begins, where it shows a level. */
  readonly base: string | undefined
  readonly leaders: string
  /** The same, as long as it is looked at; undefined: it does not change. */
  readonly live: string | undefined
  readonly own: string | undefined
  readonly ownSeries: string | undefined
  readonly ownBase: string | undefined
  readonly ownStreak: string | undefined
  readonly bands: string | undefined
  readonly values: string | undefined
  /** Cells of each colour at the end of the span. */
  readonly area: string | undefined
  readonly versus: readonly string[]
}

/** Places by which it is noticed that something happened. */
const NOTICED = 100
export const NEIGHBOURS = 2
/** More bands than are told apart are one; so many are asked for. */
const MOST_VALUES = 256

type Pairs = readonly (readonly [name: string, value: string | number | undefined])[]

function address(path: string, pairs: Pairs, where: Asked['where'] = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of pairs) if (value !== undefined) query.append(name, String(value))
  for (const [dimension, value] of Object.entries(where)) query.append('where', `${dimension}:${value}`)
  return `${path}?${query}`
}

export function wantedOf(looked: Looked): Wanted {
  const { place, asked, measure, shown, span, zone, who, dimension } = looked
  const base = basePath(place, measure.meter)
  const unit = unitOr(asked.unit, shown)
  const isLevel = measure.kind === 'level'
  const isPresent = looked.isShownRolling && asked.span === undefined
  const ranked = isLevel ? { from: 0, to: span.to } : span
  const range = rangePairs(ranked, isPresent)
  const chart = [...rangePairs(shown, looked.isShownRolling), ['by', unit], ['zone', zone]] as const
  const stacks = [
    ...rangePairs(shown, looked.isShownRolling),
    ['by', stackUnitFor(shown)],
    ['zone', zone],
  ] as const
  const ask = (path: string, pairs: Pairs): string => address(`${base}/${path}`, pairs, asked.where)
  const earlier = earlierOf(looked)
  const streak = [
    ['by', streakUnit(span)],
    ['zone', zone],
  ] as const
  const atStart = shown.from === 0 ? undefined : rangePairs({ from: 0, to: shown.from - 1 }, false)
  const own = who === undefined ? undefined : (['entity', who] as const)
  const placements = basePath(place, place.kind === 'board' ? 'placements' : measure.meter)
  return {
    unit,
    series: ask('series', chart),
    base: isLevel && atStart !== undefined ? ask('sum', atStart) : undefined,
    leaders:
      measure.kind === 'streaks'
        ? ask('streaks', [...range, ...streak, ['limit', asked.places]])
        : earlier === undefined
          ? ask('top', [...range, ['limit', asked.places]])
          : ask('compare', [
              ...range,
              ['beforeFrom', earlier.from],
              ['beforeTo', earlier.to],
              ['limit', asked.places],
            ]),
    live: looked.isShownRolling
      ? ask('live', [
          ...rangePairs(isPresent ? ranked : shown, true),
          ['limit', isLive(looked) ? asked.places : NOTICED],
        ])
      : undefined,
    own: own && ask('rank', [...range, own, ['neighbours', NEIGHBOURS]]),
    ownSeries: own && ask('series', [...chart, own]),
    ownBase: own && isLevel && atStart !== undefined ? ask('sum', [...atStart, own]) : undefined,
    ownStreak:
      own && address(`${placements}/streaks`, [...rangePairs(span, isPresent), ...streak, own], asked.where),
    bands:
      dimension && address(`${placements}/series-by`, [...stacks, ['dimension', dimension]], asked.where),
    values:
      dimension &&
      address(
        `${placements}/breakdown`,
        [...rangePairs(span, isPresent), ['dimension', dimension]],
        asked.where,
      ),
    area:
      place.kind === 'board'
        ? address(`${basePath(place, 'area')}/top`, [
            ...rangePairs({ from: 0, to: span.to }, isPresent),
            ['limit', MOST_VALUES],
          ])
        : undefined,
    versus: asked.versus.map((board) =>
      address(`${basePath({ kind: 'board', board }, measure.meter)}/series`, chart),
    ),
  }
}

/** Whether the live stream says who leads, and not only that something has changed. */
export function isLive({ asked, measure, isShownRolling }: Looked): boolean {
  return (
    isShownRolling && asked.span === undefined && asked.earlier === undefined && measure.kind !== 'streaks'
  )
}

/** With what the present is compared. */
export function earlierOf({ asked, measure, span }: Looked): Span | undefined {
  const { earlier } = asked
  if (earlier === undefined || measure.kind === 'streaks') return undefined
  if (measure.kind === 'flow') return earlier === 'before' ? before(span) : earlier
  // Of a level, what was there at a moment: before the span, or at the end of the other.
  const to = earlier === 'before' ? span.from - 1 : earlier.to
  return to < 0 ? undefined : { from: 0, to }
}

/** What a streak is made of: what the span has some of. */
export function streakUnit({ from, to }: Span): Unit {
  const seconds = to - from + 1
  if (seconds <= 2 * 3600) return 'minute'
  return seconds <= 3 * 86_400 ? 'hour' : 'day'
}

function rangePairs({ from, to }: Span, isPresent: boolean): Pairs {
  return [
    ['from', from],
    ['to', isPresent ? 'now' : to],
  ]
}

/** The question about a series from a later second on. */
export function tailOf(series: string, from: number): string {
  return series.replace(/([?&])from=\d+/, `$1from=${from}`)
}
