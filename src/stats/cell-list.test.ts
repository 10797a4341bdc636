import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CellList } from './cell-list.ts'

const anyCell = fc.oneof(
  fc.nat(300),
  fc.nat(2 ** 31 - 1),
  fc.integer({ min: 2 ** 32 - 300, max: 2 ** 32 - 1 }),
)

test('[M35] a list of cells tells each once, however it was stored in between, and equal ones are equal bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyCell, { maxLength: 50 }), { maxLength: 8 }), (runs) => {
      const model = new Set<number>()
      let list = new CellList()
      for (const run of runs) {
        for (const each of run) {
          assert.equal(list.add(each), !model.has(each))
          model.add(each)
        }
        list = new CellList(list.encode())
      }
      const sorted = [...model].sort((a, b) => a - b)
      assert.deepEqual([...list.cells], sorted)
      const anew = new CellList()
      for (const each of sorted) anew.add(each)
      assert.deepEqual(anew.encode(), list.encode())
    }),
  )
})
