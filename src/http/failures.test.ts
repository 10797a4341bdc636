import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { ManualClock } from '../../test/support/clock.ts'
import { SpateError } from '../base/errors.ts'
import { Failures } from './failures.ts'
import { problemOf } from './problem.ts'

test('[H31] a failure that repeats is logged once in ten seconds, with a count; what a client did wrong is not', async () => {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const clock = new ManualClock()
  const failures = new Failures(logger, clock)
  const answered = (error: unknown): void => failures.answered(problemOf(error), error)
  const full = new SpateError('storage-full', 'the disk is full', { cause: new Error('ENOSPC') })
  for (let i = 0; i < 100; i++) answered(full)
  answered(new SpateError('not-found', 'nothing here'))
  answered(new SpateError('limited', 'slow down'))
  answered(new SpateError('overloaded', 'too many'))
  await clock.advance(10_000)
  answered(full)
  answered(new TypeError('a bug'))
  answered(new TypeError('a bug'))
  const told = lines.map(({ level, code, suppressed, err }) => [
    level,
    code,
    suppressed,
    (err as { message: string }).message.split('\n')[0],
  ])
  assert.deepEqual(told, [
    [40, 'storage-full', undefined, 'the disk is full: ENOSPC'],
    [40, 'overloaded', undefined, 'too many'],
    [40, 'storage-full', 99, 'the disk is full: ENOSPC'],
    [50, undefined, undefined, 'a bug'],
    [50, undefined, undefined, 'a bug'],
  ])
  assert.deepEqual(Object.fromEntries(failures.counts), {
    'storage-full': 101,
    'not-found': 1,
    limited: 1,
    overloaded: 1,
    internal: 2,
  })
})
