import { createHash } from 'node:crypto'
import { Pace } from '../base/pace.ts'
import type { LogRecord, Position } from '../log/port.ts'
import { Amounts } from './amounts.ts'
import { type Declaration, MAX_METERS, totalsOver } from './declaration.ts'
import { StagedFacts } from './facts.ts'
import { decodeMeter, encodeMeter, expire, type Meter, newMeter } from './meter.ts'
import { feedersFact, keyFact, METERS, meterFact } from './names.ts'
import { type Change, entitiesOf, type MeterStore, type Sheet, seriesOf } from './port.ts'
import { decodeMeterRecord, MeterRecordType, WriteKind, type Written } from './records.ts'
import { isExact, nearestExact } from './retention.ts'
import { type Row, Rows } from './rows.ts'
import { type Said, totalsOf } from './said.ts'
import { placeTotal, type Window } from './totals.ts'
import { type Outcome, type Refusal, refused } from './verdicts.ts'
import { decodeWindows, encodeWindows } from './windows.ts'

/** For how long a key is remembered, by the stream's time. */
export const KEY_KEPT_MS = 24 * 3600 * 1000
const MOST = 2n ** 63n - 1n

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
  readonly #facts: StagedFacts
  readonly #rows: Rows
  #amounts = new Map<Sheet, Amounts>()
  readonly #changed = new Set<Meter>()

  private constructor(store: MeterStore) {
    this.#store = store
    this.#facts = new StagedFacts(store)
    this.#rows = new Rows(this.#facts, store)
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

  /** All since the last `take`, for the store. The fold goes on when it is there. */
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
    this.#facts.keep()
    this.#rows.taken()
    const change: Change = {
      after: this.#store.position,
      position: this.#position,
      timeMs: this.timeMs,
      facts: this.#facts.take(),
      amounts: this.#amounts,
      horizons,
    }
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
  fact(key: string): Promise<Uint8Array | undefined> {
    return this.#facts.get(feedersFact(key))
  }

  /** Of many keys, in their order; of those that are not staged with one read. */
  facts(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#facts.read(keys.map(feedersFact))
  }

  /** Goes to the store with the next `take`. @param value null: to be removed */
  set(key: string, value: Uint8Array | null): void {
    this.#facts.set(feedersFact(key), { value })
    this.#facts.keep()
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
    this.#facts.keep()
    return outcome
  }

  async #keyOutcome(key: string): Promise<{ hash: string; outcome: Outcome } | undefined> {
    const bytes = await this.#facts.get(keyFact(key))
    if (bytes === undefined) return undefined
    // Our own bytes, written in fold.
    const known = JSON.parse(Buffer.from(bytes).toString()) as {
      hash: string
      outcome: Outcome
      untilMs: number
    }
    return known.untilMs < this.timeMs ? undefined : known
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
    const isSame =
      known.declaration.dimensions.join('/') === declaration.dimensions.join('/') &&
      totalsOver(known.declaration) === totalsOver(declaration)
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
    const late = await this.#applyWhole(body)
    if (late === null) {
      this.#facts.keep()
      this.#rows.keep()
      for (const meter of undo.meters.keys()) this.#changed.add(meter)
      return null
    }
    this.#facts.drop()
    this.#rows.drop()
    for (const [meter, before] of undo.meters) Object.assign(meter, before)
    for (const amounts of this.#amounts.values()) amounts.cutTo(undo.counts.get(amounts) ?? 0)
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
      if (isTotal && !isExact(meter.horizons, from, second + 1)) {
        return { ...refused('expired', i), nearest: nearestExact(meter.horizons, from, second + 1) ?? null }
      }
    }
    return null
  }

  async #applyWhole(body: Written): Promise<Refusal | null> {
    const rows = await this.#rows.of(body, this.meters)
    if ('write' in rows) return refused('too-many-rows', rows.write)
    const totals = await totalsOf(body, rows, this.#rows, this.#store)
    if ('write' in totals) return refused('too-many-in-total', totals.write)
    const inForce = await this.#windowsOf(totals)
    const pace = new Pace()
    let total = 0
    for (const [i, row] of rows.entries()) {
      const amount = body.amounts[i] ?? 0
      const said = body.kind[i] === WriteKind.total ? totals[total++] : undefined
      const fits =
        said === undefined
          ? this.#add(row, body.second[i] ?? 0, amount)
          : this.#total(row, said, BigInt(amount), inForce)
      if (!fits) return refused('overflow', i)
      if (said !== undefined) await pace.turn()
    }
    for (const [key, windows] of inForce) this.#facts.set(key, { value: encodeWindows(windows) })
    return null
  }

  /** By the fact that holds them. */
  async #windowsOf(totals: readonly Said[]): Promise<Map<string, readonly Window[]>> {
    const keys = [...new Set(totals.map(({ windows }) => windows))]
    const stored = keys.length === 0 ? [] : await this.#facts.read(keys)
    return new Map(keys.map((key, i) => [key, decodeWindows(stored[i])]))
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

  /** Adds what is missing to the row that the total names. */
  #total(row: Row, said: Said, value: bigint, inForce: Map<string, readonly Window[]>): boolean {
    const { window, sheet, rows } = said
    const waiting = this.#amountsOf(sheet)
    let missing = value - said.stored
    for (const each of rows) missing -= waiting.sum(each, window.from, window.end)
    const settledBefore = Math.floor(this.timeMs / 1000) - row.meter.declaration.lateSeconds
    const placing = placeTotal(inForce.get(said.windows) ?? [], window, settledBefore)
    inForce.set(said.windows, placing.inForce)
    return placing.landings.every(({ second, sign }) => this.#add(row, second, BigInt(sign) * missing))
  }
}
