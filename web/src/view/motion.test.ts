import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stepOf } from './motion.ts'

test('held keys move the board away from where one looks', () => {
  assert.deepEqual(stepOf(new Set(['right', 'down']), 100), { dx: -90, dy: -90, factor: 1 })
  assert.deepEqual(stepOf(new Set(['left']), 50), { dx: 45, dy: 0, factor: 1 })
  assert.deepEqual(stepOf(new Set(['up']), 0), { dx: 0, dy: 0, factor: 1 })
})

test('opposite keys cancel out', () => {
  assert.deepEqual(stepOf(new Set(['left', 'right', 'in', 'out']), 100), { dx: 0, dy: 0, factor: 1 })
})

test('zooming in and out for as long is back where it was', () => {
  const into = stepOf(new Set(['in']), 350).factor
  assert.equal(into, 2)
  assert.equal(into * stepOf(new Set(['out']), 350).factor, 1)
})
