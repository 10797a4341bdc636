import { MAX_ENTITIES, MAX_SERIES, totalsOver } from './declaration.ts'
import { entityNamesRoll, nameItem } from './entity-names.ts'
import type { StagedFacts } from './facts.ts'
import { memberItem, membersRoll } from './members.ts'
import type { Meter } from './meter.ts'
import { entityFact, groupOf, groupPrefix, seriesFact, valueFact, valueNameFact } from './names.ts'
import { entityRow, NumberedSeries, valueNumber } from './numbered.ts'
import type { MeterStore } from './port.ts'
import type { Written } from './records.ts'
import { type Roll, Rolls } from './rolls.ts'

/** Numbers that are kept in memory by name; the rest is read from the store. */
const MAX_CACHED = 1 << 18
/** Series of one total. */
export const MAX_GROUP = 256

export interface Row {
  readonly meter: Meter
  readonly entity: number
  /** 0 where the meter has no dimensions. */
  readonly series: number
  /** The number of the value of each dimension. */
  readonly values: readonly number[]
}

interface Target {
  readonly meter: Meter
  readonly name: string
  readonly values: readonly string[]
  /** The first write to it. */
  readonly write: number
}

/** The write whose row is one too many. */
export interface OneTooMany {
  readonly write: number
}

/**
 * Which row a name stands for. Who is new gets the next number, in the order of the writes; as the facts, these are
 * kept or dropped with the record.
 */
export class Rows {
  readonly #facts: StagedFacts
  readonly #store: MeterStore
  readonly #numbers = new Map<string, number>()
  readonly #rolls: Rolls
  /** By meter. */
  readonly #entityNames = new Map<number, Roll>()
  readonly #members = new Map<number, Roll>()
  readonly #numbered: NumberedSeries
  /** What the record under way names for the first time. */
  #draft: string[] = []
  /** Series that are not in the store yet, by group, where a total may ask for one: of this record, of those before. */
  #draftSeries = new Map<string, number[]>()
  readonly #waitingSeries = new Map<string, number[]>()
  /** Names whose numbers the store may not have: of those that wait, of those in the last commit. */
  #waiting: string[] = []
  #committing: string[] = []

  constructor(facts: StagedFacts, store: MeterStore) {
    this.#facts = facts
    this.#store = store
    this.#rolls = new Rolls(facts)
    this.#numbered = new NumberedSeries(facts)
  }

  /** The row of each write, whose meters are there. */
  async of(body: Written, meters: ReadonlyMap<string, Meter>): Promise<Row[] | OneTooMany> {
    if (this.#numbers.size >= MAX_CACHED) this.#numbers.clear()
    const { targets, indexes } = targetsOf(body, meters)
    await this.#ready(targets)
    const rows: Row[] = []
    let tooMany: OneTooMany | undefined
    for (const target of targets) {
      const row = isNumbered(target) ? rowOfNumbers(target) : this.#rowOf(target)
      if (row === undefined) {
        tooMany = { write: target.write }
        break
      }
      rows.push(row)
    }
    const withDimensions = rows.filter(({ values }) => values.length > 0)
    await this.#numbered.ready(withDimensions.filter(isNumbered))
    const named = withDimensions.filter((row) => !isNumbered(row))
    await this.#know(named.map(({ meter, entity, values }) => seriesFact(meter.number, entity, values)))
    const whole: Row[] = []
    for (const [i, row] of rows.entries()) {
      const series = row.values.length === 0 ? 0 : this.#seriesOf(row)
      if (series === undefined) return { write: targets[i]?.write ?? 0 }
      whole.push({ ...row, series })
    }
    if (tooMany !== undefined) return tooMany
    return Array.from(indexes, (index) => whole[index] as Row)
  }

  async #ready(targets: readonly Target[]): Promise<void> {
    await this.#know(targets.flatMap((target) => (isNumbered(target) ? [] : namesOf(target))))
    for (const meter of new Set(targets.map((target) => target.meter))) {
      if (meter.declaration.isNumbered) continue
      await this.#rolls.ready(this.#entityNamesOf(meter), meter.entities)
      if (meter.values.length > 0) await this.#rolls.ready(this.#membersOf(meter), meter.series)
    }
  }

  #entityNamesOf({ number }: Meter): Roll {
    const roll = this.#entityNames.get(number) ?? entityNamesRoll(number)
    this.#entityNames.set(number, roll)
    return roll
  }

  #membersOf({ number }: Meter): Roll {
    const roll = this.#members.get(number) ?? membersRoll(number)
    this.#members.set(number, roll)
    return roll
  }

  async #know(keys: readonly string[]): Promise<void> {
    const unknown = keys.filter((key) => !this.#numbers.has(key))
    if (unknown.length === 0) return
    for (const [i, bytes] of (await this.#facts.read(unknown)).entries()) {
      if (bytes !== undefined) this.#numbers.set(unknown[i] ?? '', Buffer.from(bytes).readUInt32LE())
    }
  }

  /** The number that a name has, or gets now. */
  #number(key: string, next: () => number | undefined): number | undefined {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = next()
    if (number === undefined) return undefined
    this.#facts.set(key, { value: numberBytes(number) })
    this.#numbers.set(key, number)
    this.#draft.push(key)
    return number
  }

  /** With the numbers of its entity and values; undefined where there are too many entities. */
  #rowOf({ meter, name, values }: Target): Row | undefined {
    const entity = this.#number(entityFact(meter.number, name), () => {
      if (meter.entities >= MAX_ENTITIES) return undefined
      meter.entities += 1
      this.#rolls.add(this.#entityNamesOf(meter), meter.entities - 1, nameItem(name))
      return meter.entities
    })
    if (entity === undefined) return undefined
    const numbers = values.map((value, dimension) => {
      const number = this.#number(valueFact(meter.number, dimension, value), () => {
        const next = (meter.values[dimension] ?? 0) + 1
        meter.values[dimension] = next
        this.#facts.set(valueNameFact(meter.number, dimension, next), { value: Buffer.from(value) })
        return next
      })
      return number ?? 0
    })
    return { meter, entity, series: 0, values: numbers }
  }

  #seriesOf({ meter, entity, values }: Row): number | undefined {
    if (meter.declaration.isNumbered) return this.#numbered.of(meter, entity, values[0] ?? 0)
    const before = meter.series
    const series = this.#number(seriesFact(meter.number, entity, values), () => {
      if (meter.series >= MAX_SERIES) return undefined
      meter.series += 1
      return meter.series
    })
    if (series === undefined || meter.series === before) return series
    this.#rolls.add(this.#membersOf(meter), series - 1, memberItem([entity, ...values]))
    const width = totalsOver(meter.declaration)
    if (width > 0 && width < values.length) {
      addTo(this.#draftSeries, groupOf(meter.number, entity, values.slice(0, width)), series)
    }
    return series
  }

  /** All series that share the row's first values; undefined where they are more than a total takes. */
  async group({ meter, entity, values }: Row, width: number): Promise<number[] | undefined> {
    const shared = values.slice(0, width)
    const stored = await this.#store.list(groupPrefix(meter.number, entity, shared), MAX_GROUP + 1)
    const group = groupOf(meter.number, entity, shared)
    const series = new Set([
      ...stored.map(({ value }) => Buffer.from(value).readUInt32LE()),
      ...(this.#waitingSeries.get(group) ?? []),
      ...(this.#draftSeries.get(group) ?? []),
    ])
    return series.size > MAX_GROUP ? undefined : [...series]
  }

  keep(): void {
    this.#rolls.keep()
    this.#numbered.keep()
    for (const [group, series] of this.#draftSeries) {
      for (const each of series) addTo(this.#waitingSeries, group, each)
    }
    for (const key of this.#draft) this.#waiting.push(key)
    this.#draft = []
    this.#draftSeries = new Map()
  }

  drop(): void {
    this.#rolls.drop()
    this.#numbered.drop()
    for (const key of this.#draft) this.#numbers.delete(key)
    this.#draft = []
    this.#draftSeries = new Map()
  }

  /** Puts what waits into what goes to the store next. */
  stage(): void {
    this.#rolls.stage()
    this.#numbered.stage()
  }

  /** What waited is in a commit, after which the fold goes on. */
  taken(): void {
    this.#committing = this.#waiting
    this.#waiting = []
    this.#waitingSeries.clear()
  }

  /** Forgets what the store may not have. @param isFurther whether it has all that it ever had */
  reopen(isFurther: boolean): void {
    this.drop()
    this.#rolls.reopen()
    this.#numbered.reopen()
    if (!isFurther) this.#numbers.clear()
    for (const keys of [this.#waiting, this.#committing]) {
      for (const key of keys) this.#numbers.delete(key)
    }
    this.taken()
  }
}

function addTo(series: Map<string, number[]>, group: string, added: number): void {
  const known = series.get(group)
  if (known === undefined) series.set(group, [added])
  else known.push(added)
}

/** What is written to, each once, and for each write which of them. */
function targetsOf(
  body: Written,
  meters: ReadonlyMap<string, Meter>,
): { targets: Target[]; indexes: Uint32Array } {
  const { names, values, count } = body
  const targets: Target[] = []
  const indexes = new Uint32Array(count)
  const known = new Map<string | number, number>()
  let valueAt = 0
  for (let i = 0; i < count; i++) {
    const width = body.dimensions[i] ?? 0
    const at = (body.meter[i] ?? 0) * 0x10000 + (body.entity[i] ?? 0)
    const own = values.subarray(valueAt, valueAt + width)
    valueAt += width
    const key = width === 0 ? at : `${at}/${own.join('/')}`
    const index = known.get(key)
    if (index !== undefined) {
      indexes[i] = index
      continue
    }
    const meter = meters.get(names[body.meter[i] ?? 0] ?? '')
    if (meter === undefined) throw new RangeError('a write to a meter that is not there')
    indexes[i] = targets.length
    known.set(key, targets.length)
    targets.push({
      meter,
      name: names[body.entity[i] ?? 0] ?? '',
      values: Array.from(own, (value) => names[value] ?? ''),
      write: i,
    })
  }
  return { targets, indexes }
}

function isNumbered({ meter }: Pick<Row, 'meter'>): boolean {
  return meter.declaration.isNumbered === true
}

/** Undefined where a number is none or too high. */
function rowOfNumbers({ meter, name, values }: Target): Row | undefined {
  const entity = entityRow(name)
  if (entity === undefined) return undefined
  const numbers: number[] = []
  for (const [dimension, value] of values.entries()) {
    const number = valueNumber(value)
    if (number === undefined) return undefined
    if (number > (meter.values[dimension] ?? 0)) meter.values[dimension] = number
    numbers.push(number)
  }
  if (entity > meter.entities) meter.entities = entity
  return { meter, entity, series: 0, values: numbers }
}

function namesOf({ meter, name, values }: Target): string[] {
  return [
    entityFact(meter.number, name),
    ...values.map((value, dimension) => valueFact(meter.number, dimension, value)),
  ]
}

function numberBytes(number: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes
}
