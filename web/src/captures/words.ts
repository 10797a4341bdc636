import type { Interval, State } from './answers.ts'

export const STATES: Readonly<Record<State, string>> = {
  following: 'Following',
  connecting: 'Connecting…',
  stopped: 'Stopped',
  ended: 'Not followed',
}

const CAUSES: Readonly<Record<string, string>> = {
  lost: 'connection lost',
  silent: 'nothing was heard',
  complete: 'the source ended the subscription',
  unauthorized: 'not authorised',
  limited: 'rate limited',
  refused: 'refused',
  unreachable: 'the source did not answer',
  'no-room': 'no room to store',
  stopped: 'stopped here',
  restarted: 'Spate was away',
  skipped: 'a message never came',
  missing: 'a frame was gone (404)',
  expired: 'a frame was forbidden',
  broken: 'a frame was no picture',
  foreign: 'a frame lay elsewhere',
  failed: 'a frame could not be had',
  late: 'a message came too late',
  'no-full-frame': 'no full frame yet',
  mismatch: 'a full frame showed something else',
  pending: 'may still come',
}

export function causeWords(causes: readonly string[]): string {
  return causes.map((cause) => CAUSES[cause] ?? cause).join(', ')
}

const DAY_MS = 86_400_000

/** How long something was, to two places: `340 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`, `3 days 4 h`. */
export function lengthWords(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`
  if (ms < 3_600_000) return pair(Math.floor(ms / 1000), 60, 'min', 's')
  if (ms < DAY_MS) return pair(Math.floor(ms / 60_000), 60, 'h', 'min')
  return pair(Math.floor(ms / 3_600_000), 24, 'days', 'h')
}

function pair(count: number, base: number, large: string, small: string): string {
  const rest = count % base
  return `${Math.floor(count / base)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`
}

/** In UTC, as sources and reports tell time; to the millisecond. */
export function momentWords(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '')
}

/** From when to when, to the second where it is short. */
export function spanWords({ fromMs, toMs }: Interval): string {
  const places = toMs - fromMs < 3_600_000 ? 19 : 16
  return `${momentWords(fromMs).slice(0, places)} to ${momentWords(toMs).slice(0, places)} UTC`
}

/** Rounded down, so that a hole never shows as 100 %. */
export function shareWords(share: number): string {
  return share >= 1 ? '100 %' : `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`
}

export function bytesWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`
}

export function countWords(count: number): string {
  return count.toLocaleString('en')
}

export function rateWords(perSecond: number): string {
  return `${perSecond >= 99.5 ? Math.round(perSecond) : perSecond.toFixed(1)}/s`
}
