/**
 * Where meters keep what the fold of their stream made: facts (small values by name) and the sums of rows.
 *
 * Guarantees of every adapter, shown by `contract.ts`:
 * - A commit is one transaction: its facts, its amounts and its position are there together, or none of them.
 * - A commit that does not go on from the store's position is refused and changes nothing, so a commit that is sent
 *   twice counts once. The same object may be sent again where it is not known what became of it.
 * - Reads see the last commit.
 * - The same amounts make the same stored bytes, in whatever commits they came.
 * - Stores may stand side by side in one place, each in a *space* of its own, and several servers may have the same
 *   store open: of two commits that go on from the same position one is refused.
 */
import type { Position } from '../log/port.ts'
import type { Amounts } from './amounts.ts'
import type { Horizons } from './retention.ts'
import type { Sums } from './vector.ts'

/**
 * The rows of a meter, numbered from 1: its entities, or its series (an entity with one value a dimension).
 * Row 0 of the entities is all of them together, and is kept by the store itself.
 */
export type Sheet = number

export const EVERYTHING = 0

/**
 * The version of all that a store holds. What an older release left counts as nothing, and goes: it is made anew from the log.
 * What a newer one left is `newer-version`.
 */
export const LAYOUT = 3

/** The space of the meters that are declared through the API. */
export const FREE_STANDING = 'meters'

export function entitiesOf(meter: number): Sheet {
  return meter * 2
}

export function seriesOf(meter: number): Sheet {
  return meter * 2 + 1
}

/** Meters and series: stores keep an order of these facts alone, so that all others cost one entry. */
const LISTED = ['d/', 's/']

export function isListed(key: string): boolean {
  return LISTED.some((prefix) => key.startsWith(prefix))
}

export interface Fact {
  /** Null: to be removed. */
  readonly value: Uint8Array | null
  /** When the store may forget it, by the time of its commits; ms. */
  readonly untilMs?: number
}

export interface Change {
  /** Of which log this is (`originOf`); empty where nobody says. */
  readonly origin: string
  /** Where the store stands before. */
  readonly after: Position
  readonly position: Position
  /** The stream's time at the position, ms. */
  readonly timeMs: number
  readonly facts: ReadonlyMap<string, Fact>
  readonly amounts: ReadonlyMap<Sheet, Amounts>
  /** Of every sheet of which something may expire or is added to. */
  readonly horizons: ReadonlyMap<Sheet, Horizons>
}

/** The sums of all rows of a sheet over a range. */
export interface Tally {
  /** By row. */
  readonly sums: Sums
  /** By row: 0 where nothing happened in the range, else the second of the last change, plus 1. */
  readonly last: Uint32Array
}

export interface MeterStore {
  /** Of the last commit that this object made or `refresh` saw. */
  readonly position: Position
  readonly timeMs: number
  /** Of which log the last commit was; empty where nobody said. */
  readonly origin: string
  /** Looks where the store stands now; another server may have it open, too. */
  refresh(): Promise<void>
  /** Removes everything; the store stands at the start again. */
  clear(): Promise<void>
  /**
   * Called when a question finds the store further back than it was: what it held was lost. Questions are refused
   * (`unavailable`) until `refresh`. Gives back how to stop that.
   */
  onLost(listener: () => void): () => void
  facts(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>
  /** Facts whose key begins so, in the order of the keys; only where {@link isListed}. */
  list(prefix: string, limit: number): Promise<{ readonly key: string; readonly value: Uint8Array }[]>
  /** Errors: `conflict` where `after` is not the position; `storage-full`, `storage-failed`. */
  commit(change: Change): Promise<void>
  /** Of a row over the seconds from `from` to before `end`, which must be exact by the horizons. */
  sum(sheet: Sheet, row: number, from: number, end: number): Promise<bigint>
  /** Between each two neighbours of ascending `cuts`. */
  sums(sheet: Sheet, row: number, cuts: readonly number[]): Promise<bigint[]>
  /** @param rows the highest row that counts; those beyond, which another server may have made, are left out */
  tally(sheet: Sheet, rows: number, from: number, end: number): Promise<Tally>
  /** SHA-256 over all that is stored, in hexadecimal. */
  digest(): Promise<string>
}
