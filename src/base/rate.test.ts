import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RateLimit } from './rate.ts'

/** A bucket that is filled drop by drop. */
class Bucket {
  #tokens: number
  #atMs = 0
  readonly #perMs: number
  readonly #burst: number

  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#tokens = burst
  }

  take(cost: number, nowMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    // Summing up drops rounds differently from a time at which the bucket is full.
    if (this.#tokens < cost - 1e-6) return false
    this.#tokens -= cost
    return true
  }
}

test('a limit allows a burst, then its rate, as a bucket of tokens does', () => {
  const step = fc.record({ waitMs: fc.nat(3000), cost: fc.integer({ min: 1, max: 6 }) })
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 5, 20),
      fc.integer({ min: 6, max: 20 }),
      fc.array(step),
      (rate, burst, steps) => {
        const limit = new RateLimit(rate, burst)
        const bucket = new Bucket(rate, burst)
        let nowMs = 0
        for (const { waitMs, cost } of steps) {
          nowMs += waitMs
          assert.equal(limit.take('a', cost, nowMs) === 0, bucket.take(cost, nowMs))
        }
      },
    ),
  )
})

test('who is refused is told when to come back, and is then let in', () => {
  const limit = new RateLimit(3, 2)
  assert.equal(limit.take('a', 2, 1000), 0)
  const waitMs = limit.take('a', 1, 1000)
  assert.equal(waitMs, 334)
  assert.ok(limit.take('a', 1, 1000 + waitMs - 1) > 0)
  assert.equal(limit.take('a', 1, 1000 + waitMs), 0)
})

test('keys are limited apart', () => {
  const limit = new RateLimit(1, 1)
  assert.deepEqual([limit.take('a', 1, 0), limit.take(1, 1, 0), limit.take('a', 1, 0)], [0, 0, 1000])
})

test('a rate of 0 is no limit', () => {
  const limit = new RateLimit(0, 1)
  for (let i = 0; i < 100; i++) assert.equal(limit.take('a', 50, 0), 0)
})

test('of more keys than are kept the longest unseen are forgotten', () => {
  const limit = new RateLimit(1, 1, 2)
  limit.take('a', 1, 0)
  limit.take('b', 1, 0)
  limit.take('a', 1, 1000)
  limit.take('c', 1, 1000)
  assert.ok(limit.take('a', 1, 1000) > 0)
  assert.equal(limit.take('b', 1, 1000), 0)
})
