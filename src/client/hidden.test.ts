import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LastWrites } from '../live/recent.ts'
import { HiddenCells } from './hidden.ts'

type Cell = readonly [x: number, y: number, color: number]

function edits(...cells: readonly Cell[]) {
  const writes = new LastWrites()
  for (const [x, y, color] of cells) writes.add(x, y, color)
  return writes.groups()
}

test('[V12] a hidden cell shows until an edit covers it', () => {
  const hidden = new HiddenCells()
  hidden.show(edits([1, 2, 3], [300, 0, 4]))
  hidden.show(edits([1, 2, 5], [2, 2, 6]))
  assert.deepEqual([hidden.colorAt(1, 2), hidden.colorAt(2, 2), hidden.colorAt(300, 0)], [5, 6, 4])
  hidden.cover(edits([1, 2, 9], [300, 0, 9], [600, 0, 9]))
  assert.deepEqual(
    [hidden.colorAt(1, 2), hidden.colorAt(2, 2), hidden.colorAt(300, 0)],
    [undefined, 6, undefined],
  )
  assert.deepEqual(hidden.chunks, [0])
})

test('[V12] the hidden cells of a chunk can be forgotten', () => {
  const hidden = new HiddenCells()
  hidden.show(edits([0, 0, 1], [256, 0, 1], [512, 0, 1]))
  hidden.forget(0)
  assert.deepEqual(hidden.chunks, [1, 2])
  hidden.keep((chunk) => chunk === 2)
  assert.deepEqual([...hidden.cellsOf(2)], [[0, 1]])
  assert.deepEqual([...hidden.cellsOf(1)], [])
  hidden.clear()
  assert.deepEqual(hidden.chunks, [])
})
