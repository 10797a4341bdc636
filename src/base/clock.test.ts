import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/support/clock.ts'
import { SteadyClock } from './clock.ts'

const HOUR_MS = 3_600_000

test('[O6] a clock that is set back goes on from where it was, until the time is reached again', async () => {
  const machine = new ManualClock()
  const clock = new SteadyClock(machine)
  const startMs = clock.now()
  await machine.advance(1000)
  machine.wallMs -= HOUR_MS
  assert.equal(clock.now(), startMs + 1000)
  await machine.advance(500)
  assert.equal(clock.now(), startMs + 1500)
  machine.wallMs += HOUR_MS
  assert.equal(clock.now(), startMs + 1500)
  machine.wallMs += HOUR_MS
  assert.equal(clock.now(), startMs + 1500 + HOUR_MS, 'forward it goes with the machine')
})

test('[O6] many small steps back do not add up', async () => {
  const machine = new ManualClock()
  const clock = new SteadyClock(machine)
  const startMs = clock.now()
  for (let i = 0; i < 100; i++) {
    machine.wallMs += i % 2 === 0 ? -7 : 7
    await machine.advance(1)
    assert.equal(clock.now(), startMs + i + 1)
  }
})

test('[O6] what was recorded before lies in the past', async () => {
  const machine = new ManualClock()
  const clock = new SteadyClock(machine)
  const recordedMs = machine.now() + HOUR_MS
  clock.notBefore(recordedMs)
  assert.equal(clock.now(), recordedMs)
  await machine.advance(5)
  assert.equal(clock.now(), recordedMs + 5)
  clock.notBefore(recordedMs)
  assert.equal(clock.now(), recordedMs + 5)
})
