import { SpateError } from '../base/errors.ts'
import { LAST_SECOND } from './calendar.ts'
import type { Declaration } from './declaration.ts'
import type { MeterFold } from './fold.ts'
import { readMembers } from './members.ts'
import type { Meter } from './meter.ts'
import { entityFact, entityNameFact, seriesPrefix, valueFact, valueNameFact } from './names.ts'
import { EVERYTHING, entitiesOf, type MeterStore, seriesOf, type Tally } from './port.ts'
import { around, best, countOf, ranksOf, type Standing, standing } from './ranking.ts'
import { isExact, nearestExact } from './retention.ts'
import { Total } from './vector.ts'
import { checkZone, cutsOf, type Period } from './zone.ts'

export const MAX_ENTITIES_ASKED = 10_000
export const MAX_PARTS = 10_000
export const MAX_PLACES = 10_000
export const MAX_NEIGHBOURS = 100
/** Series of one entity, and values of a dimension, that one question goes through. */
export const MAX_SERIES_ASKED = 10_000

/** Whole seconds, both included. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Dimensions by name, each with the value that it must have. */
export type Filter = Readonly<Record<string, string>>
const NO_FILTER: Filter = {}

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

export interface MeterSummary {
  readonly declaration: Declaration
  /** How many it has seen. */
  readonly entities: number
  readonly series: number
}

interface Asked {
  readonly meter: Meter
  readonly from: number
  readonly end: number
}

/**
 * What can be asked of meters, as of the store's last commit. Sums are exact; a range of which something that it needs
 * has expired is refused (`gone`) with the nearest that is exact. Errors of all: `invalid` for what is no range,
 * `not-found` for a meter that is not there, `too-large` for more than a question may go through, `gone`,
 * `unavailable` while what the store lost is made anew.
 */
export class Questions {
  readonly #fold: MeterFold
  readonly #store: MeterStore

  constructor(fold: MeterFold, store: MeterStore) {
    this.#fold = fold
    this.#store = store
  }

  #asked(name: string, { from, to }: Span): Asked {
    const meter = this.#meter(name)
    const isSpan =
      Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to < LAST_SECOND
    if (!isSpan) throw new SpateError('invalid', 'a range goes from a second since 1970 to one not before it')
    const end = to + 1
    if (!isExact(meter.horizons, from, end)) {
      const nearest = nearestExact(meter.horizons, from, end)
      const advice = nearest === undefined ? '' : `; from ${nearest.from} to ${nearest.end - 1} is exact`
      throw new SpateError('gone', `of this range not everything is kept${advice}`, {
        details: { nearest: nearest === undefined ? null : { from: nearest.from, to: nearest.end - 1 } },
      })
    }
    return { meter, from, end }
  }

  /** In the order in which they were declared. */
  all(): MeterSummary[] {
    return [...this.#fold.meters.values()].map(summaryOf)
  }

  one(name: string): MeterSummary {
    return summaryOf(this.#meter(name))
  }

  #meter(name: string): Meter {
    if (this.#fold.isBehind) {
      throw new SpateError('unavailable', 'the meters were lost where they are kept and are being made anew')
    }
    const meter = this.#fold.meters.get(name)
    if (meter === undefined) throw new SpateError('not-found', `there is no meter ${name}`)
    return meter
  }

  /** @param entity undefined: all together */
  async sum(
    meter: string,
    entity: string | undefined,
    span: Span,
    filter: Filter = NO_FILTER,
  ): Promise<bigint> {
    const asked = this.#asked(meter, span)
    const { from, end } = asked
    if (Object.keys(filter).length > 0) return this.#filteredSum(asked, entity, filter)
    const row = await this.#row(asked.meter, entity)
    return row === undefined ? 0n : this.#store.sum(entitiesOf(asked.meter.number), row, from, end)
  }

  /** For each of the entities, in their order. */
  async sums(meter: string, entities: readonly string[], span: Span, filter?: Filter): Promise<bigint[]> {
    if (entities.length > MAX_ENTITIES_ASKED) throw tooLarge('entities', MAX_ENTITIES_ASKED)
    const sums: bigint[] = []
    for (const entity of entities) sums.push(await this.sum(meter, entity, span, filter))
    return sums
  }

  async #row(meter: Meter, entity: string | undefined): Promise<number | undefined> {
    return entity === undefined ? EVERYTHING : this.#number(entityFact(meter.number, entity))
  }

  async #number(key: string): Promise<number | undefined> {
    const [stored] = await this.#store.facts([key])
    return stored === undefined ? undefined : Buffer.from(stored).readUInt32LE()
  }

  /** The filter's values by dimension; undefined where one never occurred. */
  async #values(meter: Meter, filter: Filter): Promise<Map<number, number> | undefined> {
    const values = new Map<number, number>()
    for (const [name, value] of Object.entries(filter)) {
      const dimension = this.#dimension(meter, name)
      const number = await this.#number(valueFact(meter.number, dimension, value))
      if (number === undefined) return undefined
      values.set(dimension, number)
    }
    return values
  }

  #dimension(meter: Meter, name: string): number {
    const dimension = meter.declaration.dimensions.indexOf(name)
    if (dimension === -1) throw new SpateError('invalid', `the meter has no dimension ${name}`)
    return dimension
  }

  async #filteredSum(asked: Asked, entity: string | undefined, filter: Filter): Promise<bigint> {
    const { meter, from, end } = asked
    const values = await this.#values(meter, filter)
    if (values === undefined) return 0n
    const total = new Total()
    if (entity === undefined) {
      const { sums } = await this.#byEntity(asked, values)
      for (const sum of sums) total.add(sum)
      return total.value
    }
    for (const { row, numbers } of await this.#seriesOf(meter, entity)) {
      if (![...values].every(([dimension, value]) => numbers[dimension] === value)) continue
      total.add(await this.#store.sum(seriesOf(meter.number), row, from, end))
    }
    return total.value
  }

  async #seriesOf(meter: Meter, entity: string): Promise<{ row: number; numbers: number[] }[]> {
    const row = await this.#row(meter, entity)
    if (row === undefined) return []
    const prefix = seriesPrefix(meter.number, row)
    const found = await this.#store.list(prefix, MAX_SERIES_ASKED + 1)
    if (found.length > MAX_SERIES_ASKED) throw tooLarge('series of the entity', MAX_SERIES_ASKED)
    return found.map(({ key, value }) => ({
      row: Buffer.from(value).readUInt32LE(),
      numbers: key.slice(prefix.length).split('/').map(Number),
    }))
  }

  /** The sum of every period in the range, empty ones too; the first and the last may be cut. */
  async series(
    meter: string,
    entity: string | undefined,
    span: Span,
    period: Period,
    zone = 'UTC',
  ): Promise<{ from: number; to: number; sum: bigint }[]> {
    checkZone(zone)
    const asked = this.#asked(meter, span)
    const cuts = cutsOf(zone, period, asked.from, asked.end, MAX_PARTS)
    for (const [i, end] of cuts.entries()) {
      const from = cuts[i - 1]
      if (from !== undefined) this.#asked(meter, { from, to: end - 1 })
    }
    const row = await this.#row(asked.meter, entity)
    const sums = row === undefined ? [] : await this.#store.sums(entitiesOf(asked.meter.number), row, cuts)
    return cuts.slice(1).map((end, i) => ({ from: cuts[i] ?? 0, to: end - 1, sum: sums[i] ?? 0n }))
  }

  /** The sum for each value of a dimension, where it is not 0, the highest first; of equal ones the first seen. */
  async breakdown(
    meter: string,
    entity: string | undefined,
    span: Span,
    dimension: string,
  ): Promise<{ value: string; sum: bigint }[]> {
    const asked = this.#asked(meter, span)
    const at = this.#dimension(asked.meter, dimension)
    const totals = new Map<number, Total>()
    const add = (value: number, sum: number | bigint): void => {
      const total = totals.get(value) ?? new Total()
      total.add(sum)
      totals.set(value, total)
      if (totals.size > MAX_SERIES_ASKED) throw tooLarge('values', MAX_SERIES_ASKED)
    }
    const { number, series } = asked.meter
    if (entity === undefined) {
      const { sums, last } = await this.#store.tally(seriesOf(number), series, asked.from, asked.end)
      const { width, numbers } = await this.#members(asked.meter)
      for (let row = 1; row <= series; row++) {
        if (last[row] !== 0) add(numbers[(row - 1) * width + 1 + at] ?? 0, sums[row] ?? 0)
      }
    } else {
      for (const { row, numbers } of await this.#seriesOf(asked.meter, entity)) {
        const sum = await this.#store.sum(seriesOf(number), row, asked.from, asked.end)
        add(numbers[at] ?? 0, sum)
      }
    }
    const sorted = [...totals]
      .map(([value, total]) => ({ value, sum: total.value }))
      .filter(({ sum }) => sum !== 0n)
      .sort((a, b) => (a.sum === b.sum ? a.value - b.value : a.sum > b.sum ? -1 : 1))
    const names = await this.#names(sorted.map(({ value }) => valueNameFact(number, at, value)))
    return sorted.map(({ sum }, i) => ({ value: names[i] ?? '', sum }))
  }

  async #names(keys: readonly string[]): Promise<string[]> {
    return (await this.#store.facts(keys)).map((bytes) => Buffer.from(bytes ?? new Uint8Array(0)).toString())
  }

  #members(meter: Meter): ReturnType<typeof readMembers> {
    const width = meter.declaration.dimensions.length + 1
    return readMembers(meter.number, meter.series, width, (keys) => this.#store.facts(keys))
  }

  async #tally(asked: Asked, filter: Filter): Promise<Tally> {
    const { meter, from, end } = asked
    if (Object.keys(filter).length === 0) {
      return this.#store.tally(entitiesOf(meter.number), meter.entities, from, end)
    }
    const values = await this.#values(meter, filter)
    if (values === undefined) return { sums: new Float64Array(1), last: new Uint32Array(1) }
    return this.#byEntity(asked, values)
  }

  /** The series that match, summed by entity. */
  async #byEntity({ meter, from, end }: Asked, values: ReadonlyMap<number, number>): Promise<Tally> {
    const { sums, last } = await this.#store.tally(seriesOf(meter.number), meter.series, from, end)
    const { width, numbers } = await this.#members(meter)
    const wanted = [...values]
    const summed = new BigInt64Array(meter.entities + 1)
    const lasts = new Uint32Array(meter.entities + 1)
    for (let row = 1; row <= meter.series; row++) {
      const changed = last[row] ?? 0
      const at = (row - 1) * width
      if (changed === 0 || !wanted.every(([dimension, value]) => numbers[at + 1 + dimension] === value))
        continue
      const entity = numbers[at] ?? 0
      summed[entity] = (summed[entity] ?? 0n) + BigInt(sums[row] ?? 0)
      lasts[entity] = Math.max(lasts[entity] ?? 0, changed)
    }
    return { sums: summed, last: lasts }
  }

  /** The first `most` of all to whom anything happened in the range. */
  async top(meter: string, span: Span, most: number, filter: Filter = NO_FILTER): Promise<Place[]> {
    const asked = this.#asked(meter, span)
    if (most > MAX_PLACES) throw tooLarge('places', MAX_PLACES)
    const tally = await this.#tally(asked, filter)
    return this.#places(
      asked.meter,
      best(tally, most).map((row, i) => standing(tally, row, i + 1)),
    )
  }

  async #places(meter: Meter, standings: readonly Standing[]): Promise<Place[]> {
    const names = await this.#names(standings.map(({ row }) => entityNameFact(meter.number, row)))
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
    const asked = this.#asked(meter, span)
    if (neighbours > MAX_NEIGHBOURS) throw tooLarge('neighbours', MAX_NEIGHBOURS)
    const tally = await this.#tally(asked, filter)
    const row = await this.#row(asked.meter, entity)
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
    const then = this.#asked(meter, earlier)
    const now = await this.top(meter, span, most, filter)
    const tally = await this.#tally(then, filter)
    const rows: number[] = []
    for (const { entity } of now) rows.push((await this.#row(then.meter, entity)) ?? 0)
    const ranks = ranksOf(tally, rows)
    const standings = rows.map((row) => standing(tally, row, ranks.get(row) ?? 0))
    const places = await this.#places(then.meter, standings)
    return now.map((place, i) => ({
      entity: place.entity,
      now: place,
      before: places[i]?.rank === 0 ? undefined : places[i],
    }))
  }

  /** How many entities anything happened to in the range. */
  async distinct(meter: string, span: Span, filter: Filter = NO_FILTER): Promise<number> {
    return countOf(await this.#tally(this.#asked(meter, span), filter))
  }
}

function summaryOf({ declaration, entities, series }: Meter): MeterSummary {
  return { declaration, entities, series }
}

function tooLarge(what: string, most: number): SpateError {
  return new SpateError('too-large', `a question goes through at most ${most} ${what}`)
}
