const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A wait in words, rounded up so that it never ends before it is over: `8 s`, `1 min 5 s`, `2 h 10 min`. */
export function duration(waitMs: number): string {
  if (waitMs <= MINUTE_MS) return `${Math.ceil(waitMs / SECOND_MS)} s`
  if (waitMs <= HOUR_MS) return pair(Math.ceil(waitMs / SECOND_MS), 60, 'min', 's')
  return pair(Math.ceil(waitMs / MINUTE_MS), 60, 'h', 'min')
}

function pair(count: number, base: number, large: string, small: string): string {
  const rest = count % base
  return `${Math.floor(count / base)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`
}

/** How long ago something was, roughly: `just now`, `5 minutes ago`, `3 days ago`. */
export function ago(timeMs: number, nowMs: number): string {
  const pastMs = Math.max(0, nowMs - timeMs)
  if (pastMs < 10 * SECOND_MS) return 'just now'
  if (pastMs < MINUTE_MS) return some(Math.floor(pastMs / SECOND_MS), 'second')
  if (pastMs < HOUR_MS) return some(Math.floor(pastMs / MINUTE_MS), 'minute')
  if (pastMs < DAY_MS) return some(Math.floor(pastMs / HOUR_MS), 'hour')
  return some(Math.floor(pastMs / DAY_MS), 'day')
}

function some(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`
}
