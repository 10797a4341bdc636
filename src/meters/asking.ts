import { SpateError } from '../base/errors.ts'
import { LAST_SECOND } from './calendar.ts'
import { readEntityNames } from './entity-names.ts'
import type { MeterFold } from './fold.ts'
import { type Grouping, grouped, matching } from './grouping.ts'
import { type Members, readMembers } from './members.ts'
import type { Meter } from './meter.ts'
import { entityFact, groupPrefix, valueFact, valueNameFact } from './names.ts'
import { entityRow, nameOfNumber, readNumberedMembers, readNumberedSeries, valueNumber } from './numbered.ts'
import { EVERYTHING, entitiesOf, type MeterStore, seriesOf, type Tally } from './port.ts'
import { isExact, nearestExact } from './retention.ts'
import { checkZone, cutsOf, type Period } from './zone.ts'

export const MAX_PARTS = 10_000
/** Series of one entity, and values of a dimension, that one question goes through. */
export const MAX_SERIES_ASKED = 10_000
/** Sums of series of entities, one for each period, that one question reads. */
export const MAX_SUMS = 1_000_000
/** Series that a question about all entities goes through: some 40 bytes of memory each. */
const MAX_SERIES_READ = 1 << 22
/** Rows of a meter times parts of a span: each takes some nanoseconds. */
const MAX_ROWS_AND_PARTS = 2 ** 29

/** Whole seconds, both included. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Dimensions by name, each with the value that it must have. */
export type Filter = Readonly<Record<string, string>>
export const NO_FILTER: Filter = {}

/** A question about a meter over a range that is exact. */
export interface Asked {
  readonly meter: Meter
  readonly from: number
  readonly end: number
}

/** The values that dimensions must have, by their numbers; undefined where one of them never occurred. */
export type Wanted = ReadonlyMap<number, number> | undefined

const NOTHING: Tally = { sums: new Float64Array(1), last: new Uint32Array(1) }

/** What all questions read: meters, names and rows. Errors: as of `Questions`. */
export class Asking {
  readonly store: MeterStore
  readonly #fold: MeterFold

  constructor(fold: MeterFold, store: MeterStore) {
    this.#fold = fold
    this.store = store
  }

  /** In the order in which they were declared. */
  get meters(): Meter[] {
    this.#check()
    return [...this.#fold.meters.values()]
  }

  meter(name: string): Meter {
    this.#check()
    const meter = this.#fold.meters.get(name)
    if (meter === undefined) throw new SpateError('not-found', `there is no meter ${name}`)
    return meter
  }

  #check(): void {
    if (!this.#fold.isBehind) return
    throw new SpateError('unavailable', 'the meters were lost where they are kept and are being made anew')
  }

  asked(name: string, { from, to }: Span): Asked {
    const meter = this.meter(name)
    const isSpan =
      Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to < LAST_SECOND
    if (!isSpan) throw new SpateError('invalid', 'a range goes from a second since 1970 to one not before it')
    const asked = { meter, from, end: to + 1 }
    checkExact(asked)
    return asked
  }

  /** The parts of a span that calendar periods make, each of them exact. */
  parts(name: string, span: Span, period: Period, zone: string): { asked: Asked; cuts: number[] } {
    checkZone(zone)
    const asked = this.asked(name, span)
    const cuts = cutsOf(zone, period, asked.from, asked.end, MAX_PARTS)
    for (const [i, end] of cuts.entries()) {
      const from = cuts[i - 1]
      if (from !== undefined) checkExact({ meter: asked.meter, from, end })
    }
    return { asked, cuts }
  }

  /** Errors: `too-large` where all of the rows are to be read for too many parts. */
  checkWork(rows: number, parts: number): void {
    if (rows * parts > MAX_ROWS_AND_PARTS) throw tooLarge('rows of a meter times periods', MAX_ROWS_AND_PARTS)
  }

  /** @param entity undefined: all together */
  async row(meter: Meter, entity: string | undefined): Promise<number | undefined> {
    return entity === undefined ? EVERYTHING : (await this.rows(meter, [entity]))[0]
  }

  async rows(meter: Meter, entities: readonly string[]): Promise<(number | undefined)[]> {
    if (meter.declaration.isNumbered) return entities.map(entityRow)
    const stored = await this.store.facts(entities.map((entity) => entityFact(meter.number, entity)))
    return stored.map((bytes) => bytes && Buffer.from(bytes).readUInt32LE())
  }

  async #number(key: string): Promise<number | undefined> {
    const [stored] = await this.store.facts([key])
    return stored === undefined ? undefined : Buffer.from(stored).readUInt32LE()
  }

  dimension(meter: Meter, name: string): number {
    const dimension = meter.declaration.dimensions.indexOf(name)
    if (dimension === -1) throw new SpateError('invalid', `the meter has no dimension ${name}`)
    return dimension
  }

  async wanted(meter: Meter, filter: Filter): Promise<Wanted> {
    const values = new Map<number, number>()
    for (const [name, value] of Object.entries(filter)) {
      const dimension = this.dimension(meter, name)
      const number = meter.declaration.isNumbered
        ? valueNumber(value)
        : await this.#number(valueFact(meter.number, dimension, value))
      if (number === undefined) return undefined
      values.set(dimension, number)
    }
    return values
  }

  /** An entity's series that have the wanted values. */
  async seriesOf(
    meter: Meter,
    entity: string,
    wanted: Wanted,
  ): Promise<{ row: number; numbers: number[] }[]> {
    const row = await this.row(meter, entity)
    const width = meter.declaration.dimensions.length
    if (row === undefined || wanted === undefined || width === 0) return []
    const isWanted = ({ numbers }: { numbers: readonly number[] }): boolean =>
      [...wanted].every(([dimension, value]) => numbers[dimension] === value)
    if (meter.declaration.isNumbered) {
      const series = await readNumberedSeries(meter.number, row, (keys) => this.store.facts(keys))
      return series.map(({ row, value }) => ({ row, numbers: [value] })).filter(isWanted)
    }
    const shared: number[] = []
    for (let value = wanted.get(0); value !== undefined && shared.length < width - 1; ) {
      shared.push(value)
      value = wanted.get(shared.length)
    }
    const prefix = groupPrefix(meter.number, row, shared)
    const found = await this.store.list(prefix, MAX_SERIES_ASKED + 1)
    if (found.length > MAX_SERIES_ASKED) throw tooLarge('series of the entity', MAX_SERIES_ASKED)
    return found
      .map(({ key, value }) => ({
        row: Buffer.from(value).readUInt32LE(),
        numbers: [...shared, ...key.slice(prefix.length).split('/').map(Number)],
      }))
      .filter(isWanted)
  }

  async entityNames(meter: Meter, rows: readonly number[]): Promise<string[]> {
    if (meter.declaration.isNumbered) return rows.map(nameOfNumber)
    return readEntityNames(meter.number, rows, (keys) => this.store.facts(keys))
  }

  async valueNames(meter: Meter, dimension: number, numbers: readonly number[]): Promise<string[]> {
    if (meter.declaration.isNumbered) return numbers.map(nameOfNumber)
    const stored = await this.store.facts(
      numbers.map((number) => valueNameFact(meter.number, dimension, number)),
    )
    return stored.map((bytes) => Buffer.from(bytes ?? new Uint8Array(0)).toString())
  }

  /** Of all series, in their order. Errors: `too-large`. */
  async members(meter: Meter): Promise<Members> {
    if (meter.series > MAX_SERIES_READ) throw tooLarge('series of the meter', MAX_SERIES_READ)
    if (meter.declaration.isNumbered) return readNumberedMembers(meter, (keys) => this.store.facts(keys))
    const width = meter.declaration.dimensions.length + 1
    return readMembers(meter.number, meter.series, width, (keys) => this.store.facts(keys))
  }

  /** How to tally those series by entity that have the wanted values; undefined where that needs no series. */
  async byEntity(meter: Meter, filter: Filter): Promise<Grouping | 'nothing' | undefined> {
    if (Object.keys(filter).length === 0) return undefined
    const wanted = await this.wanted(meter, filter)
    if (wanted === undefined) return 'nothing'
    return matching(await this.members(meter), 0, meter.entities, wanted)
  }

  /** By entity. */
  async tally(asked: Asked, filter: Filter): Promise<Tally> {
    return this.tallyBy(asked, await this.byEntity(asked.meter, filter))
  }

  async tallyBy({ meter, from, end }: Asked, grouping: Grouping | 'nothing' | undefined): Promise<Tally> {
    if (grouping === 'nothing') return NOTHING
    if (grouping === undefined) {
      return this.store.tally(entitiesOf(meter.number), meter.entities, from, end)
    }
    const rows = grouping.groups.length
    return grouped(await this.store.tally(seriesOf(meter.number), rows, from, end), grouping)
  }
}

function checkExact({ meter, from, end }: Asked): void {
  if (isExact(meter.horizons, from, end)) return
  const nearest = nearestExact(meter.horizons, from, end)
  const advice = nearest === undefined ? '' : `; from ${nearest.from} to ${nearest.end - 1} is exact`
  throw new SpateError('gone', `of this range not everything is kept${advice}`, {
    details: { nearest: nearest === undefined ? null : { from: nearest.from, to: nearest.end - 1 } },
  })
}

export function tooLarge(what: string, most: number): SpateError {
  return new SpateError('too-large', `a question goes through at most ${most} ${what}`)
}
