/** What a visitor looks at, as the address of the page keeps it: a link shows the same. Pure. */
import { isZone } from './local-time.ts'
import { isSpan, QUICK, type Quick, type Shown, type Span } from './spans.ts'
import { UNITS, type Unit } from './units.ts'

export interface Asked {
  /** What is ranked; undefined: the first that there is. */
  readonly measure: string | undefined
  /** What the chart goes over. */
  readonly shown: Shown
  /** What was chosen on it; undefined: all that it shows. */
  readonly span: Span | undefined
  readonly unit: Unit | undefined
  /** Undefined: the browser's own. */
  readonly zone: string | undefined
  /** Whose series, rank and streak. */
  readonly who: string | undefined
  /** Boards beside this one. */
  readonly versus: readonly string[]
  /** With what the leaderboard is compared: what came right before, or another span. */
  readonly earlier: 'before' | Span | undefined
  /** What the sums are broken down by. */
  readonly dimension: string | undefined
  /** Only what has these values. */
  readonly where: Readonly<Record<string, string>>
  /** How many of the leaderboard. */
  readonly places: number
}

export const NOTHING_ASKED: Asked = {
  measure: undefined,
  shown: 'all',
  span: undefined,
  unit: undefined,
  zone: undefined,
  who: undefined,
  versus: [],
  earlier: undefined,
  dimension: undefined,
  where: {},
  places: 10,
}

export const PLACES = [10, 100, 1000]
/** Beside this one; as many as there are lines to tell apart. */
export const MOST_VERSUS = 5
const WHERE = 'where.'

/** What makes no sense is as if it were not there. */
export function askedOf(search: string): Asked {
  const query = new URLSearchParams(search)
  const text = (name: string): string | undefined => query.get(name) || undefined
  const zone = text('zone')
  const earlier = query.get('earlier')
  return {
    measure: text('measure'),
    shown: shownOf(query.get('show')),
    span: spanOfText(query.get('span')),
    unit: UNITS.find((unit) => unit === query.get('by')),
    zone: zone !== undefined && isZone(zone) ? zone : undefined,
    who: query.get('who') ?? undefined,
    versus: [...new Set(query.getAll('versus').filter(Boolean))].slice(0, MOST_VERSUS),
    earlier: earlier === 'before' ? 'before' : spanOfText(earlier),
    dimension: text('dimension'),
    where: Object.fromEntries(
      [...query]
        .filter(([name]) => name.startsWith(WHERE))
        .map(([name, value]) => [name.slice(WHERE.length), value]),
    ),
    places: PLACES.find((places) => String(places) === query.get('places')) ?? NOTHING_ASKED.places,
  }
}

/** The inverse of {@link askedOf}; empty where nothing is asked. */
export function searchOf(asked: Asked): string {
  const query = new URLSearchParams()
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined) query.append(name, value)
  }
  set('measure', asked.measure)
  set('show', typeof asked.shown === 'object' ? textOf(asked.shown) : quickText(asked.shown))
  set('span', asked.span && textOf(asked.span))
  set('by', asked.unit)
  set('zone', asked.zone)
  set('who', asked.who)
  for (const board of asked.versus) set('versus', board)
  set('earlier', typeof asked.earlier === 'object' ? textOf(asked.earlier) : asked.earlier)
  set('dimension', asked.dimension)
  for (const [dimension, value] of Object.entries(asked.where)) set(WHERE + dimension, value)
  if (asked.places !== NOTHING_ASKED.places) set('places', String(asked.places))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

function quickText(quick: Quick): string | undefined {
  return quick === NOTHING_ASKED.shown ? undefined : quick
}

function shownOf(text: string | null): Shown {
  return QUICK.find((quick) => quick === text) ?? spanOfText(text) ?? NOTHING_ASKED.shown
}

function textOf({ from, to }: Span): string {
  return `${from}-${to}`
}

function spanOfText(text: string | null): Span | undefined {
  const match = /^(\d{1,10})-(\d{1,10})$/.exec(text ?? '')
  if (match === null) return undefined
  const span = { from: Number(match[1]), to: Number(match[2]) }
  return isSpan(span) ? span : undefined
}
