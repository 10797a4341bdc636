import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStackable, largest, stacked } from './stacks.ts'

test('the largest bands stand first, the others are one', () => {
  const bands = [
    { value: 'a', sums: [1, 0] },
    { value: 'b', sums: [5, 5] },
    { value: 'c', sums: [0, 2] },
    { value: 'd', sums: ['9007199254740993', 0] },
  ]
  const { shown, others } = largest(bands, 2)
  assert.deepEqual(
    shown.map(({ value }) => value),
    ['d', 'b'],
  )
  assert.deepEqual(others, [1, 2])
  assert.equal(largest(bands, 4).others, undefined)
  assert.deepEqual(largest([], 3), { shown: [], others: undefined })
})

test('what is stacked reaches as high as all under it; what is negative cannot be', () => {
  assert.deepEqual(
    stacked([
      [1, 2],
      [3, 0],
      [0, 5],
    ]),
    [
      [1, 2],
      [4, 2],
      [4, 7],
    ],
  )
  assert.ok(isStackable([{ sums: [0, 1] }]))
  assert.ok(!isStackable([{ sums: [0, 1] }, { sums: [3, -1] }]))
})
