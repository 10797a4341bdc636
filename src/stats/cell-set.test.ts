import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CHUNK_CELLS } from '../boards/canvas/geometry.ts'
import { CellSet } from './cell-set.ts'

const cell = fc.nat(CHUNK_CELLS - 1)

function stored(cells: Iterable<number>): Uint8Array {
  const set = new CellSet()
  for (const each of cells) set.add(each)
  return set.encode()
}

test('[M35] a set of cells tells each once, however it was stored in between', () => {
  fc.assert(
    fc.property(fc.array(fc.array(cell, { maxLength: 50 }), { maxLength: 8 }), (runs) => {
      const model = new Set<number>()
      let set = new CellSet()
      for (const run of runs) {
        for (const each of run) {
          assert.equal(set.add(each), !model.has(each))
          model.add(each)
        }
        set = new CellSet(set.encode())
      }
    }),
  )
})

test('[M35] equal sets are equal bytes, on both sides of where a list becomes a bitmap', () => {
  for (const count of [0, 1, 5, 4095, 4096, 4097, CHUNK_CELLS]) {
    const cells = Array.from({ length: count }, (_, i) => (i * 40_503) % CHUNK_CELLS)
    const bytes = stored(cells)
    assert.equal(bytes.length, count < 4096 ? count * 2 : 8192)
    assert.deepEqual(stored(cells.toReversed()), bytes)
    const again = new CellSet(bytes)
    for (const each of cells) assert.equal(again.add(each), false)
    assert.deepEqual(again.encode(), bytes)
  }
})
