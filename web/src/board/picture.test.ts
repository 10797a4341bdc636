import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HiddenCells } from '../../../src/client/hidden.ts'
import { Replica } from '../../../src/client/replica.ts'
import type { ChunkEdits } from '../../../src/live/protocol.ts'
import { Picture } from './picture.ts'

function edit(cell: number, color: number): ChunkEdits[] {
  return [{ chunk: 0, count: 1, cells: Uint16Array.of(cell), colors: Uint8Array.of(color) }]
}

test('a cell shows own paint over hidden cells over what all see', () => {
  const picture = new Picture()
  const hidden = new HiddenCells()
  picture.replace(new Replica(0), hidden)
  picture.replica.apply(1, edit(0, 1))
  assert.equal(picture.colorAt(0, 0), 1)
  hidden.show(edit(0, 2))
  assert.equal(picture.colorAt(0, 0), 2)
  const id = picture.speculations.add(0, 0, 3)
  assert.equal(picture.colorAt(0, 0), 3)
  picture.speculations.drop(id)
  assert.equal(picture.colorAt(0, 0), 2)
  hidden.clear()
  assert.equal(picture.colorAt(0, 0), 1)
})

test('accepted paint gives way when a frame brings the board to its position', () => {
  const picture = new Picture()
  picture.speculations.accept(picture.speculations.add(1, 0, 3), 5)
  picture.changed(edit(0, 1), 4)
  assert.equal(picture.speculations.visible().length, 1)
  picture.changed(edit(0, 1), 6)
  assert.equal(picture.speculations.visible().length, 0)
})

test('a chunk is painted from its first edit on, and as long as it is not fetched as background', () => {
  const picture = new Picture()
  picture.changed(edit(0, 1), 1)
  assert.deepEqual([...picture.painted], [0])
  picture.replace(new Replica(0), new HiddenCells())
  picture.loaded(0)
  assert.deepEqual([...picture.painted], [])
})
