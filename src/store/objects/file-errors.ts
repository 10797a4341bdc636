import { messageOf, SpateError } from '../../base/errors.ts'

/** Nothing there, or not a file. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '')
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What a file system's failure means to the caller. */
export function fileError(what: string, cause: unknown): SpateError {
  if (cause instanceof SpateError) return cause
  const errno = errnoOf(cause)
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new SpateError('storage-full', `the disk is full: cannot ${what}`, { cause })
  }
  return new SpateError('storage-failed', `cannot ${what}: ${messageOf(cause)}`, { cause })
}
