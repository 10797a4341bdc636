import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movementOf, movementSign, movementWords } from './movements.ts'

test('a place that was further down has come up; who had none is new', () => {
  const cases = [
    [1, 4, '▲ 3', 'up 3 places'],
    [2, 1, '▼ 1', 'down 1 place'],
    [5, 5, '=', 'at the same place as before'],
    [5, undefined, 'new', 'was not there before'],
  ] as const
  for (const [rank, before, sign, words] of cases) {
    const movement = movementOf(rank, before)
    assert.equal(movementSign(movement), sign)
    assert.equal(movementWords(movement), words)
  }
})
