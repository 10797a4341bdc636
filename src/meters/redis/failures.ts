/** What Redis says, in the words of this project. Pure. */
import { ErrorReply } from '@redis/client'
import { messageOf, SpateError } from '../../base/errors.ts'

/** First words of replies; see "Redis error codes" and redis.conf. */
const CODES: readonly (readonly [RegExp, SpateError['code'], string])[] = [
  [/^OOM\b/, 'storage-full', 'has no memory left'],
  [/^WRONGTYPE\b/, 'corrupt', 'holds something else where meters are'],
  [/^(NOAUTH|WRONGPASS|NOPERM)\b/, 'storage-failed', 'does not let us in'],
  [/^MISCONF\b/, 'storage-failed', 'cannot save to its disk'],
  [
    /^(LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOREPLICAS)\b/,
    'unavailable',
    'is not ready',
  ],
]

/** @param where host and port, never the whole URL: it may hold a password */
export function failureOf(cause: unknown, where: string): SpateError {
  if (cause instanceof SpateError) return cause
  const message = messageOf(cause)
  const reply = message.replace(/^ERR /, '')
  for (const [pattern, code, words] of CODES) {
    if (pattern.test(reply)) return new SpateError(code, `Redis at ${where} ${words}: ${reply}`, { cause })
  }
  const code = isReply(cause) ? 'storage-failed' : 'unavailable'
  const words = code === 'unavailable' ? 'does not answer' : 'refuses a command'
  return new SpateError(code, `Redis at ${where} ${words}: ${message}`, { cause })
}

/** Whether Redis answered; else the way to it is broken. */
export function isReply(cause: unknown): boolean {
  return cause instanceof ErrorReply
}
