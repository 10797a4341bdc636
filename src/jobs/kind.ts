import { assert } from '../base/assert.ts'

/**
 * What is done again and again with other data. Declared once, in code; `D` is what its jobs carry, which must be
 * what JSON can hold.
 */
export interface JobKind<D extends object> {
  readonly name: string
  /** While a job with the same key waits or runs no other is made. Undefined: every job is its own. */
  readonly key: ((data: D) => string) | undefined
  /** Jobs that run at once in one process. */
  readonly concurrency: number
  /** After the first try. A job that failed with them all, or for good, becomes a dead letter. */
  readonly retries: number
  /** Before the first retry; each later one waits twice as long, up to `mostBackoffSeconds`, plus up to as much by chance. */
  readonly backoffSeconds: number
  readonly mostBackoffSeconds: number
  /** A handler that takes longer is aborted, and the try has failed. */
  readonly timeoutSeconds: number
  /** Jobs that wait; more are refused. */
  readonly maxWaiting: number
}

type Options<D extends object> = Partial<Omit<JobKind<D>, 'name'>>

const DEFAULTS = {
  key: undefined,
  concurrency: 4,
  retries: 10,
  backoffSeconds: 1,
  mostBackoffSeconds: 300,
  timeoutSeconds: 60,
  maxWaiting: 100_000,
} as const

export const MAX_CONCURRENCY = 256
const NAME = /^[a-z][a-z0-9-]{0,39}$/
/** Takes the jobs that failed for good. */
export const DEAD_LETTERS = 'dead-letters'

export function jobKind<D extends object>(name: string, options: Options<D>): JobKind<D> {
  const kind = { ...DEFAULTS, ...options, name }
  assert(NAME.test(name) && name !== DEAD_LETTERS, `${name} is a name of a kind`)
  assert(kind.concurrency >= 1 && kind.concurrency <= MAX_CONCURRENCY, 'the concurrency is from 1 to 256')
  assert(
    kind.backoffSeconds >= 1 && kind.mostBackoffSeconds >= kind.backoffSeconds,
    'a backoff takes a second',
  )
  assert(kind.timeoutSeconds >= 1 && kind.timeoutSeconds < 24 * 3600, 'a job takes less than a day')
  return kind
}

/** Of any data, for who only names it. */
export type AnyKind = Pick<
  JobKind<object>,
  | 'name'
  | 'concurrency'
  | 'retries'
  | 'backoffSeconds'
  | 'mostBackoffSeconds'
  | 'timeoutSeconds'
  | 'maxWaiting'
> & { readonly key: unknown }
