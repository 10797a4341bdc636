/**
 * The world's failures, as opposed to bugs (which are assertions).
 *
 * `code` is stable and machine readable, the message is for people, `retryable` says whether the same
 * call can succeed later without anybody changing anything.
 */
export type ErrorCode =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'gone'
  | 'conflict'
  | 'too-large'
  | 'limited'
  | 'overloaded'
  | 'unavailable'
  | 'storage-full'
  | 'storage-failed'
  | 'locked-data'
  | 'newer-version'
  | 'corrupt'

const RETRYABLE: Readonly<Record<ErrorCode, boolean>> = {
  invalid: false,
  unauthorized: false,
  forbidden: false,
  'not-found': false,
  gone: false,
  conflict: false,
  'too-large': false,
  limited: true,
  overloaded: true,
  unavailable: true,
  'storage-full': true,
  'storage-failed': true,
  'locked-data': false,
  'newer-version': false,
  corrupt: false,
}

export class SpateError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  /** When the same call can succeed, if that is known. */
  readonly retryAfterMs: number | undefined
  /** What a program may want to know besides; for everybody's eyes. */
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options?: { cause?: unknown; retryAfterMs?: number; details?: Readonly<Record<string, unknown>> },
  ) {
    super(message, options)
    this.name = 'SpateError'
    this.code = code
    this.retryable = RETRYABLE[code]
    this.retryAfterMs = options?.retryAfterMs
    this.details = options?.details
  }
}

/** The error's own words, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
