import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WatchedChunks } from './watched.ts'

test('[V20] a watch of everything is in step whatever it is narrowed to', () => {
  const watched = new WatchedChunks(undefined)
  assert.deepEqual([watched.inStep, watched.has(77), watched.chunks], [null, true, null])
  assert.deepEqual(watched.change([1, 2]), [])
  assert.deepEqual([watched.inStep, watched.has(77)], [[1, 2], false])
})

test('[V20] what is added is not in step until it was asked for and answered', () => {
  const watched = new WatchedChunks([1, 2])
  assert.deepEqual(watched.change([2, 3, 4]), [3, 4])
  assert.deepEqual([watched.inStep, watched.pending, watched.isInStep], [[2], [3, 4], false])
  assert.deepEqual(watched.answered(99), [])
  watched.asked(5)
  assert.deepEqual(watched.answered(4), [])
  assert.deepEqual(watched.answered(5), [3, 4])
  assert.deepEqual([watched.inStep, watched.isInStep], [[2, 3, 4], true])
})

test('[V20] an answer stands for the requests before it, not for those after', () => {
  const watched = new WatchedChunks([])
  watched.change([1])
  watched.asked(1)
  watched.change([1, 2])
  watched.asked(2)
  watched.change([1, 2, 3])
  watched.asked(3)
  assert.deepEqual(watched.answered(2), [1, 2])
  assert.deepEqual(watched.inStep, [1, 2])
})

test('[V20] a chunk that was left and taken up again waits for the later answer', () => {
  const watched = new WatchedChunks([])
  watched.change([1])
  watched.asked(1)
  watched.change([])
  watched.asked(2)
  assert.deepEqual(watched.change([1]), [1])
  watched.asked(3)
  assert.deepEqual(watched.answered(1), [])
  assert.deepEqual(watched.answered(3), [1])
})

test('[V20] what a lost connection was asked has to be asked again', () => {
  const watched = new WatchedChunks([1])
  watched.change([1, 2])
  watched.asked(1)
  watched.lost()
  assert.deepEqual([watched.inStep, watched.answered(1)], [[1], []])
  watched.asked(2)
  assert.deepEqual(watched.answered(2), [2])
})

test('[V20] after a load, what was not loaded has to be asked for', () => {
  const watched = new WatchedChunks([1])
  watched.change([1, 2])
  watched.loaded(new Set([1, 9]))
  assert.deepEqual([watched.inStep, watched.pending], [[1], [2]])
  watched.loaded(null)
  assert.deepEqual(watched.inStep, [1, 2])
})
