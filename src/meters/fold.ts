import { createHash } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { Pace } from '../base/pace.ts'
import type { LogRecord, Position } from '../log/port.ts'
import { Amounts } from './amounts.ts'
import { type Declaration, MAX_METERS, totalsOver } from './declaration.ts'
import { StagedFacts } from './facts.ts'
import { type GroupTotals, moveTotal, NO_TOTALS } from './group-totals.ts'
import { decodeTotals, encodeTotals } from './group-totals-bytes.ts'
import { decodeMeter, encodeMeter, expire, type Meter, newMeter } from './meter.ts'
import { feedersFact, keyFact, METERS, meterFact, outcomeFact } from './names.ts'
import { type Change, entitiesOf, type MeterStore, type Sheet, seriesOf } from './port.ts'
import {
  decodeMeterRecord,
  keyOfRecord,
  type MeterRecord,
  MeterRecordType,
  WriteKind,
  type Written,
} from './records.ts'
import { isExact, nearestExact } from './retention.ts'
import { type Row, Rows } from './rows.ts'
import { type Said, totalsOf } from './said.ts'
import { encodeOutcome, type Outcome, type Refusal, refused } from './verdicts.ts'

/** For how long keys and refusals are remembered, by the stream's time. */
const KEPT_MS = 24 * 3600 * 1000
const MOST = 2n ** 63n - 1n

/** What a record changes, put aside until all of it is known to be right. */
interface Undo {
  readonly meters: ReadonlyMap<Meter, Meter>
  readonly counts: ReadonlyMap<Amounts, number>
  readonly waiting: number
}

/**
 * The fold of the `meters` stream. It decides from the stream alone, in its order: a record is applied whole or
 * refused whole. What it makes waits in memory until `take` hands it to the store; the store's sums and what waits
 * are what a total is measured against, so the verdicts do not depend on when that is.
 */
export class MeterFold {
  #meters = new Map<string, Meter>()
  readonly #store: MeterStore
  #position: Position
  /** Of the last `take`, or where the fold was opened: where the next one goes on. */
  #taken: Position
  /** The furthest that the store has been seen at. */
  #reached: Position
  /** Of which log the stream is (`originOf`); goes to the store with each commit. */
  origin = ''
  /** The latest time that a record carried. */
  timeMs: number
  readonly #facts: StagedFacts
  readonly #rows: Rows
  #amounts = new Map<Sheet, Amounts>()
  #waiting = 0
  readonly #changed = new Set<Meter>()

  private constructor(store: MeterStore) {
    this.#store = store
    this.#facts = new StagedFacts(store)
    this.#rows = new Rows(this.#facts, store)
    this.#position = store.position
    this.#taken = store.position
    this.#reached = store.position
    this.timeMs = store.timeMs
  }

  /** Errors: those of the store. */
  static async open(store: MeterStore): Promise<MeterFold> {
    const fold = new MeterFold(store)
    await fold.reopen()
    return fold
  }

  /**
   * Throws away what waits and goes on from where the store stands now, wherever that is: where another server has it
   * open, too, this may be further; where it was lost, before. Errors: those of the store.
   */
  async reopen(): Promise<void> {
    await this.#store.refresh()
    this.committed()
    const stored = (await this.#store.list(METERS, MAX_METERS)).map(({ value }) => decodeMeter(value))
    stored.sort((a, b) => a.number - b.number)
    this.#meters = new Map(stored.map((meter) => [meter.declaration.name, meter]))
    const isFurther = this.#store.position >= this.#taken
    this.#position = this.#store.position
    this.#taken = this.#store.position
    this.timeMs = this.#store.timeMs
    this.#facts.reopen()
    this.#rows.reopen(isFurther)
    this.#amounts = new Map()
    this.#waiting = 0
    this.#changed.clear()
  }

  /** What was taken is in the store, so it is not to be lost unnoticed. */
  committed(): void {
    if (this.#store.position > this.#reached) this.#reached = this.#store.position
  }

  get meters(): ReadonlyMap<string, Meter> {
    return this.#meters
  }

  /** Whether the store has lost something that was to be seen before, and it is not made up for yet. */
  get isBehind(): boolean {
    return this.#store.position < this.#reached
  }

  /** Amounts that wait for `take`. */
  get waiting(): number {
    return this.#waiting
  }

  get position(): Position {
    return this.#position
  }

  /** All since the last `take`, for the store. The fold goes on once it is there; else it is to be opened again. */
  take(): Change {
    for (const meter of this.#meters.values()) {
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
    this.#rows.stage()
    this.#facts.keep()
    this.#rows.taken()
    const change: Change = {
      origin: this.origin,
      after: this.#taken,
      position: this.#position,
      timeMs: this.timeMs,
      facts: this.#facts.take(),
      amounts: new Map([...this.#amounts].filter(([, { count }]) => count > 0)),
      horizons,
    }
    this.#taken = this.#position
    this.#amounts = new Map()
    this.#waiting = 0
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
   * Errors: those of the store; the fold is to be opened again then.
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

  /** Reads at once what each of these records would read on its own, for those up to the next `take`. */
  async prefetch(records: readonly LogRecord[]): Promise<void> {
    const keys = records.map(({ type, body }) => keyOfRecord(type, body)).filter((key) => key !== '')
    await this.#facts.prefetch([...new Set(keys)].map(keyFact))
  }

  /** Errors: `newer-version`, `corrupt`, those of the store. After an error the fold is to be opened again. */
  async fold(record: LogRecord): Promise<Outcome> {
    const decoded = decodeMeterRecord(record.type, record.body)
    this.advance(record.position, record.timeMs)
    const outcome = await this.#outcomeOf(record, decoded)
    const stored = encodeOutcome(record.position, outcome)
    if (stored !== undefined) {
      this.#facts.set(outcomeFact(record.position), { value: stored, untilMs: this.timeMs + KEPT_MS })
      this.#facts.keep()
    }
    return outcome
  }

  async #outcomeOf({ position, body: bytes }: LogRecord, { type, body }: MeterRecord): Promise<Outcome> {
    if (type === MeterRecordType.declared) return { position, refusal: this.declare(body) }
    const { key } = body
    if (key === '') return { position, refusal: await this.#write(body) }
    const hash = createHash('sha256').update(bytes).digest('base64')
    const known = await this.#keyOutcome(key)
    if (known !== undefined) {
      return known.hash === hash ? known.outcome : { position, refusal: refused('key-conflict') }
    }
    const outcome: Outcome = { position, refusal: await this.#write(body) }
    const untilMs = this.timeMs + KEPT_MS
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
    const known = this.#meters.get(declaration.name)
    if (known === undefined) {
      if (this.#meters.size >= MAX_METERS) return refused('too-many-meters')
      const meter = newMeter(this.#meters.size + 1, declaration)
      this.#meters.set(declaration.name, meter)
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
    this.#waiting = undo.waiting
    for (const [amounts, count] of undo.counts) amounts.cutTo(count)
    return late
  }

  #undoFor({ meter, names }: Written): Undo {
    const meters = new Map<Meter, Meter>()
    const counts = new Map<Amounts, number>()
    for (const index of new Set(meter)) {
      const known = this.#meters.get(names[index] ?? '')
      if (known === undefined) continue
      meters.set(known, { ...known, values: [...known.values] })
      for (const sheet of [entitiesOf(known.number), seriesOf(known.number)]) {
        const amounts = this.#amountsOf(sheet)
        counts.set(amounts, amounts.count)
      }
    }
    return { meters, counts, waiting: this.#waiting }
  }

  /** What can be said of each write without the others. */
  #refusalOf(body: Written): Refusal | null {
    const nowSecond = Math.floor(this.timeMs / 1000)
    const known = new Map<number, Meter | undefined>()
    let totals = 0
    for (let i = 0; i < body.count; i++) {
      const name = body.meter[i] ?? 0
      if (!known.has(name)) {
        const found = this.#meters.get(body.names[name] ?? '')
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
    const rows = await this.#rows.of(body, this.#meters)
    if ('write' in rows) return refused('too-many-rows', rows.write)
    const totals = await totalsOf(body, rows, this.#rows, this.#store)
    if ('write' in totals) return refused('too-many-in-total', totals.write)
    const groups = await this.#groupsOf(totals)
    const pace = new Pace()
    let total = 0
    for (const [i, row] of rows.entries()) {
      const amount = body.amounts[i] ?? 0
      if (body.kind[i] !== WriteKind.total) {
        if (!this.#add(row, body.second[i] ?? 0, amount)) return refused('overflow', i)
        continue
      }
      const said = totals[total++]
      assert(said !== undefined, 'of each total what it is about is known')
      const reason = this.#total(row, said, BigInt(amount), groups)
      if (reason !== undefined) return refused(reason, i)
      await pace.turn()
    }
    for (const [key, group] of groups) this.#facts.set(key, { value: encodeTotals(group) })
    return null
  }

  /** By the fact that holds it. */
  async #groupsOf(totals: readonly Said[]): Promise<Map<string, GroupTotals>> {
    const keys = [...new Set(totals.map(({ windows }) => windows))]
    const stored = keys.length === 0 ? [] : await this.#facts.read(keys)
    return new Map(keys.map((key, i) => [key, decodeTotals(stored[i])]))
  }

  /** False where the sums could outgrow 64 bits. */
  #add({ meter, entity, series }: Row, second: number, amount: number | bigint): boolean {
    if (amount === 0 || amount === 0n) return true
    meter.gross += amount < 0 ? -BigInt(amount) : BigInt(amount)
    if (meter.gross > MOST) return false
    this.#waiting += series > 0 ? 2 : 1
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

  /** Adds what is missing to the row that the total names; or why not. */
  #total(
    row: Row,
    said: Said,
    value: bigint,
    groups: Map<string, GroupTotals>,
  ): Refusal['reason'] | undefined {
    const { window, sheet, rows } = said
    const { meter } = row
    const waiting = this.#amountsOf(sheet)
    let missing = value - said.stored
    for (const each of rows) missing -= waiting.sum(each, window.from, window.end)
    const settledBefore = Math.floor(this.timeMs / 1000) - meter.declaration.lateSeconds
    const before = groups.get(said.windows) ?? NO_TOTALS
    const moving = moveTotal(before, { window, value, missing }, meter.gross - meter.moved, settledBefore)
    if (moving === undefined) return 'moved-too-much'
    const { after, landings } = moving
    groups.set(said.windows, after)
    meter.moved += after.moved - before.moved
    const isWhole = landings.every(({ second, sign }) => this.#add(row, second, BigInt(sign) * missing))
    return isWhole ? undefined : 'overflow'
  }
}
