import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestOf } from './nearest.ts'

const GONE = { type: 'urn:spate:problem:gone', title: 'Gone', status: 410, detail: '', code: 'gone' }

test('a refusal names the nearest span that is exact, or none', () => {
  const nearest = (nearest: unknown) => nearestOf({ ...GONE, ...(nearest === undefined ? {} : { nearest }) })
  assert.deepEqual(nearest({ from: 3600, to: 7199 }), { from: 3600, to: 7199 })
  for (const other of [undefined, null, 5, {}, { from: 5 }, { from: 'a', to: 'b' }, { from: 9, to: 3 }]) {
    assert.equal(nearest(other), undefined)
  }
})
