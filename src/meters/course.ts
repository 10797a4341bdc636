/** How sums go over time. */
import { Pace } from '../base/pace.ts'
import { type Asking, type Filter, MAX_SUMS, type Span, tooLarge } from './asking.ts'
import { grouped, matching, together } from './grouping.ts'
import type { Meter } from './meter.ts'
import { entitiesOf, seriesOf } from './port.ts'
import type { Period } from './zone.ts'

/** Sums in an answer. */
const MAX_CELLS = 200_000

export interface Point extends Span {
  readonly sum: bigint
}

export interface ValueSeries {
  readonly periods: readonly Span[]
  /** `sums` by period. */
  readonly values: readonly { readonly value: string; readonly sums: readonly bigint[] }[]
}

export interface Course {
  readonly meter: string
  /** Undefined: all together. */
  readonly entity: string | undefined
  readonly span: Span
  readonly period: Period
  readonly zone: string
  readonly filter: Filter
}

export async function series(asking: Asking, course: Course): Promise<Point[]> {
  const { asked, cuts } = asking.parts(course.meter, course.span, course.period, course.zone)
  const sums = await sumsOf(asking, asked.meter, course, cuts)
  return spansOf(cuts).map((span, i) => ({ ...span, sum: sums[i] ?? 0n }))
}

function spansOf(cuts: readonly number[]): Span[] {
  return cuts.slice(1).map((end, i) => ({ from: cuts[i] ?? 0, to: end - 1 }))
}

async function sumsOf(
  asking: Asking,
  meter: Meter,
  { entity, filter }: Course,
  cuts: readonly number[],
): Promise<readonly bigint[]> {
  if (Object.keys(filter).length === 0) {
    const row = await asking.row(meter, entity)
    return row === undefined ? [] : asking.store.sums(entitiesOf(meter.number), row, cuts)
  }
  const groups = await sumsBy(asking, meter, { entity, filter }, cuts, undefined)
  return groups.get(1) ?? []
}

/** By the value of a dimension, or all as 1: the sums between the cuts. */
async function sumsBy(
  asking: Asking,
  meter: Meter,
  { entity, filter }: Pick<Course, 'entity' | 'filter'>,
  cuts: readonly number[],
  dimension: number | undefined,
): Promise<Map<number, bigint[]>> {
  const found = new Map<number, bigint[]>()
  const wanted = await asking.wanted(meter, filter)
  if (wanted === undefined) return found
  const parts = cuts.length - 1
  const add = (group: number, part: number, sum: bigint): void => {
    if (sum === 0n) return
    let sums = found.get(group)
    if (sums === undefined) {
      sums = new Array<bigint>(parts).fill(0n)
      found.set(group, sums)
      if (found.size * parts > MAX_CELLS) throw tooLarge('sums in an answer', MAX_CELLS)
    }
    sums[part] = (sums[part] ?? 0n) + sum
  }
  const pace = new Pace()
  if (entity !== undefined) {
    const own = await asking.seriesOf(meter, entity, wanted)
    if (own.length * parts > MAX_SUMS) throw tooLarge('series of the entity times periods', MAX_SUMS)
    for (const { row, numbers } of own) {
      const group = dimension === undefined ? 1 : (numbers[dimension] ?? 0)
      const sums = await asking.store.sums(seriesOf(meter.number), row, cuts)
      for (const [part, sum] of sums.entries()) add(group, part, sum)
      await pace.turn()
    }
    return found
  }
  asking.checkWork(meter.series, parts)
  const members = await asking.members(meter)
  const column = (dimension ?? 0) + 1
  const byValue = matching(members, column, meter.values[column - 1] ?? 0, wanted)
  const grouping = dimension === undefined ? together(byValue) : byValue
  for (let part = 0; part < parts; part++) {
    const [from = 0, end = 0] = [cuts[part], cuts[part + 1]]
    const tally = await asking.store.tally(seriesOf(meter.number), grouping.groups.length, from, end)
    const { sums, last } = grouped(tally, grouping)
    for (let group = 1; group < last.length; group++) {
      if (last[group] !== 0) add(group, part, BigInt(sums[group] ?? 0))
    }
    await pace.turn()
  }
  return found
}

/** Of every value that is not 0 everywhere, the highest sum first; of equal ones the first seen. */
export async function breakdownSeries(
  asking: Asking,
  course: Course,
  dimension: string,
): Promise<ValueSeries> {
  const { asked, cuts } = asking.parts(course.meter, course.span, course.period, course.zone)
  const { meter } = asked
  const at = asking.dimension(meter, dimension)
  const sorted = [...(await sumsBy(asking, meter, course, cuts, at))]
    .map(([value, sums]) => ({ value, sums, total: sums.reduce((a, b) => a + b, 0n) }))
    .filter(({ sums }) => sums.some((sum) => sum !== 0n))
    .sort((a, b) => (a.total === b.total ? a.value - b.value : a.total > b.total ? -1 : 1))
  const names = await asking.valueNames(
    meter,
    at,
    sorted.map(({ value }) => value),
  )
  return {
    periods: spansOf(cuts),
    values: sorted.map(({ sums }, i) => ({ value: names[i] ?? '', sums })),
  }
}
