import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ratesOf, type Sample, withSample } from './rates.ts'

function sampled(...samples: readonly (readonly [atMs: number, messages: number, frames: number])[]) {
  return samples.reduce<readonly Sample[]>(
    (kept, [atMs, messages, frames]) => withSample(kept, { atMs, messages, frames }),
    [],
  )
}

test('a rate is over the last twenty seconds', () => {
  assert.equal(ratesOf(sampled([0, 5, 5])), undefined)
  assert.deepEqual(ratesOf(sampled([0, 0, 0], [2000, 40, 10])), { messages: 20, frames: 5 })
  assert.deepEqual(ratesOf(sampled([0, 0, 0], [10_000, 1000, 0], [25_000, 1030, 15])), {
    messages: 2,
    frames: 1,
  })
})

test('what is counted anew begins anew', () => {
  assert.equal(ratesOf(sampled([0, 100, 10], [2000, 3, 0])), undefined)
})
