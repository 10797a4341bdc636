import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRefused, refusalsOf } from './refusals.ts'

test('[B17] refusals hold a bit for every verdict but acceptance, and nothing where all was accepted', () => {
  assert.equal(refusalsOf(new Uint8Array(100)), undefined)
  assert.equal(isRefused(undefined, 3), false)
  fc.assert(
    fc.property(fc.uint8Array({ max: 11, maxLength: 40 }), (verdicts) => {
      const refusals = refusalsOf(verdicts)
      verdicts.forEach((verdict, i) => {
        assert.equal(isRefused(refusals, i), verdict !== 0)
      })
    }),
  )
})
