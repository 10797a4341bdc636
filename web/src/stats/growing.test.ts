import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grown } from './growing.ts'

const part = (from: number, sum: number) => ({ from, to: from + 9, sum })

test('[W6] the last period grows, newer ones follow, the oldest leave', () => {
  const known = [part(0, 1), part(10, 2), part(20, 3)]
  assert.deepEqual(grown(known, [part(20, 5), part(30, 1)], 10), [part(10, 2), part(20, 5), part(30, 1)])
  assert.deepEqual(grown(known, [], 0), known)
  assert.deepEqual(grown([], [part(0, 1)], 0), [part(0, 1)])
})
