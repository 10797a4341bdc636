import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AskLimit } from './ask-limit.ts'

test('[K13] once a diff is too much none is asked for until half is answered; a late frame is all the same', () => {
  const limit = new AskLimit(100)
  assert.equal(limit.takes('diff', 100, 0), true)
  assert.equal(limit.takes('diff', 1, 100), false)
  assert.equal(limit.takes('diff', 1, 60), false)
  assert.equal(limit.takes('late', 300, 100), true)
  assert.equal(limit.takes('late', 301, 100), false)
  assert.equal(limit.takes('full', 1, 51), false)
  assert.equal(limit.takes('diff', 1, 50), true)
  assert.equal(limit.takes('diff', 1, 60), true)
})

test('[K13] a full frame leaves room for diffs, and one that is too much stops none', () => {
  const limit = new AskLimit(100)
  assert.equal(limit.takes('full', 51, 0), false)
  assert.equal(limit.takes('diff', 10, 60), true)
  assert.equal(limit.takes('full', 50, 0), true)
})
