import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Changes } from '../boards/canvas/changes.ts'
import { cellInChunk, chunkIndex } from '../boards/canvas/geometry.ts'
import type { ChunkEdits } from './protocol.ts'
import { LastWrites, RecentChanges } from './recent.ts'

type Cell = readonly [x: number, y: number, color: number]

const RING = 131_072

function changesOf(cells: readonly Cell[]): Changes {
  const changes = new Changes()
  changes.reserve(cells.length)
  for (const [x, y, color] of cells) changes.add(x, y, color)
  return changes
}

/** `count` cells from the left of row `y` on. */
function run(count: number, y: number): Cell[] {
  return Array.from({ length: count }, (_, i) => [i & 0xffff, y + (i >>> 16), i % 251])
}

/** cell (y × 65,536 + x) → colour. */
function written(groups: readonly ChunkEdits[]): Map<number, number> {
  const cells = new Map<number, number>()
  for (const { chunk, count, cells: numbers, colors } of groups) {
    assert.deepEqual([numbers.length, colors.length], [count, count])
    for (const [i, cell] of numbers.entries()) {
      const key = ((chunk & 0xff00) | (cell >>> 8)) * 65_536 + (((chunk & 0xff) << 8) | (cell & 0xff))
      assert.ok(!cells.has(key), 'each cell once')
      cells.set(key, colors[i] ?? 0)
    }
  }
  return cells
}

function lastWrites(cells: readonly Cell[]): Map<number, number> {
  return new Map(cells.map(([x, y, color]) => [y * 65_536 + x, color]))
}

test('[V7] what is remembered after any position is what a list would say', () => {
  const cell = fc.tuple(
    fc.constantFrom(0, 1, 255, 256, 65_535),
    fc.constantFrom(0, 1, 255, 256, 65_535),
    fc.nat(255),
  )
  const record = fc.record({
    gap: fc.integer({ min: 1, max: 3 }),
    cells: fc.oneof(
      { weight: 9, arbitrary: fc.array(cell, { maxLength: 6 }) },
      { weight: 1, arbitrary: fc.integer({ min: 500, max: 3000 }).map((count) => run(count, 7)) },
    ),
  })
  fc.assert(
    fc.property(fc.nat(5), fc.array(record, { maxLength: 25 }), (since, records) => {
      const recent = new RecentChanges(since)
      const list: { position: number; cells: readonly Cell[] }[] = []
      let position = since
      for (const { gap, cells } of records) {
        position += gap
        recent.push(position, changesOf(cells))
        list.push({ position, cells })
      }
      for (let after = 0; after <= position + 1; after++) {
        assert.equal(recent.covers(after), after >= since)
        if (after < since) continue
        const rest = list.filter((one) => one.position > after).flatMap(({ cells }) => cells)
        assert.equal(recent.countAfter(after), rest.length)
        assert.deepEqual(written(recent.after(after)), lastWrites(rest))
      }
    }),
    { numRuns: 60 },
  )
})

test('[V7] a full memory forgets whole records, the oldest first, and says so', () => {
  const recent = new RecentChanges(0)
  recent.push(10, changesOf(run(40_000, 0)))
  recent.push(20, changesOf(run(40_000, 10)))
  recent.push(30, changesOf(run(40_000, 20)))
  assert.deepEqual([recent.covers(0), recent.countAfter(0)], [true, 120_000])
  recent.push(40, changesOf(run(20_000, 30)))
  assert.deepEqual([recent.covers(9), recent.covers(10)], [false, true])
  assert.deepEqual(
    written(recent.after(10)),
    lastWrites([...run(40_000, 10), ...run(40_000, 20), ...run(20_000, 30)]),
  )
  recent.push(50, changesOf(run(90_000, 40)))
  assert.deepEqual([recent.covers(29), recent.covers(30), recent.countAfter(30)], [false, true, 110_000])
  assert.deepEqual(written(recent.after(40)), lastWrites(run(90_000, 40)))
})

test('[V7] a record larger than the memory is not remembered in part', () => {
  const recent = new RecentChanges(0)
  recent.push(1, changesOf([[1, 1, 1]]))
  recent.push(2, changesOf(run(RING + 5, 0)))
  assert.deepEqual([recent.covers(1), recent.covers(2)], [false, true])
  assert.deepEqual(recent.after(2), [])
  recent.push(3, changesOf([[9, 9, 9]]))
  assert.deepEqual(written(recent.after(2)), lastWrites([[9, 9, 9]]))
})

test('[V1] a whole chunk of cells is more than one group can count, and becomes two', () => {
  const writes = new LastWrites()
  for (let i = 0; i < 65_536; i++) writes.add(256 + (i & 0xff), i >>> 8, i % 7)
  const groups = writes.groups()
  assert.deepEqual(
    groups.map(({ chunk, count }) => [chunk, count]),
    [
      [1, 65_535],
      [1, 1],
    ],
  )
  assert.equal(written(groups).size, 65_536)
  assert.equal(groups[1]?.cells[0], cellInChunk(511, 255))
  assert.equal(groups[1]?.chunk, chunkIndex(511, 255))
})
