import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cellOrder, FirstCells, Owed } from './owed.ts'

const LAST = 2 ** 32 - 1

test('[K13] owed is what frames changed of which nobody was asked for, up to what is made up for', () => {
  const owed = new Owed()
  for (const ms of [10, 20]) owed.add(ms)
  owed.asked(30)
  for (const ms of [40, 50, 60]) owed.add(ms)
  owed.asked(50)
  const moments = () => [10, 20, 30, 40, 50, 60].filter((ms) => owed.has(ms, 5))
  assert.deepEqual(moments(), [10, 20, 40, 60])
  owed.settle({ ms: 20, cell: 5 })
  assert.deepEqual(moments(), [40, 60])
  assert.equal(owed.has(20, 6), true)
  owed.settle({ ms: 20, cell: LAST })
  assert.equal(owed.has(20, 6), false)
  owed.add(15)
  owed.add(55)
  assert.deepEqual(moments(), [40, 60])
  owed.settle(owed.end)
  assert.equal(owed.startMs, Number.POSITIVE_INFINITY)
})

test('[K13] whatever is applied and made up for: nothing is owed that was asked for, and all that came in order is', () => {
  const ms = fc.integer({ min: 1, max: 60 })
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('next' as const),
      by: fc.integer({ min: 1, max: 4 }),
      isAsked: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('late' as const), ms, isAsked: fc.boolean() }),
    fc.record({ kind: fc.constant('settle' as const), left: fc.nat(12), cell: fc.constantFrom(3, LAST) }),
    fc.record({ kind: fc.constant('save' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
      let owed = new Owed()
      let lastMs = 0
      const asked = new Set<number>()
      const inOrder = new Set<number>()
      const applied = new Set<number>()
      let upTo = { ms: 0, cell: 0 }
      const apply = (at: number, isAsked: boolean): void => {
        if (isAsked) owed.asked(at)
        else owed.add(at)
        if (isAsked) asked.add(at)
        else applied.add(at)
      }
      for (const each of steps) {
        if (each.kind === 'next') {
          lastMs += each.by
          if (!each.isAsked) inOrder.add(lastMs)
          apply(lastMs, each.isAsked)
        } else if (each.kind === 'late') {
          // What was made up for is not asked for again.
          if (each.ms <= lastMs && each.ms > upTo.ms) apply(each.ms, each.isAsked)
        } else if (each.kind === 'settle') {
          const to = { ms: owed.end.ms - each.left, cell: each.cell }
          if (to.ms < upTo.ms || (to.ms === upTo.ms && to.cell < upTo.cell)) continue
          upTo = to
          owed.settle(to)
        } else owed = Owed.fromJSON(JSON.parse(JSON.stringify(owed)))
        for (let at = 1; at <= lastMs; at++) {
          const isDone = at < upTo.ms || (at === upTo.ms && upTo.cell === LAST)
          if (owed.has(at, 5)) assert.ok(!asked.has(at) && !isDone, `${at} is asked for twice`)
          if (isDone) assert.ok(!owed.covers(at) && owed.startMs > at, `${at} is made up for, and looked for`)
          if (inOrder.has(at) && !asked.has(at) && !isDone) assert.ok(owed.has(at, 5), `${at} is forgotten`)
        }
      }
    }),
  )
})

test('[K13] the first cells are the same in whatever order they come', () => {
  const any = fc.record({ ms: fc.nat(20), x: fc.nat(3), y: fc.nat(3) })
  fc.assert(
    fc.property(
      fc.uniqueArray(any, { selector: ({ ms, x, y }) => `${ms} ${x} ${y}`, maxLength: 60 }),
      fc.integer({ min: 1, max: 10 }),
      (cells, limit) => {
        const end = { ms: 15, cell: LAST }
        const first = new FirstCells(limit, end)
        for (const { ms, x, y } of cells) {
          const cell = cellOrder(x, y)
          if (first.takes(ms, cell)) first.add({ ms, cell }, { x, y, rgb: 0, changeMs: ms })
        }
        const expected = cells
          .filter(({ ms }) => ms <= end.ms)
          .toSorted((a, b) => a.ms - b.ms || a.y - b.y || a.x - b.x)
        const { cells: found, upTo } = first.finish()
        assert.deepEqual(
          found.map(({ changeMs: ms, x, y }) => ({ ms, x, y })),
          expected.slice(0, limit).map(({ ms, x, y }) => ({ ms, x, y })),
        )
        const last = found.at(-1)
        if (expected.length <= limit) assert.deepEqual(upTo, end)
        else assert.deepEqual(upTo, { ms: last?.changeMs, cell: cellOrder(last?.x ?? 0, last?.y ?? 0) })
      },
    ),
  )
})
