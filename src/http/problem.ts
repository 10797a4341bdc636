import { STATUS_CODES } from 'node:http'
import { Type } from 'typebox'
import { type ErrorCode, SpateError } from '../base/errors.ts'
import { Verdict, type VerdictName, verdictName } from '../boards/canvas/verdict.ts'

/** RFC 9457. `code` is stable; `retryAfterMs` says when asking again can help. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    retryAfterMs: Type.Optional(Type.Integer()),
  },
  { $id: 'Problem' },
)

export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly retryAfterMs?: number
}

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  gone: 410,
  conflict: 409,
  'too-large': 413,
  limited: 429,
  overloaded: 503,
  unavailable: 503,
  'storage-full': 503,
  'storage-failed': 503,
  'locked-data': 503,
  'newer-version': 503,
  corrupt: 500,
}

const RETRY_AFTER_MS = 2_000
const MAX_SENTENCES = 4

function problem(status: number, code: string, detail: string, retryAfterMs?: number): ProblemDocument {
  const base = {
    type: `urn:spate:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code,
  }
  return retryAfterMs === undefined ? base : { ...base, retryAfterMs: Math.ceil(retryAfterMs) }
}

/** Anything thrown becomes a document; what is not ours says no more than that it failed. */
export function problemOf(error: unknown): ProblemDocument {
  if (error instanceof SpateError) {
    const after = error.retryAfterMs ?? (error.retryable ? RETRY_AFTER_MS : undefined)
    return { ...error.details, ...problem(STATUS[error.code], error.code, error.message, after) }
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const code = statusCode === 413 ? 'too-large' : statusCode === 404 ? 'not-found' : 'invalid'
    return problem(statusCode, code, message ?? '')
  }
  return problem(500, 'internal', 'the server failed; its log says why')
}

interface InputError {
  readonly keyword?: string
  readonly instancePath?: string
  readonly message?: string
  /** Of `enum`. */
  readonly params?: { readonly allowedValues?: readonly unknown[] }
}

/** What is wrong with a request's parts: a few sentences, each naming its place. */
export function invalidInput(errors: readonly InputError[], part: string): Error {
  const where = part === 'querystring' ? 'query' : part
  const sentences = errors
    // The properties that are not expected are each named by an error of their own.
    .filter(({ keyword }) => keyword !== 'additionalProperties')
    .map((error) => `${where}${error.instancePath ?? ''} ${whatIsWrong(error)}`)
  return new Error([...new Set(sentences)].slice(0, MAX_SENTENCES).join('; '))
}

function whatIsWrong({ keyword, message = '', params }: InputError): string {
  if (keyword === 'boolean') return 'is not expected'
  return keyword === 'enum' ? `must be one of ${params?.allowedValues?.join(', ')}` : message
}

interface Refusal {
  readonly status: number
  readonly code: string
  readonly detail: string
}

const REFUSALS: Readonly<Record<Exclude<VerdictName, 'accepted' | 'unchanged' | 'shadowed'>, Refusal>> = {
  outOfRange: { status: 400, code: 'out-of-range', detail: 'the board has no such cell' },
  wrongColor: { status: 400, code: 'wrong-color', detail: 'the palette has no such colour' },
  banned: { status: 403, code: 'banned', detail: 'this player is banned from the board' },
  inactive: { status: 403, code: 'inactive', detail: 'the cell lies outside the active zone' },
  locked: { status: 403, code: 'locked', detail: 'the cell is locked' },
  coolingDown: { status: 429, code: 'cooling-down', detail: 'this player has to wait before placing again' },
  superseded: { status: 409, code: 'superseded', detail: 'the cell has changed since' },
  nothingToUndo: { status: 409, code: 'nothing-to-undo', detail: 'nothing can be taken back (any more)' },
  impossible: { status: 409, code: 'impossible', detail: 'the board cannot become that' },
}

/** The document for a verdict, or undefined when the intent went through as far as its player can see. */
export function problemOfVerdict(verdict: number, waitMs: number): ProblemDocument | undefined {
  const name = verdictName(verdict)
  if (name === 'accepted' || name === 'unchanged' || name === 'shadowed') return undefined
  const { status, code, detail } = REFUSALS[name]
  return problem(status, code, detail, verdict === Verdict.coolingDown ? waitMs : undefined)
}

/** Whole seconds, as Retry-After has them. */
export function retryAfterSeconds({ retryAfterMs }: ProblemDocument): string | undefined {
  return retryAfterMs === undefined ? undefined : String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
}
