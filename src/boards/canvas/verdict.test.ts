import assert from 'node:assert/strict'
import { test } from 'node:test'
import { looksAccepted, Verdict, verdictName } from './verdict.ts'

test('[C11] the codes of the verdicts are what they were: clients and stores hold them', () => {
  assert.deepEqual(Verdict, {
    accepted: 0,
    unchanged: 1,
    outOfRange: 2,
    wrongColor: 3,
    banned: 4,
    inactive: 5,
    locked: 6,
    coolingDown: 7,
    shadowed: 8,
    superseded: 9,
    nothingToUndo: 10,
    impossible: 11,
  })
  for (const [name, code] of Object.entries(Verdict)) assert.equal(verdictName(code), name)
  assert.throws(() => verdictName(12), RangeError)
})

test('[C27] a shadow-banned player is told what an accepted one is', () => {
  const accepted = Object.entries(Verdict).filter(([, code]) => looksAccepted(code))
  assert.deepEqual(
    accepted.map(([name]) => name),
    ['accepted', 'unchanged', 'shadowed'],
  )
})
