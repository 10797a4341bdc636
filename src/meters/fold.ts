import { createHash } from 'node:crypto'
import type { LogRecord, Position } from '../log/port.ts'
import { Amounts } from './amounts.ts'
import { type Declaration, MAX_ENTITIES, MAX_METERS, MAX_SERIES } from './declaration.ts'
import { addMember } from './members.ts'
import { decodeMeter, encodeMeter, expire, type Meter, newMeter } from './meter.ts'
import {
  entityFact,
  entityNameFact,
  feedersFact,
  keyFact,
  METERS,
  meterFact,
  seriesFact,
  valueFact,
  valueNameFact,
  windowsFact,
} from './names.ts'
import { type Change, entitiesOf, type Fact, type MeterStore, type Sheet, seriesOf } from './port.ts'
import { decodeMeterRecord, MeterRecordType, WriteKind, type Written } from './records.ts'
import { isExact } from './retention.ts'
import { placeTotal, type Window } from './totals.ts'
import { type Outcome, type Refusal, refused } from './verdicts.ts'

/** For how long a key is remembered, by the stream's time. */
export const KEY_KEPT_MS = 24 * 3600 * 1000
/** Names of entities whose numbers are kept in memory; the rest is read from the store. */
const MAX_CACHED_ENTITIES = 1 << 20
const MOST = 2n ** 63n - 1n

interface Row {
  readonly meter: Meter
  readonly entity: number
  /** 0 where the meter has no dimensions. */
  readonly series: number
}

/** What a record changes, put aside until all of it is known to be right. */
interface Undo {
  readonly meters: ReadonlyMap<Meter, Meter>
  readonly counts: ReadonlyMap<Amounts, number>
}

/**
 * The fold of the `meters` stream. It decides from the stream alone, in its order: a record is applied whole or
 * refused whole. What it makes waits in memory until `take` hands it to the store; the store's sums and what waits
 * are what a total is measured against, so the verdicts do not depend on when that is.
 */
export class MeterFold {
  readonly meters = new Map<string, Meter>()
  readonly #store: MeterStore
  #position: Position
  /** The latest time that a record carried. */
  timeMs: number
  #facts = new Map<string, Fact>()
  #amounts = new Map<Sheet, Amounts>()
  readonly #changed = new Set<Meter>()
  readonly #entities = new Map<string, number>()

  private constructor(store: MeterStore) {
    this.#store = store
    this.#position = store.position
    this.timeMs = store.timeMs
  }

  static async open(store: MeterStore): Promise<MeterFold> {
    const fold = new MeterFold(store)
    for (const { value } of await store.list(METERS, MAX_METERS)) {
      const meter = decodeMeter(value)
      fold.meters.set(meter.declaration.name, meter)
    }
    return fold
  }

  /** Amounts that wait for `take`. */
  get waiting(): number {
    let count = 0
    for (const amounts of this.#amounts.values()) count += amounts.count
    return count
  }

  get position(): Position {
    return this.#position
  }

  /** All since the last `take`, for the store. */
  take(): Change {
    for (const meter of this.meters.values()) {
      if (expire(meter, this.timeMs)) this.#changed.add(meter)
    }
    const horizons = new Map(
      [...this.#changed].flatMap((meter) => [
        [entitiesOf(meter.number), meter.horizons] as const,
        [seriesOf(meter.number), meter.horizons] as const,
      ]),
    )
    for (const meter of this.#changed) {
      this.#facts.set(meterFact(meter.declaration.name), { value: encodeMeter(meter) })
    }
    const change: Change = {
      after: this.#store.position,
      position: this.#position,
      timeMs: this.timeMs,
      facts: this.#facts,
      amounts: this.#amounts,
      horizons,
    }
    this.#facts = new Map()
    this.#amounts = new Map()
    this.#changed.clear()
    return change
  }

  /** Goes to a position of the stream that is fed from, and to the time there. */
  advance(position: Position, timeMs: number): void {
    this.#position = position
    this.timeMs = Math.max(this.timeMs, timeMs)
  }

  /**
   * Writes what another stream than that of the meters says: all of it or nothing, and why. Its key is not looked at.
   * Errors: those of the store; the fold is not to be used again then.
   */
  apply(position: Position, timeMs: number, written: Written): Promise<Refusal | null> {
    this.advance(position, timeMs)
    return this.#write(written)
  }

  /** What the feeder of this fold keeps beside the amounts, as `set` left it. Errors: those of the store. */
  async fact(key: string): Promise<Uint8Array | undefined> {
    return this.#fact(feedersFact(key))
  }

  /** Of many keys, in their order; of those that are not staged with one read. */
  async facts(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const own = keys.map(feedersFact)
    const unknown = own.filter((key) => !this.#facts.has(key))
    const stored = unknown.length === 0 ? [] : await this.#store.facts(unknown)
    const read = new Map(unknown.map((key, i) => [key, stored[i]]))
    return own.map((key) => this.#facts.get(key)?.value ?? read.get(key))
  }

  /** Goes to the store with the next `take`. @param value null: to be removed */
  set(key: string, value: Uint8Array | null): void {
    this.#facts.set(feedersFact(key), { value })
  }

  /** Errors: `newer-version`, `corrupt`, those of the store. After an error the fold is not to be used again. */
  async fold(record: LogRecord): Promise<Outcome> {
    const decoded = decodeMeterRecord(record.type, record.body)
    this.advance(record.position, record.timeMs)
    if (decoded.type === MeterRecordType.declared) {
      return { position: record.position, refusal: this.declare(decoded.body) }
    }
    const { key } = decoded.body
    if (key === '') return { position: record.position, refusal: await this.#write(decoded.body) }
    const hash = createHash('sha256').update(record.body).digest('base64')
    const known = await this.#keyOutcome(key)
    if (known !== undefined) {
      if (known.hash === hash) return known.outcome
      return { position: record.position, refusal: refused('key-conflict') }
    }
    const outcome: Outcome = { position: record.position, refusal: await this.#write(decoded.body) }
    const untilMs = this.timeMs + KEY_KEPT_MS
    this.#facts.set(keyFact(key), { value: Buffer.from(JSON.stringify({ hash, outcome, untilMs })), untilMs })
    return outcome
  }

  async #keyOutcome(key: string): Promise<{ hash: string; outcome: Outcome } | undefined> {
    const bytes = await this.#fact(keyFact(key))
    if (bytes === undefined) return undefined
    // Our own bytes, written in fold.
    const known = JSON.parse(Buffer.from(bytes).toString()) as {
      hash: string
      outcome: Outcome
      untilMs: number
    }
    return known.untilMs < this.timeMs ? undefined : known
  }

  async #fact(key: string): Promise<Uint8Array | undefined> {
    const fresh = this.#facts.get(key)
    if (fresh !== undefined) return fresh.value ?? undefined
    return (await this.#store.facts([key]))[0]
  }

  /** Makes a meter or changes what it keeps and takes. */
  declare(declaration: Declaration): Refusal | null {
    const known = this.meters.get(declaration.name)
    if (known === undefined) {
      if (this.meters.size >= MAX_METERS) return refused('too-many-meters')
      const meter = newMeter(this.meters.size + 1, declaration)
      this.meters.set(declaration.name, meter)
      this.#changed.add(meter)
      return null
    }
    const isSame = known.declaration.dimensions.join('/') === declaration.dimensions.join('/')
    if (!isSame) return refused('other-dimensions')
    expire(known, this.timeMs)
    known.declaration = declaration
    this.#changed.add(known)
    return null
  }

  async #write(body: Written): Promise<Refusal | null> {
    const refusal = this.#refusalOf(body)
    if (refusal !== null) return refusal
    const undo = this.#undoFor(body)
    const facts = new Map<string, Fact>()
    const rows = await this.#rowsOf(body, facts)
    const late = 'reason' in rows ? rows : await this.#apply(body, rows, facts)
    if (late === null) {
      for (const [key, fact] of facts) this.#facts.set(key, fact)
      for (const meter of undo.meters.keys()) this.#changed.add(meter)
      return null
    }
    for (const [meter, before] of undo.meters) Object.assign(meter, before)
    for (const amounts of this.#amounts.values()) amounts.cutTo(undo.counts.get(amounts) ?? 0)
    for (const key of facts.keys()) this.#entities.delete(key)
    return late
  }

  #undoFor({ meter, names }: Written): Undo {
    const meters = new Map<Meter, Meter>()
    for (const index of new Set(meter)) {
      const known = this.meters.get(names[index] ?? '')
      if (known !== undefined) meters.set(known, { ...known, values: [...known.values] })
    }
    return { meters, counts: new Map([...this.#amounts.values()].map((each) => [each, each.count])) }
  }

  /** What can be said of each write without the others. */
  #refusalOf(body: Written): Refusal | null {
    const nowSecond = Math.floor(this.timeMs / 1000)
    const known = new Map<number, Meter | undefined>()
    let totals = 0
    for (let i = 0; i < body.count; i++) {
      const name = body.meter[i] ?? 0
      if (!known.has(name)) {
        const found = this.meters.get(body.names[name] ?? '')
        if (found !== undefined && expire(found, this.timeMs)) this.#changed.add(found)
        known.set(name, found)
      }
      const meter = known.get(name)
      if (meter === undefined) return refused('unknown-meter', i)
      const { dimensions, lateSeconds, futureSeconds } = meter.declaration
      if (body.dimensions[i] !== dimensions.length) return refused('wrong-dimensions', i)
      const second = body.second[i] ?? 0
      const isTotal = body.kind[i] === WriteKind.total
      const from = isTotal ? (body.from[totals++] ?? 0) : second
      if (from < nowSecond - lateSeconds) return refused('too-late', i)
      if (second > nowSecond + futureSeconds) return refused('too-early', i)
      if (isTotal && !isExact(meter.horizons, from, second + 1)) return refused('expired', i)
    }
    return null
  }

  /** The rows of the writes; who is new gets the next number. */
  async #rowsOf(body: Written, facts: Map<string, Fact>): Promise<Row[] | Refusal> {
    const rows: Row[] = []
    const known = new Map<string | number, Row>()
    let valueAt = 0
    for (let i = 0; i < body.count; i++) {
      const width = body.dimensions[i] ?? 0
      const at = (body.meter[i] ?? 0) * 0x10000 + (body.entity[i] ?? 0)
      const key = width === 0 ? at : `${at}/${body.values.subarray(valueAt, valueAt + width).join('/')}`
      let row = known.get(key)
      if (row === undefined) {
        const found = await this.#rowOf(body, i, valueAt, facts)
        if (found === undefined) return refused('too-many-rows', i)
        row = found
        known.set(key, row)
      }
      rows.push(row)
      valueAt += width
    }
    return rows
  }

  async #rowOf(
    body: Written,
    i: number,
    valueAt: number,
    facts: Map<string, Fact>,
  ): Promise<Row | undefined> {
    const { names } = body
    const meter = this.meters.get(names[body.meter[i] ?? 0] ?? '')
    if (meter === undefined) return undefined
    const name = names[body.entity[i] ?? 0] ?? ''
    const entity = await this.#numberOf(entityFact(meter.number, name), facts, () => {
      if (meter.entities >= MAX_ENTITIES) return undefined
      meter.entities += 1
      facts.set(entityNameFact(meter.number, meter.entities), { value: Buffer.from(name) })
      return meter.entities
    })
    if (entity === undefined) return undefined
    const width = body.dimensions[i] ?? 0
    if (width === 0) return { meter, entity, series: 0 }
    const values: number[] = []
    for (let dimension = 0; dimension < width; dimension++) {
      const value = names[body.values[valueAt + dimension] ?? 0] ?? ''
      const number = await this.#numberOf(valueFact(meter.number, dimension, value), facts, () => {
        const next = (meter.values[dimension] ?? 0) + 1
        meter.values[dimension] = next
        facts.set(valueNameFact(meter.number, dimension, next), { value: Buffer.from(value) })
        return next
      })
      values.push(number ?? 0)
    }
    let isNew = false
    const series = await this.#numberOf(seriesFact(meter.number, entity, values), facts, () => {
      if (meter.series >= MAX_SERIES) return undefined
      isNew = true
      meter.series += 1
      return meter.series
    })
    if (series === undefined) return undefined
    if (isNew) {
      await addMember(
        meter.number,
        series,
        [entity, ...values],
        async (key) => this.#staged(key, facts),
        facts,
      )
    }
    return { meter, entity, series }
  }

  #staged(key: string, facts: ReadonlyMap<string, Fact>): Promise<Uint8Array | undefined> {
    const staged = facts.get(key)
    return staged === undefined ? this.#fact(key) : Promise.resolve(staged.value ?? undefined)
  }

  async #numberOf(
    key: string,
    facts: Map<string, Fact>,
    next: () => number | undefined,
  ): Promise<number | undefined> {
    const cached = this.#entities.get(key)
    if (cached !== undefined) return cached
    const stored = await this.#staged(key, facts)
    const number = stored === undefined ? next() : Buffer.from(stored).readUInt32LE()
    if (number === undefined) return undefined
    if (stored === undefined) facts.set(key, { value: numberBytes(number) })
    if (this.#entities.size >= MAX_CACHED_ENTITIES) this.#entities.clear()
    this.#entities.set(key, number)
    return number
  }

  async #apply(body: Written, rows: readonly Row[], facts: Map<string, Fact>): Promise<Refusal | null> {
    let totals = 0
    for (let i = 0; i < body.count; i++) {
      const row = rows[i]
      if (row === undefined) break
      const amount = body.amounts[i] ?? 0
      const second = body.second[i] ?? 0
      const isTotal = body.kind[i] === WriteKind.total
      const fits = isTotal
        ? await this.#total(row, { from: body.from[totals++] ?? 0, end: second + 1 }, BigInt(amount), facts)
        : this.#add(row, second, amount)
      if (!fits) return refused('overflow', i)
    }
    return null
  }

  /** False where the sums could outgrow 64 bits. */
  #add({ meter, entity, series }: Row, second: number, amount: number | bigint): boolean {
    if (amount === 0 || amount === 0n) return true
    meter.gross += amount < 0 ? -BigInt(amount) : BigInt(amount)
    if (meter.gross > MOST) return false
    this.#amountsOf(entitiesOf(meter.number)).add(entity, second, amount)
    if (series > 0) this.#amountsOf(seriesOf(meter.number)).add(series, second, amount)
    return true
  }

  #amountsOf(sheet: Sheet): Amounts {
    const known = this.#amounts.get(sheet)
    if (known !== undefined) return known
    const amounts = new Amounts()
    this.#amounts.set(sheet, amounts)
    return amounts
  }

  async #total(row: Row, window: Window, value: bigint, facts: Map<string, Fact>): Promise<boolean> {
    const { meter, entity, series } = row
    const [sheet, number] = series > 0 ? [seriesOf(meter.number), series] : [entitiesOf(meter.number), entity]
    const stored = await this.#store.sum(sheet, number, window.from, window.end)
    const missing = value - stored - this.#amountsOf(sheet).sum(number, window.from, window.end)
    const key = windowsFact(sheet, number)
    const before = decodeWindows(await this.#staged(key, facts))
    const settledBefore = Math.floor(this.timeMs / 1000) - meter.declaration.lateSeconds
    const { inForce, landings } = placeTotal(before, window, settledBefore)
    facts.set(key, { value: encodeWindows(inForce) })
    return landings.every(({ second, sign }) => this.#add(row, second, BigInt(sign) * missing))
  }
}

function numberBytes(number: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes
}

/** from u32, end u32, of each window. */
function encodeWindows(windows: readonly Window[]): Uint8Array {
  const bytes = Buffer.alloc(windows.length * 8)
  for (const [i, { from, end }] of windows.entries()) {
    bytes.writeUInt32LE(from, i * 8)
    bytes.writeUInt32LE(end, i * 8 + 4)
  }
  return bytes
}

function decodeWindows(bytes: Uint8Array | undefined): Window[] {
  if (bytes === undefined) return []
  const stored = Buffer.from(bytes)
  return Array.from({ length: stored.length / 8 }, (_, i) => ({
    from: stored.readUInt32LE(i * 8),
    end: stored.readUInt32LE(i * 8 + 4),
  }))
}
