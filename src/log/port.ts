/**
 * The event log: named streams of records in a total order.
 *
 * Guarantees of every adapter, shown by `contract.ts`:
 * - `append` resolves once its records are durable. All of a call or none. Calls of one caller keep their
 *   order. A rejected append with a `retryable` error wrote nothing that a reader will see, unless the
 *   adapter's own doc says otherwise.
 * - Positions grow along a stream and start above 0; gaps are allowed. Times never decrease along a stream that one
 *   server appends to. Where several do, each goes on from the latest that it has read: who folds takes the latest so far.
 * - `follow` yields every record after `after` exactly once, in order, first the old, then the new.
 * - Only durable records are readable.
 */

import type { SpateError } from '../base/errors.ts'

declare const position: unique symbol
/** Grows along one stream; equal positions mean the same record. 0 stands before the first record. */
export type Position = number & { readonly [position]: true }

// The brand exists in types alone, so this is its one entrance.
export const START = 0 as Position

/** Brands an unsigned integer that came from outside (a URL, a frame, a store). */
export function positionOf(value: number): Position {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a position: ${value}`)
  return value as Position
}

export interface NewRecord {
  /** What the body means; owned by the stream's fold. 0 to 255. */
  readonly type: number
  readonly body: Uint8Array
  /** The time to record, for events that happened elsewhere. Default: now. Never earlier than the stream's last. */
  readonly timeMs?: number
}

export interface LogRecord {
  readonly position: Position
  readonly timeMs: number
  readonly type: number
  /** Valid for ever, but shared: do not write to it. */
  readonly body: Uint8Array
}

export interface ReadLimit {
  readonly records: number
  /** Stops after the record with which the bodies reach this size. */
  readonly bytes: number
}

/** What one batch of a `follow` holds at most. */
export const FOLLOW_LIMIT: ReadLimit = { records: 4096, bytes: 4 << 20 }

/** Body size that every adapter takes; a larger one is an `invalid` error. */
export const MAX_BODY_BYTES = 8 << 20

export interface Log extends AsyncDisposable {
  /** Why nothing more is appended until a restart, once that is so. */
  readonly stopped: SpateError | undefined
  /** Positions in the order of `records`. Errors: `storage-full`, `storage-failed`, `unavailable`, `invalid`. */
  append(stream: string, records: readonly NewRecord[]): Promise<Position[]>
  /** Up to `limit` records after `after`, oldest first; empty at the head. */
  read(stream: string, after: Position, limit: ReadLimit): Promise<LogRecord[]>
  /** Batches, never empty, until `signal` aborts (then it ends without an error). */
  follow(stream: string, after: Position, signal: AbortSignal): AsyncIterable<LogRecord[]>
  /** Position of the last durable record, 0 for a stream without any. */
  head(stream: string): Promise<Position>
  streams(): Promise<string[]>
  /** Every stream's name once: those there are, then each that gets its first record, until `signal` aborts. */
  appearing(signal: AbortSignal): AsyncIterable<string>
  /** Frees the records up to and with `upTo`. Reading before it yields what is left. */
  trim(stream: string, upTo: Position): Promise<void>
  /** Everything up to there was given up by `trim`. It says so before the first of it is gone. */
  trimmed(stream: string): Promise<Position>
}

const STREAM = /^[a-z0-9][a-z0-9._-]{0,63}(\/[a-z0-9][a-z0-9._-]{0,63}){0,3}$/

/** A path of 1 to 4 lower-case segments. */
export function isStreamName(name: string): boolean {
  return STREAM.test(name)
}
