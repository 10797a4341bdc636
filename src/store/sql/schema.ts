/**
 * The tables, as `migrations/` makes them. Times are ms since 1970; `int8` columns are numbers as long as JavaScript
 * holds them exactly, which is for more than 200,000 years.
 */
import type { Kysely, Transaction } from 'kysely'

export interface Schema {
  urls: UrlRow
  pixels: PixelRow
  meta: MetaRow
}

export type Db = Kysely<Schema>
export type Change = Transaction<Schema>

/**
 * `waiting`: not fetched yet. `stored`: its bytes are the object named by `hash`. `expired` and `missing`: what the
 * source answered, for good. `failed`: given up after every retry.
 */
export type UrlStatus = 'waiting' | 'stored' | 'expired' | 'missing' | 'failed'

/** What a capture was told to fetch; one row a URL and capture. */
export interface UrlRow {
  capture: string
  url: string
  status: UrlStatus
  /** When a message named it first. */
  named: number
  fetched: number | null
  /** SHA-256 of the bytes, in hex. */
  hash: string | null
  /** Bytes. */
  size: number | null
  /** Why it is neither waiting nor stored. */
  reason: string | null
}

/** Who changed a cell when; one row a cell and change. */
export interface PixelRow {
  board: string
  x: number
  y: number
  modified: number
  /** As the source names them; null: not known. */
  player: string | null
  name: string | null
  /** 0xRRGGBB, so that a colour outside of the palette is kept; null: not known. */
  colour: number | null
}

/** Up to where a projection stands; moves in the transaction that changes what it made. */
export interface MetaRow {
  name: string
  version: number
  position: number
}
