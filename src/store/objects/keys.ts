/**
 * Names of objects: segments of `a–z 0–9 . _ -` that begin with a letter or digit, joined by `/`. So a key is a
 * path below any folder that cannot lead out of it, means the same on file systems that ignore case, and never
 * meets a name that an adapter keeps for itself: those begin with a dot.
 */
import { SpateError } from '../../base/errors.ts'

export const MAX_KEY_CHARACTERS = 512
/** What file systems take as one name, with room for a suffix. */
export const MAX_SEGMENT_CHARACTERS = 200

const SEGMENT = /^[a-z0-9][a-z0-9._-]*$/

export function isSegment(text: string): boolean {
  return text.length <= MAX_SEGMENT_CHARACTERS && SEGMENT.test(text)
}

export function isKey(text: string): boolean {
  return text.length <= MAX_KEY_CHARACTERS && text.split('/').every(isSegment)
}

/** The beginning of a key: nothing, whole segments, or a part of the last. */
export function isPrefix(text: string): boolean {
  return text === '' || isKey(text.endsWith('/') ? text.slice(0, -1) : text)
}

/** Errors: `invalid`. */
export function requireKey(text: string): void {
  if (!isKey(text)) throw new SpateError('invalid', `${shown(text)} is no key of an object`)
}

/** Errors: `invalid`. */
export function requirePrefix(text: string): void {
  if (!isPrefix(text)) throw new SpateError('invalid', `${shown(text)} begins no key of an object`)
}

/** Errors: `invalid`. */
export function requireRange(start: number, length: number, mostBytes: number): void {
  if (!Number.isSafeInteger(start) || start < 0 || !Number.isSafeInteger(length) || length < 0) {
    throw new SpateError('invalid', `${start} and ${length} are no range of bytes`)
  }
  if (length > mostBytes) throw new SpateError('invalid', `a range has at most ${mostBytes} bytes`)
}

function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
