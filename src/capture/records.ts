/** The records of a stream `capture/<name>`: all that a collector saw and did. How they are stored: `codec.ts`. */

/** The numbers are stored: never reuse one. */
export const CaptureRecordType = {
  began: 1,
  opened: 2,
  closed: 3,
  messages: 4,
  fetched: 5,
  answered: 6,
  rebased: 7,
  applied: 8,
  coloured: 9,
  changed: 10,
  overdue: 11,
} as const

/** Channels that are no canvas. A canvas is its index. */
export const CONFIG_CHANNEL = 0xffff
export const HISTORY_CHANNEL = 0xfffe
export const MAX_CANVAS = 0xfffd

export type CaptureKind = 'place' | 'spate' | 'feed'

/** A collector started. What was open before is closed. */
export interface Began {
  readonly kind: CaptureKind
  /** Where from, without secrets. */
  readonly source: string
  readonly settings: Readonly<Record<string, string | number | boolean>>
}

export interface Opened {
  readonly connection: number
  readonly channel: number
  /** As the server chose it; empty for none. */
  readonly subprotocol: string
}

/**
 * Why a connection ended. `lost`: the source or the network closed it; `silent`: nothing came for too long; `complete`:
 * the source ended the subscription; `unauthorized`, `limited`, `refused`: it said so; `unreachable`: it did not answer;
 * `no-room`: what came could not be stored; `served`: it was opened for one thing, which came; `unneeded`: the canvas is
 * no more; `stopped`: the collector ended it.
 */
export type CloseCause =
  | 'lost'
  | 'silent'
  | 'complete'
  | 'unauthorized'
  | 'limited'
  | 'refused'
  | 'unreachable'
  | 'no-room'
  | 'served'
  | 'unneeded'
  | 'stopped'

export interface Closed {
  readonly connection: number
  readonly channel: number
  readonly cause: CloseCause
  /** In the source's or the system's words. */
  readonly detail: string
}

export interface RawMessage {
  readonly connection: number
  readonly channel: number
  readonly isBinary: boolean
  readonly arrivedMs: number
  readonly bytes: Uint8Array
}

/**
 * `missing`: 404 or 410; `expired`: 401 or 403; `broken`: no picture, or larger than a canvas; `foreign`: not asked for,
 * as its address is out of the capture's reach; `failed`: given up after all tries.
 */
export type FetchStatus = 'stored' | 'missing' | 'expired' | 'broken' | 'foreign' | 'failed'

/** What became of a frame's download. */
export interface Fetched {
  readonly canvas: number
  readonly url: string
  readonly status: FetchStatus
  /** Of the bytes, in hexadecimal; empty where there are none. */
  readonly sha256: string
  readonly sizeBytes: number
  readonly atMs: number
  readonly detail: string
}

/** Who changed a cell, as the source tells it: one for each cell and change. */
export interface Answer {
  readonly canvas: number
  /** On the board, signed. */
  readonly x: number
  readonly y: number
  /** The colour that the change brought, 0xRRGGBB. */
  readonly rgb: number
  /** Timestamp of the frame that showed the change. */
  readonly changeMs: number
  /** When the cell was last changed when the source was asked; after `changeMs` the author is that of a later change. */
  readonly modifiedMs: number
  /** Null where the source knows none. */
  readonly user: { readonly id: string; readonly name: string } | null
}

/** A full frame differed from what the frames before it gave: what lies between is in doubt. */
export interface Rebased {
  readonly canvas: number
  readonly fromMs: number
  readonly timestampMs: number
  readonly cells: number
}

/** A frame is on the board. */
export interface Applied {
  readonly canvas: number
  readonly timestampMs: number
  /** NaN: a full frame. */
  readonly previousMs: number
  readonly cells: number
  /** Cells of which the authors are to be asked for: of a diff all of its cells or none. */
  readonly asked: number
}

/** What a frame that shows more is about to change on the board, as far as the authors of that are to be asked for. */
export interface Changed {
  readonly canvas: number
  readonly timestampMs: number
  readonly cells: number
  /** Of a stored picture that is transparent but for those cells. */
  readonly sha256: string
}

/**
 * What was changed by frames of which nobody was asked for, still shows, and is asked for now. Up to the cell `toCell`
 * (row by row) of the moment `toMs` nothing more of the canvas is.
 */
export interface Overdue {
  readonly canvas: number
  readonly toMs: number
  readonly toCell: number
  readonly cells: readonly OverdueCell[]
}

export interface OverdueCell {
  /** On the board, signed. */
  readonly x: number
  readonly y: number
  /** 0xRRGGBB. */
  readonly rgb: number
  /** Timestamp of the frame that changed it. */
  readonly changeMs: number
}

/** Colours in a frame that the source's palette does not have, 0xRRGGBB. */
export interface Coloured {
  readonly canvas: number
  readonly timestampMs: number
  readonly colors: readonly number[]
}

type Type = typeof CaptureRecordType
export type CaptureRecord =
  | { readonly type: Type['began']; readonly body: Began }
  | { readonly type: Type['opened']; readonly body: Opened }
  | { readonly type: Type['closed']; readonly body: Closed }
  | { readonly type: Type['messages']; readonly body: readonly RawMessage[] }
  | { readonly type: Type['fetched']; readonly body: { readonly frames: readonly Fetched[] } }
  | { readonly type: Type['answered']; readonly body: readonly Answer[] }
  | { readonly type: Type['rebased']; readonly body: Rebased }
  | { readonly type: Type['applied']; readonly body: readonly Applied[] }
  | { readonly type: Type['coloured']; readonly body: Coloured }
  | { readonly type: Type['changed']; readonly body: Changed }
  | { readonly type: Type['overdue']; readonly body: Overdue }

export function captureStream(name: string): string {
  return `capture/${name}`
}
