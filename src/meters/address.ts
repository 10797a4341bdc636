/**
 * Where the values lie that sums are made of: in the trees of rows (kind 0, a page of roots each; kinds 1 to 4, a node each), and in the columns
 * of buckets (a part each). A sheet's values of one kind and index are neighbours, so what expires lies together.
 */
import { ALL_LEVELS, bucketOf, type Level } from './calendar.ts'
import type { Sheet } from './port.ts'
import type { Horizons } from './retention.ts'
import { partLevel, UNITS, type Unit } from './tree.ts'

/** A unit of the trees, or 8 and more: a level's columns. */
export type Kind = number

export interface Address {
  readonly sheet: Sheet
  readonly kind: Kind
  /** Of the unit or the bucket, as the calendar counts them. */
  readonly index: number
  /** The row, or the part of the bucket. */
  readonly at: number
}

const COLUMNS = 8
/** More than there are kinds. */
export const KINDS = 16

export function columnsOfLevel(level: Level): Kind {
  return COLUMNS + level
}

/** The level of a kind of columns; undefined for trees. */
export function levelOfColumns(kind: Kind): Level | undefined {
  return ALL_LEVELS[kind - COLUMNS]
}

export interface Expired {
  readonly kind: Kind
  /** Values of lower indexes may go. */
  readonly before: number
}

/** What of a sheet is not needed any more. */
export function expired(horizons: Horizons): Expired[] {
  const columns = ALL_LEVELS.map((level) => {
    return { kind: columnsOfLevel(level), before: bucketOf(level, horizons[level] ?? 0) }
  })
  const trees = UNITS.slice(1).map((unit) => {
    const level = partLevel((unit - 1) as Unit)
    return { kind: unit, before: bucketOf(level, horizons[partLevel(unit)] ?? 0) }
  })
  return [...columns, ...trees].filter(({ before }) => before > 0)
}
