import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reconnectDelayMs } from './backoff.ts'

const ALMOST_ONE = 1 - Number.EPSILON

test('[V23] the bound doubles from half a second to fifteen', () => {
  const bounds = [1, 2, 3, 4, 5, 6, 7, 1000].map((failures) =>
    Math.ceil(reconnectDelayMs(failures, ALMOST_ONE)),
  )
  assert.deepEqual(bounds, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
})

test('[V23] the wait is spread over all of the bound', () => {
  assert.equal(reconnectDelayMs(3, 0), 0)
  assert.equal(reconnectDelayMs(3, 0.25), 500)
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.double({ min: 0, max: ALMOST_ONE, noNaN: true }),
      (failures, random) => {
        const delayMs = reconnectDelayMs(failures, random)
        assert.ok(delayMs >= 0 && delayMs < 15_000)
      },
    ),
  )
})
