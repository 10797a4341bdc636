import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepNewest } from './keep-newest.ts'

test('what was given first goes first, until there is no more than may be', () => {
  const set = new Set([5, 1, 4, 2])
  keepNewest(set, 4)
  assert.deepEqual([...set], [5, 1, 4, 2])
  keepNewest(set, 2)
  assert.deepEqual([...set], [4, 2])
  const map = new Map([
    ['a', 1],
    ['b', 2],
  ])
  map.set('a', 3)
  keepNewest(map, 1)
  assert.deepEqual([...map], [['b', 2]])
  keepNewest(map, 0)
  assert.equal(map.size, 0)
})
