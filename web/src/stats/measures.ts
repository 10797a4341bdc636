/** What is ranked. Pure. */
import type { Place } from './place.ts'

export interface Measure {
  readonly id: string
  readonly label: string
  /** What its amounts are of. */
  readonly unit: string
  readonly meter: string
  /**
   * What happened in a span; what there is at its end, all that ever happened added up; the longest runs of periods
   * in which something happened.
   */
  readonly kind: 'flow' | 'level' | 'streaks'
}

const BOARD: readonly Measure[] = [
  { id: 'placements', label: 'Placements', unit: 'Placements', meter: 'placements', kind: 'flow' },
  { id: 'cells', label: 'Distinct cells', unit: 'Distinct cells', meter: 'cells', kind: 'flow' },
  { id: 'surviving', label: 'Surviving cells', unit: 'Surviving cells', meter: 'surviving', kind: 'level' },
  { id: 'streaks', label: 'Streaks', unit: 'Placements', meter: 'placements', kind: 'streaks' },
]

export function measuresOf(place: Place): readonly Measure[] {
  if (place.kind === 'board') return BOARD
  const meter = place.kind === 'meter' ? place.meter : ''
  return [
    { id: 'sum', label: 'Sum', unit: 'Sum', meter, kind: 'flow' },
    { id: 'total', label: 'Total so far', unit: 'Total so far', meter, kind: 'level' },
    { id: 'streaks', label: 'Streaks', unit: 'Sum', meter, kind: 'streaks' },
  ]
}

/** The one that is asked for, else the first. */
export function measureOf(place: Place, id: string | undefined): Measure {
  const [first, ...others] = measuresOf(place)
  const measure = others.find((each) => each.id === id) ?? first
  if (measure === undefined) throw new Error('a place has measures')
  return measure
}

/** Where a place's questions about a meter are asked. */
export function basePath(place: Place, meter: string): string {
  const name = encodeURIComponent(meter)
  return place.kind === 'board'
    ? `/api/boards/${encodeURIComponent(place.board)}/meters/${name}`
    : `/api/meters/${name}`
}
