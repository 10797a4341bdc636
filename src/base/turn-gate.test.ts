import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { TurnGate } from './turn-gate.ts'

test('[H26] what has the thread for long begins in turns of its own, however many wait', async () => {
  const gate = new TurnGate(2, 100, 'too many')
  let turn = 0
  const begunIn: number[] = []
  const works = Array.from({ length: 20 }, () => gate.pass(async () => begunIn.push(turn)))
  const done = Promise.all(works)
  while (begunIn.length < works.length) {
    await setImmediate()
    turn += 1
  }
  await done
  assert.equal(new Set(begunIn).size, works.length)
})
