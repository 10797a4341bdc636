const ZERO = 0x30
const MINUS = 0x2d
const COLON = 0x3a
const SPACE = 0x20
const DOT = 0x2e
const SUFFIX = [0x20, 0x55, 0x54, 0x43] as const // " UTC"

const SECONDS_END = 'YYYY-MM-DD HH:MM:SS'.length
/** The first day that has no four-digit year; also keeps times below 2^48, which the sort relies on. */
export const END_OF_TIME_MS = Date.UTC(10_000, 0, 1)
/** Digits of the largest time below {@link END_OF_TIME_MS}. */
const MAX_EPOCH_DIGITS = 15
/** Returned for what is no time. */
export const NO_TIME = -1

/** Two digits as a number; far below zero when they are not digits. */
function pair(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO
  const ones = bytes[at + 1]! - ZERO
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? Number.MIN_SAFE_INTEGER : tens * 10 + ones
}

/**
 * Milliseconds from 1970 up to {@link END_OF_TIME_MS}, or {@link NO_TIME}. Either spelling: milliseconds since
 * the epoch in digits, or `YYYY-MM-DD HH:MM:SS[.f…] UTC` with one to nine decimals, of which those past the
 * millisecond are dropped.
 */
export function readTime(bytes: Uint8Array, from: number, to: number): number {
  return to - from <= MAX_EPOCH_DIGITS ? epochMs(bytes, from, to) : utcMs(bytes, from, to)
}

function utcMs(bytes: Uint8Array, from: number, to: number): number {
  const point = from + SECONDS_END
  const suffix = to - SUFFIX.length
  if (suffix < point) return NO_TIME
  for (let i = 0; i < SUFFIX.length; i += 1) if (bytes[suffix + i] !== SUFFIX[i]) return NO_TIME
  if (bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS || bytes[from + 10] !== SPACE) return NO_TIME
  if (bytes[from + 13] !== COLON || bytes[from + 16] !== COLON) return NO_TIME

  const year = pair(bytes, from) * 100 + pair(bytes, from + 2)
  const month = pair(bytes, from + 5)
  const day = pair(bytes, from + 8)
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return NO_TIME
  const hour = pair(bytes, from + 11)
  const minute = pair(bytes, from + 14)
  const second = pair(bytes, from + 17)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return NO_TIME
  const fractionMs = point === suffix ? 0 : millis(bytes, point, suffix)
  if (fractionMs === NO_TIME) return NO_TIME
  const minutes = (daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute
  return minutes * 60_000 + second * 1000 + fractionMs
}

function daysOfMonth(year: number, month: number): number {
  if (month !== 2) return 30 + ((month + (month >> 3)) & 1)
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** Days from 1970-01-01. Howard Hinnant's `days_from_civil`: years begin in March, so that a leap day ends one. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const march = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leapDays = Math.floor(march / 4) - Math.floor(march / 100) + Math.floor(march / 400)
  return march * 365 + leapDays + dayOfYear - 719_468
}

function epochMs(bytes: Uint8Array, from: number, to: number): number {
  if (from === to) return NO_TIME
  let value = 0
  for (let at = from; at < to; at += 1) {
    const digit = bytes[at]! - ZERO
    if (digit >>> 0 > 9) return NO_TIME
    value = value * 10 + digit
  }
  return value < END_OF_TIME_MS ? value : NO_TIME
}

/** Milliseconds of `.f` to `.fffffffff`. */
function millis(bytes: Uint8Array, point: number, to: number): number {
  const decimals = to - point - 1
  if (bytes[point] !== DOT || decimals < 1 || decimals > 9) return NO_TIME
  let value = 0
  for (let i = 1; i <= Math.max(decimals, 3); i += 1) {
    const digit = i <= decimals ? bytes[point + i]! - ZERO : 0
    if (digit >>> 0 > 9) return NO_TIME
    if (i <= 3) value = value * 10 + digit
  }
  return value
}
