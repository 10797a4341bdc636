import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allListed } from '../../../test/support/place-rows.ts'
import { CELL, CIRCLE, emptyRows, RECTANGLE, type RowBatch } from './rows.ts'
import { expanded } from './shapes.ts'

type Area = readonly [kind: number, x: number, y: number, x2: number, y2: number]

/** Rows whose author is their number. */
function rowsOf(areas: readonly Area[]): RowBatch {
  const rows = emptyRows(areas.length)
  for (const [i, [kind, x, y, x2, y2]] of areas.entries()) {
    rows.timeMs[i] = 1000 + i
    rows.author[i] = i
    rows.rgb[i] = 0xff0000 + i
    rows.kind[i] = kind
    rows.x[i] = x
    rows.y[i] = y
    rows.x2[i] = x2
    rows.y2[i] = y2
    rows.file[i] = 3
    rows.line[i] = 10 + i
    if (kind !== CELL) rows.shapes += 1
  }
  rows.n = areas.length
  return rows
}

async function* stream(...batches: readonly RowBatch[]): AsyncGenerator<RowBatch, void, undefined> {
  yield* batches
}

const drawn = async (batchCells: number, ...areas: readonly Area[]) =>
  (await allListed(expanded(stream(rowsOf(areas)), batchCells))).map(({ author, x, y }) => [author, x, y])

test('[I9] a rectangle has all cells between its corners, these included', async () => {
  assert.deepEqual(await drawn(100, [RECTANGLE, -1, 5, 1, 6]), [
    [0, -1, 5],
    [0, 0, 5],
    [0, 1, 5],
    [0, -1, 6],
    [0, 0, 6],
    [0, 1, 6],
  ])
  assert.deepEqual(await drawn(100, [RECTANGLE, 7, 7, 7, 7]), [[0, 7, 7]])
})

test('[I9] a circle of radius 0 is a cell, of radius 1 a plus, of radius 3 has 29 cells', async () => {
  assert.deepEqual(await drawn(100, [CIRCLE, 4, -4, 0, 0]), [[0, 4, -4]])
  assert.deepEqual(await drawn(100, [CIRCLE, 4, -4, 1, 0]), [
    [0, 4, -5],
    [0, 3, -4],
    [0, 4, -4],
    [0, 5, -4],
    [0, 4, -3],
  ])
  assert.equal((await drawn(100, [CIRCLE, 424, 336, 3, 0])).length, 29)
})

test('[I9] a circle has exactly the cells with dx² + dy² ≤ r²', async () => {
  for (let radius = 0; radius <= 40; radius += 1) {
    const expected: number[][] = []
    for (let dy = -radius; dy <= radius; dy += 1) {
      for (let dx = -radius; dx <= radius; dx += 1) {
        if (dx * dx + dy * dy <= radius * radius) expected.push([0, 10 + dx, 20 + dy])
      }
    }
    assert.deepEqual(await drawn(1000, [CIRCLE, 10, 20, radius, 0]), expected)
  }
})

test('[I10] a shape is drawn at its place among the rows, with all it carries', async () => {
  const cells = await allListed(
    expanded(
      stream(
        rowsOf([
          [CELL, 1, 1, 0, 0],
          [RECTANGLE, 2, 2, 3, 2],
          [CELL, 4, 4, 0, 0],
        ]),
      ),
      100,
    ),
  )
  assert.deepEqual(cells, [
    { timeMs: 1000, author: 0, rgb: 0xff0000, x: 1, y: 1, file: 3, line: 10 },
    { timeMs: 1001, author: 1, rgb: 0xff0001, x: 2, y: 2, file: 3, line: 11 },
    { timeMs: 1001, author: 1, rgb: 0xff0001, x: 3, y: 2, file: 3, line: 11 },
    { timeMs: 1002, author: 2, rgb: 0xff0002, x: 4, y: 4, file: 3, line: 12 },
  ])
})

test('[I10] 4 million cells come in batches of the size asked for', async () => {
  let cells = 0
  let last: readonly number[] = []
  for await (const batch of expanded(stream(rowsOf([[RECTANGLE, 0, 0, 1999, 1999]])), 16_384)) {
    assert.equal(batch.timeMs.length, 16_384)
    cells += batch.n
    last = [batch.x[batch.n - 1]!, batch.y[batch.n - 1]!]
  }
  assert.equal(cells, 4_000_000)
  assert.deepEqual(last, [1999, 1999])
})

test('[I10] the size of batches makes no difference to the cells', async () => {
  const side = fc.integer({ min: -6, max: 6 })
  const area = fc.oneof(
    fc.tuple(fc.constant(CELL), side, side, fc.constant(0), fc.constant(0)),
    fc.tuple(fc.constant(CIRCLE), side, side, fc.nat(6), fc.constant(0)),
    fc
      .tuple(side, side, fc.nat(9), fc.nat(9))
      .map(([x, y, width, height]): Area => [RECTANGLE, x, y, x + width, y + height]),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(area, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 50 }),
      async (areas, size) => {
        assert.deepEqual(await drawn(size, ...areas), await drawn(100_000, ...areas))
      },
    ),
  )
})
