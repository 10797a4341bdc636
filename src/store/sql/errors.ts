/**
 * What the failures of a database mean to a caller. Pure. Nothing is taken over but codes and messages: drivers hang
 * connections with their passwords onto errors.
 */
import { type ErrorCode, messageOf, SpateError } from '../../base/errors.ts'

/** Errors that are not the database's (a bug, an error of the caller's own) are returned as they are. */
export function sqlError(what: string, error: unknown): unknown {
  if (error instanceof SpateError) return error
  const state = field(error, 'code')
  // No class of SQLSTATE begins with E.
  if (typeof state === 'string' && /^E[A-Z_]+$/.test(state)) return systemError(what, state, error)
  if (typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state)) {
    const message = `${what}: ${messageOf(error)} (SQLSTATE ${state})`
    const code = codeOf(state, message)
    return code === undefined ? new Error(message) : new SpateError(code, message)
  }
  const message = messageOf(error)
  if (
    /^(Connection terminated|timeout e|Query read timeout|Client has encountered|The server does not)/.test(
      message,
    )
  ) {
    return new SpateError('unavailable', `${what}: ${message}`)
  }
  if (/password must be a string/.test(message)) {
    return new SpateError('unauthorized', `${what}: the database wants a password`)
  }
  return error
}

/** Of a connection, or of PGlite's folder. */
function systemError(what: string, errno: string, error: unknown): SpateError {
  if (UNREACHABLE.has(errno)) {
    return new SpateError('unavailable', `${what}: the database does not answer (${errno})`)
  }
  const isFull = errno === 'ENOSPC' || errno === 'EDQUOT'
  return new SpateError(isFull ? 'storage-full' : 'storage-failed', `${what}: ${messageOf(error)}`)
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/** Undefined: the statement is wrong, which no retry and no operator mends. */
function codeOf(state: string, message: string): ErrorCode | undefined {
  if (state === '53100' || /No space left on device/.test(message)) return 'storage-full'
  if (state === 'XX001' || state === 'XX002') return 'corrupt'
  if (state === '42501') return 'forbidden'
  // https://www.postgresql.org/docs/current/errcodes-appendix.html
  switch (state.slice(0, 2)) {
    case '08': // connection
    case '40': // rolled back: deadlock, serialization
    case '53': // resources
    case '57': // the operator, or a timeout
      return 'unavailable'
    case '25':
      // A server that only reads, as while another takes over; or the end of an idle transaction.
      return state === '25006' || state === '25P03' ? 'unavailable' : undefined
    case '55':
      return state === '55P03' ? 'unavailable' : undefined
    case '28':
      return 'unauthorized'
    case '3D':
      return 'invalid'
    case '58': // the system: I/O
    case 'XX':
      return 'storage-failed'
    default:
      return undefined
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
