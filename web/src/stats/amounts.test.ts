import assert from 'node:assert/strict'
import { test } from 'node:test'
import { added, amountWords, changeWords, running, shareOf, shortWords } from './amounts.ts'

test('amounts beyond 2^53 are told to the last digit', () => {
  assert.equal(amountWords('9223372036854775807'), '9,223,372,036,854,775,807')
  assert.equal(amountWords(-1234), '-1,234')
  assert.equal(changeWords(5), '+5')
  assert.equal(changeWords(0), '0')
  assert.equal(changeWords('-9007199254740993'), '-9,007,199,254,740,993')
  assert.equal(added(['9007199254740993', 1, -2]), '9007199254740992')
  assert.equal(added([]), 0)
})

test('axes tell them roughly', () => {
  assert.equal(shortWords(0), '0')
  assert.equal(shortWords(1_250_000), '1.25M')
  assert.equal(shortWords(-4000), '-4K')
  assert.equal(shortWords(950), '950')
  assert.equal(shortWords(0.5), '0.5')
  assert.equal(shortWords(2e15), '2Q')
  assert.equal(shortWords(3e18), '3000Q')
})

test('a running total goes on from what was before, into digits and back', () => {
  assert.deepEqual(running([1, -3, 5], 10), [11, 8, 13])
  assert.deepEqual(running([1, 1, -2], '9007199254740991'), [
    '9007199254740992',
    '9007199254740993',
    9007199254740991,
  ])
})

test('a bar is as long as its amount beside the longest; negative ones have none', () => {
  assert.equal(shareOf(5, 10), 0.5)
  assert.equal(shareOf(-5, 10), 0)
  assert.equal(shareOf(-5, -5), 0)
  assert.equal(shareOf('9223372036854775807', '9223372036854775807'), 1)
})
