import { SpateError } from '../base/errors.ts'
import { positionFrom } from './events.ts'

const POSITION = /^\d{1,16}$/
/** A day, or a time with its offset: without one it would mean something else on every server. */
const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/i

/** A position, or a time in ms. */
export type Moment = { readonly position: number } | { readonly timeMs: number }

export function isPosition(text: string): boolean {
  return POSITION.test(text)
}

/** Errors: `invalid` for what is neither a position nor an ISO 8601 time, `not-found` for what is to come. */
export function momentFrom(text: string, nowMs: number): Moment {
  if (isPosition(text)) return { position: positionFrom(text, 0) }
  return { timeMs: timeFrom('at', 'a position, or a time', text, nowMs) }
}

/** ms. Errors: `invalid` for what is no ISO 8601 time, `not-found` for what is to come. */
export function timeFrom(name: string, what: string, text: string, nowMs: number): number {
  const timeMs = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(timeMs)) {
    throw new SpateError('invalid', `${name}: expected ${what} such as 2026-11-21T09:00:00Z`)
  }
  if (timeMs > nowMs) throw new SpateError('not-found', `${name}: that moment has not come yet`)
  return timeMs
}
