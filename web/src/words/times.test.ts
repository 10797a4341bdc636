import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ago, duration } from './times.ts'

test('a wait is rounded up and told in at most two units', () => {
  assert.equal(duration(1), '1 s')
  assert.equal(duration(7_001), '8 s')
  assert.equal(duration(60_000), '60 s')
  assert.equal(duration(60_001), '1 min 1 s')
  assert.equal(duration(120_000), '2 min')
  assert.equal(duration(3_600_001), '1 h 1 min')
  assert.equal(duration(7_200_000), '2 h')
})

test('the past is told roughly', () => {
  const now = Date.UTC(2030, 0, 1)
  assert.equal(ago(now + 5_000, now), 'just now')
  assert.equal(ago(now - 9_999, now), 'just now')
  assert.equal(ago(now - 30_000, now), '30 seconds ago')
  assert.equal(ago(now - 60_000, now), '1 minute ago')
  assert.equal(ago(now - 3 * 3_600_000, now), '3 hours ago')
  assert.equal(ago(now - 49 * 3_600_000, now), '2 days ago')
})
