import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/support/clock.ts'
import { Watchdog } from './watchdog.ts'

test('[K8] silence is the time since the last sign of life', async () => {
  const clock = new ManualClock()
  let barks = 0
  const bark = (): void => {
    barks += 1
  }
  const dog = new Watchdog(clock, 100, bark)
  for (let i = 0; i < 5; i++) {
    await clock.advance(60)
    dog.feed()
  }
  await clock.advance(99)
  assert.equal(barks, 0)
  assert.equal(clock.pending, 1)
  await clock.advance(1)
  assert.equal(barks, 1)
  const stopped = new Watchdog(clock, 100, bark)
  stopped.stop()
  new Watchdog(clock, 0, bark)
  await clock.advance(1000)
  assert.equal(barks, 1)
  assert.equal(clock.pending, 0)
})
