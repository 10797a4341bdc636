/** What the server answers to questions about meters, as far as the page uses it; its schemas are at /docs. */
import type { Amount } from './amounts.ts'
import type { Entity } from './entities.ts'
import type { Span } from './spans.ts'

export interface Point extends Span {
  readonly sum: Amount
}

export interface Series extends Span {
  readonly points: readonly Point[]
}

export interface Sum extends Span {
  readonly sums: readonly { readonly sum: Amount }[]
}

/** An entity; `color` where it is a colour of a board, #RRGGBB. */
export interface Named extends Entity {
  readonly color?: string
}

export interface Standing {
  readonly rank: number
  readonly sum: Amount
  readonly lastSecond: number
}

export interface Places extends Span {
  readonly places: readonly (Named & Standing)[]
}

export interface Compared extends Span {
  readonly before: Span
  readonly places: readonly (Named & { readonly now: Standing; readonly before: Standing | null })[]
}

export interface Valued {
  readonly value: string
  readonly color?: string
}

export interface Breakdown extends Span {
  readonly values: readonly (Valued & { readonly sum: Amount })[]
}

/** The sums of every value in every period. */
export interface SeriesBy extends Span {
  readonly points: readonly Point[]
  readonly values: readonly (Valued & { readonly sums: readonly Amount[] })[]
}

/** A run of periods in each of which something happened. */
export interface Streak extends Span {
  readonly periods: number
}

export interface Streaks extends Span {
  readonly places: readonly (Named & {
    readonly rank: number
    readonly longest: Streak
    /** The one that goes on at the end of the span. */
    readonly current?: Streak | null
  })[]
}

export interface MeterInfo {
  readonly name: string
  readonly dimensions: readonly string[]
  readonly entities: number
}
