/** What the fold says of a record. Stored with the keys of writes, so reasons keep their names. */
import { type ErrorCode, SpateError } from '../base/errors.ts'
import type { Position } from '../log/port.ts'

const REASONS = {
  'unknown-meter': ['not-found', 'there is no such meter'],
  'wrong-dimensions': ['invalid', 'a value for each dimension of the meter is needed'],
  'too-late': ['invalid', 'this lies further back than the meter takes'],
  'too-early': ['invalid', 'this lies further ahead than the meter takes'],
  expired: ['gone', 'of this window not everything is kept'],
  overflow: ['too-large', 'the meter has taken all that 64 bits can sum'],
  'moved-too-much': ['too-large', 'totals that contradict each other have moved too much here'],
  'too-many-rows': ['too-large', 'the meter has as many entities as it can have'],
  'too-many-in-total': ['too-large', 'a total is about at most 256 rows'],
  'too-many-meters': ['too-large', 'there are as many meters as there can be'],
  'other-dimensions': ['conflict', 'the meter is there, with other dimensions or with totals over others'],
  'key-conflict': ['conflict', 'this key was used for something else'],
} as const satisfies Record<string, readonly [ErrorCode, string]>

export interface Refusal {
  readonly reason: keyof typeof REASONS
  /** Of a batch, the first write that cannot be. */
  readonly write?: number
  /** Of what has expired: the range beside it that is exact, if there is one. Its end is the second after its last. */
  readonly nearest?: { readonly from: number; readonly end: number } | null
}

export interface Outcome {
  /** Of the record that counted: a replay of a key tells that of the first. */
  readonly position: Position
  readonly refusal: Refusal | null
}

/** What became of a record, from what is stored for it: nothing where it was simply applied. */
export function outcomeOf(position: Position, stored: Uint8Array | undefined): Outcome {
  if (stored === undefined) return { position, refusal: null }
  // Our own bytes, written by encodeOutcome.
  return JSON.parse(Buffer.from(stored).toString()) as Outcome
}

/** Undefined where nothing need be stored. */
export function encodeOutcome(position: Position, outcome: Outcome): Uint8Array | undefined {
  const isPlain = outcome.refusal === null && outcome.position === position
  return isPlain ? undefined : Buffer.from(JSON.stringify(outcome))
}

export function refused(reason: Refusal['reason'], write?: number): Refusal {
  return write === undefined ? { reason } : { reason, write }
}

export function errorOf({ reason, write, nearest }: Refusal): SpateError {
  const [code, message] = REASONS[reason]
  if (write === undefined) return new SpateError(code, message)
  const details =
    nearest === undefined
      ? { write }
      : { write, nearest: nearest === null ? null : { from: nearest.from, to: nearest.end - 1 } }
  const advice = nearest == null ? '' : `; from ${nearest.from} to ${nearest.end - 1} is exact`
  return new SpateError(code, `write ${write}: ${message}${advice}`, { details })
}
