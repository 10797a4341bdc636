import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WaitingCells } from './waiting-cells.ts'

function cellAt(x: number, canvas = 0) {
  return { canvas, x, y: 0, boardX: x, boardY: 0 }
}

test('[K13] what a diff changed is asked for before what a full frame showed', () => {
  const cells = new WaitingCells()
  cells.add(cellAt(1), { changeMs: 1, rgb: 1 }, false)
  cells.add(cellAt(2), { changeMs: 1, rgb: 1 }, false)
  cells.add(cellAt(3), { changeMs: 2, rgb: 2 }, true)
  cells.add(cellAt(2), { changeMs: 3, rgb: 3 }, true)
  assert.equal(cells.size, 4)
  assert.deepEqual(
    cells.take(10).map(({ x, changes }) => [x, ...changes.map(({ changeMs }) => changeMs)]),
    [
      [3, 2],
      [2, 1, 3],
      [1, 1],
    ],
  )
  assert.equal(cells.size, 0)
})

test('[K13] whatever is added, taken and put back: each change waits once, in order, and leaves once', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('add' as const),
      x: fc.nat(4),
      canvas: fc.nat(1),
      isUrgent: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('take' as const), limit: fc.nat(3), putBack: fc.boolean() }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const cells = new WaitingCells()
      const left: number[] = []
      let added = 0
      for (const each of steps) {
        if (each.kind === 'add') {
          cells.add(cellAt(each.x, each.canvas), { changeMs: added, rgb: 0 }, each.isUrgent)
          added += 1
          continue
        }
        for (const cell of cells.take(each.limit)) {
          assert.deepEqual(
            cell.changes,
            cell.changes.toSorted((a, b) => a.changeMs - b.changeMs),
          )
          if (each.putBack) cells.putBack(cell)
          else left.push(...cell.changes.map(({ changeMs }) => changeMs))
        }
      }
      assert.equal(cells.size, added - left.length)
      left.push(...cells.take(100).flatMap(({ changes }) => changes.map(({ changeMs }) => changeMs)))
      assert.deepEqual(
        left.toSorted((a, b) => a - b),
        Array.from({ length: added }, (_, i) => i),
      )
    }),
  )
})
