import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_TICK_MS, MIN_TICK_MS, tickIntervalMs } from './tick.ts'

test('[V4] ticks are 20 a second while they cost little', () => {
  assert.equal(tickIntervalMs(MIN_TICK_MS, 0), 50)
  assert.equal(tickIntervalMs(MIN_TICK_MS, 25), 50)
})

test('[V4] a tick may cost half of the interval: more makes it longer at once, up to half a second', () => {
  assert.equal(tickIntervalMs(MIN_TICK_MS, 40), 80)
  assert.equal(tickIntervalMs(MIN_TICK_MS, 10_000), 500)
})

test('[V4] the interval shortens by a fifth a tick', () => {
  const intervals: number[] = [MAX_TICK_MS]
  while (intervals.at(-1) !== MIN_TICK_MS) intervals.push(tickIntervalMs(intervals.at(-1) ?? 0, 1))
  assert.deepEqual(intervals.slice(0, 3), [500, 400, 320])
  assert.equal(intervals.length, 12)
})

test('[V4] whatever ticks cost, the interval stays within its bounds and leaves time for other work', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 2000, noNaN: true })), (costs) => {
      let intervalMs = MIN_TICK_MS
      for (const costMs of costs) {
        intervalMs = tickIntervalMs(intervalMs, costMs)
        assert.ok(intervalMs >= MIN_TICK_MS && intervalMs <= MAX_TICK_MS)
        assert.ok(intervalMs >= Math.min(MAX_TICK_MS, 2 * costMs))
      }
    }),
  )
})
