import { Pace } from '../base/pace.ts'
import {
  type Asked,
  Asking,
  type Filter,
  MAX_SERIES_ASKED,
  MAX_SUMS,
  NO_FILTER,
  type Span,
  tooLarge,
  type Wanted,
} from './asking.ts'
import { breakdownSeries, type Point, series, type ValueSeries } from './course.ts'
import type { Declaration } from './declaration.ts'
import type { MeterFold } from './fold.ts'
import { grouped, matching } from './grouping.ts'
import type { Meter } from './meter.ts'
import { entitiesOf, type MeterStore, seriesOf } from './port.ts'
import { around, best, countOf, ranksOf, type Standing, standing } from './ranking.ts'
import { type Run, Runs } from './streaks.ts'
import { Total } from './vector.ts'
import type { Period } from './zone.ts'

export type { Filter, Span } from './asking.ts'

export const MAX_ENTITIES_ASKED = 10_000
export const MAX_PLACES = 10_000
export const MAX_NEIGHBOURS = 100
/** Reads that are under way at once. */
const READ_AT_ONCE = 500

/** What a question has read so far. */
interface Work {
  readonly pace: Pace
  sums: number
}

export interface Place {
  readonly entity: string
  readonly rank: number
  readonly sum: bigint
  /** When it came to this sum. */
  readonly lastSecond: number
}

export interface Movement {
  readonly entity: string
  readonly now: Place
  /** Undefined: nothing had happened to it then. */
  readonly before: Place | undefined
}

/** Periods one after another in each of which something happened. */
export interface Streak extends Span {
  readonly periods: number
}

export interface StreakPlace {
  readonly entity: string
  readonly rank: number
  readonly longest: Streak
  /** That which the range's last period belongs to. */
  readonly current: Streak | undefined
}

/** The first places, or that of one entity. */
export type StreaksOf = { readonly most: number } | { readonly entity: string }

export interface MeterSummary {
  readonly declaration: Declaration
  /** How many it has seen. */
  readonly entities: number
  readonly series: number
}

/**
 * What can be asked of meters, as of the store's last commit. Sums are exact; a range of which something that it needs
 * has expired is refused (`gone`) with the nearest that is exact. Errors of all: `invalid` for what is no range,
 * `not-found` for a meter that is not there, `too-large` for more than a question may go through, `gone`,
 * `unavailable` while what the store lost is made anew.
 */
export class Questions {
  readonly #asking: Asking
  readonly #store: MeterStore

  constructor(fold: MeterFold, store: MeterStore) {
    this.#asking = new Asking(fold, store)
    this.#store = store
  }

  /** In the order in which they were declared. */
  all(): MeterSummary[] {
    return this.#asking.meters.map(summaryOf)
  }

  one(name: string): MeterSummary {
    return summaryOf(this.#asking.meter(name))
  }

  /** @param entity undefined: all together */
  async sum(
    meter: string,
    entity: string | undefined,
    span: Span,
    filter: Filter = NO_FILTER,
  ): Promise<bigint> {
    const asked = this.#asking.asked(meter, span)
    const { from, end } = asked
    if (Object.keys(filter).length > 0) return this.#filteredSum(asked, entity, filter)
    const row = await this.#asking.row(asked.meter, entity)
    return row === undefined ? 0n : this.#store.sum(entitiesOf(asked.meter.number), row, from, end)
  }

  /** For each of the entities, in their order. */
  async sums(
    meter: string,
    entities: readonly string[],
    span: Span,
    filter: Filter = NO_FILTER,
  ): Promise<bigint[]> {
    if (entities.length > MAX_ENTITIES_ASKED) throw tooLarge('entities', MAX_ENTITIES_ASKED)
    const asked = this.#asking.asked(meter, span)
    const work: Work = { pace: new Pace(), sums: 0 }
    const sums: bigint[] = []
    if (Object.keys(filter).length > 0) {
      const wanted = await this.#asking.wanted(asked.meter, filter)
      for (const entity of entities) sums.push(await this.#seriesSum(asked, entity, wanted, work))
      return sums
    }
    const { meter: own, from, end } = asked
    const rows = await this.#asking.rows(own, entities)
    for (let at = 0; at < rows.length; at += READ_AT_ONCE) {
      const some = rows.slice(at, at + READ_AT_ONCE)
      const read = some.map((row) =>
        row === undefined ? 0n : this.#store.sum(entitiesOf(own.number), row, from, end),
      )
      sums.push(...(await Promise.all(read)))
      await work.pace.turn()
    }
    return sums
  }

  async #filteredSum(asked: Asked, entity: string | undefined, filter: Filter): Promise<bigint> {
    if (entity !== undefined) {
      const wanted = await this.#asking.wanted(asked.meter, filter)
      return this.#seriesSum(asked, entity, wanted, { pace: new Pace(), sums: 0 })
    }
    const total = new Total()
    const { sums } = await this.#asking.tally(asked, filter)
    for (const sum of sums) total.add(sum)
    return total.value
  }

  async #seriesSum({ meter, from, end }: Asked, entity: string, wanted: Wanted, work: Work): Promise<bigint> {
    const total = new Total()
    for (const { row } of await this.#asking.seriesOf(meter, entity, wanted)) {
      work.sums += 1
      if (work.sums > MAX_SUMS) throw tooLarge('series of the entities', MAX_SUMS)
      total.add(await this.#store.sum(seriesOf(meter.number), row, from, end))
      await work.pace.turn()
    }
    return total.value
  }

  /** The sum of every period in the range, empty ones too; the first and the last may be cut. */
  series(
    meter: string,
    entity: string | undefined,
    span: Span,
    period: Period,
    zone = 'UTC',
    filter: Filter = NO_FILTER,
  ): Promise<Point[]> {
    return series(this.#asking, { meter, entity, span, period, zone, filter })
  }

  /** The series of each value of a dimension that is not always 0, the highest sum first; of equal ones the first seen. */
  breakdownSeries(
    meter: string,
    entity: string | undefined,
    span: Span,
    period: Period,
    zone: string,
    dimension: string,
    filter: Filter = NO_FILTER,
  ): Promise<ValueSeries> {
    return breakdownSeries(this.#asking, { meter, entity, span, period, zone, filter }, dimension)
  }

  /** The sum for each value of a dimension, where it is not 0, the highest first; of equal ones the first seen. */
  async breakdown(
    meter: string,
    entity: string | undefined,
    span: Span,
    dimension: string,
    filter: Filter = NO_FILTER,
  ): Promise<{ value: string; sum: bigint }[]> {
    const asked = this.#asking.asked(meter, span)
    const at = this.#asking.dimension(asked.meter, dimension)
    const sums = await this.#sumsByValue(asked, entity, at, filter)
    if (sums.size > MAX_SERIES_ASKED) throw tooLarge('values', MAX_SERIES_ASKED)
    const sorted = [...sums]
      .map(([value, total]) => ({ value, sum: total.value }))
      .filter(({ sum }) => sum !== 0n)
      .sort((a, b) => (a.sum === b.sum ? a.value - b.value : a.sum > b.sum ? -1 : 1))
    const names = await this.#asking.valueNames(
      asked.meter,
      at,
      sorted.map(({ value }) => value),
    )
    return sorted.map(({ sum }, i) => ({ value: names[i] ?? '', sum }))
  }

  async #sumsByValue(
    asked: Asked,
    entity: string | undefined,
    dimension: number,
    filter: Filter,
  ): Promise<Map<number, Total>> {
    const { meter, from, end } = asked
    const totals = new Map<number, Total>()
    const add = (value: number, sum: number | bigint): void => {
      const total = totals.get(value) ?? new Total()
      total.add(sum)
      totals.set(value, total)
    }
    const wanted = await this.#asking.wanted(meter, filter)
    if (wanted === undefined) return totals
    if (entity === undefined) {
      const grouping = matching(
        await this.#asking.members(meter),
        dimension + 1,
        meter.values[dimension] ?? 0,
        wanted,
      )
      const { sums, last } = grouped(
        await this.#store.tally(seriesOf(meter.number), grouping.groups.length, from, end),
        grouping,
      )
      for (let value = 1; value < last.length; value++) if (last[value] !== 0) add(value, sums[value] ?? 0)
      return totals
    }
    const pace = new Pace()
    for (const { row, numbers } of await this.#asking.seriesOf(meter, entity, wanted)) {
      add(numbers[dimension] ?? 0, await this.#store.sum(seriesOf(meter.number), row, from, end))
      await pace.turn()
    }
    return totals
  }

  /** The first `most` of all to whom anything happened in the range. */
  async top(meter: string, span: Span, most: number, filter: Filter = NO_FILTER): Promise<Place[]> {
    const asked = this.#asking.asked(meter, span)
    if (most > MAX_PLACES) throw tooLarge('places', MAX_PLACES)
    const tally = await this.#asking.tally(asked, filter)
    return this.#places(
      asked.meter,
      best(tally, most).map((row, i) => standing(tally, row, i + 1)),
    )
  }

  async #places(meter: Meter, standings: readonly Standing[]): Promise<Place[]> {
    const names = await this.#asking.entityNames(
      meter,
      standings.map(({ row }) => row),
    )
    return standings.map(({ rank, sum, lastSecond }, i) => ({
      entity: names[i] ?? '',
      rank,
      sum,
      lastSecond,
    }))
  }

  /** An entity's own place with its neighbours, in order; empty where nothing happened to it in the range. */
  async rank(
    meter: string,
    entity: string,
    span: Span,
    neighbours: number,
    filter: Filter = NO_FILTER,
  ): Promise<Place[]> {
    const asked = this.#asking.asked(meter, span)
    if (neighbours > MAX_NEIGHBOURS) throw tooLarge('neighbours', MAX_NEIGHBOURS)
    const tally = await this.#asking.tally(asked, filter)
    const row = await this.#asking.row(asked.meter, entity)
    if (row === undefined || (tally.last[row] ?? 0) === 0) return []
    const { before, after, ahead } = around(tally, row, neighbours)
    const rows = [...before, row, ...after]
    return this.#places(
      asked.meter,
      rows.map((each, i) => standing(tally, each, ahead + 1 - before.length + i)),
    )
  }

  /** The first `most` of a range, each with its place in an earlier one. */
  async compared(
    meter: string,
    span: Span,
    earlier: Span,
    most: number,
    filter: Filter = NO_FILTER,
  ): Promise<Movement[]> {
    const then = this.#asking.asked(meter, earlier)
    const now = await this.top(meter, span, most, filter)
    const tally = await this.#asking.tally(then, filter)
    const rows: number[] = []
    for (const { entity } of now) rows.push((await this.#asking.row(then.meter, entity)) ?? 0)
    const ranks = ranksOf(tally, rows)
    const standings = rows.map((row) => standing(tally, row, ranks.get(row) ?? 0))
    const places = await this.#places(then.meter, standings)
    return now.map((place, i) => ({
      entity: place.entity,
      now: place,
      before: places[i]?.rank === 0 ? undefined : places[i],
    }))
  }

  /**
   * Those whose longest streak of periods in the range is longest; of equal ones that comes first which was complete
   * earlier, then which came first to the meter. The range's first and last period may be cut. Of one entity: its own
   * place, if anything happened to it.
   */
  async streaks(
    meter: string,
    span: Span,
    period: Period,
    zone: string,
    of: StreaksOf,
    filter: Filter = NO_FILTER,
  ): Promise<StreakPlace[]> {
    if ('most' in of && of.most > MAX_PLACES) throw tooLarge('places', MAX_PLACES)
    const { asked, cuts } = this.#asking.parts(meter, span, period, zone)
    const own = asked.meter
    const grouping = await this.#asking.byEntity(own, filter)
    const rows = grouping === undefined || grouping === 'nothing' ? own.entities : own.series
    this.#asking.checkWork(rows, cuts.length)
    const runs = new Runs(own.entities)
    const pace = new Pace()
    for (let i = 1; i < cuts.length; i++) {
      const part = { meter: own, from: cuts[i - 1] ?? 0, end: cuts[i] ?? 0 }
      runs.add((await this.#asking.tallyBy(part, grouping)).last)
      await pace.turn()
    }
    const streakOf = ({ first, last }: Run): Streak => {
      return { periods: last - first + 1, from: cuts[first] ?? 0, to: (cuts[last + 1] ?? 0) - 1 }
    }
    const places = 'most' in of ? best(runs, of.most).map((row, i) => ({ row, rank: i + 1 })) : []
    if ('entity' in of) {
      const row = (await this.#asking.row(own, of.entity)) ?? 0
      for (const [ranked, rank] of ranksOf(runs, [row])) places.push({ row: ranked, rank })
    }
    const names = await this.#asking.entityNames(
      own,
      places.map(({ row }) => row),
    )
    return places.flatMap(({ row, rank }, i) => {
      const found = runs.of(row)
      if (found === undefined) return []
      const current = found.current && streakOf(found.current)
      return { entity: names[i] ?? '', rank, longest: streakOf(found.longest), current }
    })
  }

  /** How many entities anything happened to in the range. */
  async distinct(meter: string, span: Span, filter: Filter = NO_FILTER): Promise<number> {
    return countOf(await this.#asking.tally(this.#asking.asked(meter, span), filter))
  }
}

function summaryOf({ declaration, entities, series }: Meter): MeterSummary {
  return { declaration, entities, series }
}
