import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NumberCache } from './number-cache.ts'

test('what is asked for again stays, what is not goes, and no more is held than it may', () => {
  const cache = new NumberCache(100)
  for (let i = 0; i < 10_000; i++) {
    cache.set(`k${i}`, i)
    assert.equal(cache.get('k0'), 0)
  }
  const newestFirst = Array.from({ length: 10_000 }, (_, i) => 9_999 - i)
  const held = newestFirst.filter((i) => cache.get(`k${i}`) !== undefined)
  assert.deepEqual(held.slice(0, 40), newestFirst.slice(0, 40), 'the latest are held')
  assert.ok(held.length <= 100, `${held.length} are held`)
})
