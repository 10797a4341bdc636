import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { area, Fold, folded, T0 } from '../../test/support/boards.ts'
import { manySteps, STEPS_BOARD, take } from '../../test/support/canvas-steps.ts'
import { TestBoard } from '../../test/support/test-board.ts'
import { type LogRecord, positionOf, START } from '../log/port.ts'
import type { Canvas } from './canvas/canvas.ts'
import type { Cell } from './canvas/chunk.ts'
import { cellInChunk, chunkIndex, wrap } from './canvas/geometry.ts'
import { RecordType } from './canvas/records.ts'
import { eachCell } from './history.ts'
import { boardStream } from './host.ts'
import type { View } from './picture.ts'

/** Colours by chunk, without those where all is background. */
function colorsOf({ info, chunk }: Pick<View, 'info' | 'chunk'>): Map<number, string> {
  const colors = new Map<number, string>()
  for (let index = 0; index < 65_536; index++) {
    const cells = chunk(index)
    if (cells?.some((color) => color !== info.background))
      colors.set(index, Buffer.from(cells).toString('base64'))
  }
  return colors
}

function viewOf(canvas: Canvas): View {
  const { position, timeMs, info, chunks } = canvas
  return { position, timeMs, info, chunk: (index) => chunks[index]?.colors }
}

function assertSameView(actual: View, expected: View): void {
  assert.deepEqual(
    { position: actual.position, timeMs: actual.timeMs, info: actual.info },
    { position: expected.position, timeMs: expected.timeMs, info: expected.info },
  )
  assert.deepEqual(colorsOf(actual), colorsOf(expected))
}

/** A board whose host has folded what random steps left, with saves and keyframes in between. */
async function boardOf(
  t: Parameters<typeof TestBoard.create>[0],
  records: readonly LogRecord[],
  saves: readonly number[],
) {
  const board = await TestBoard.create(t, STEPS_BOARD)
  for (const [i, { type, timeMs, body }] of records.slice(1).entries()) {
    await board.log.append(boardStream('board'), [{ type, timeMs, body }])
    if (!saves.includes(i)) continue
    await board.clock.settle()
    await board.host.save(i % 3 !== 0)
  }
  await board.clock.settle()
  return board
}

test('[B16] the picture at any position or time is that of a fold up to it', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      manySteps,
      fc.array(fc.nat(40), { maxLength: 4 }),
      fc.nat(),
      async (steps, saves, at) => {
        const fold = new Fold(STEPS_BOARD)
        for (const step of steps) take(fold, step)
        const { records } = fold
        const board = await boardOf(t, records, saves)
        try {
          const position = positionOf((at % records.length) + 1)
          const upTo = folded(records.slice(0, position))
          assertSameView(await board.host.at(position), viewOf(upTo))
          const inTime = folded(records.filter(({ timeMs }) => timeMs <= upTo.timeMs))
          assertSameView(await board.host.atTime(upTo.timeMs), viewOf(inTime))
          assertSameView(board.host.now(), viewOf(fold.canvas))
        } finally {
          await board.close()
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('[B16] there is no picture before the creation, nor of the future', async (t) => {
  const board = await TestBoard.create(t)
  const missing = { code: 'not-found' }
  await assert.rejects(board.host.at(START), missing)
  await assert.rejects(board.host.at(positionOf(2)), missing)
  await assert.rejects(board.host.atTime(T0 - 1), missing)
  assert.equal((await board.host.atTime(T0)).position, 1)
  assert.equal((await board.host.atTime(T0 + 1e9)).position, 1)
})

test('[B16] a picture has the extent, palette, rules and locks of its moment', async (t) => {
  const board = await TestBoard.create(t)
  const before = board.host.canvas.info
  await board.append({ type: RecordType.resized, body: { extent: area(-5, -5, 10, 10) } })
  await board.append({ type: RecordType.repainted, body: { palette: [...before.palette, 0] } })
  await board.append({ type: RecordType.ruled, body: { rules: { ...before.rules, undoSeconds: 3 } } })
  await board.append({
    type: RecordType.locked,
    body: { lock: { ...area(0, 0, 1, 1), id: 'a', reason: '' } },
  })
  const after = board.host.canvas.info
  await board.append({ type: RecordType.unlocked, body: { id: 'a' } })
  assert.deepEqual((await board.host.at(positionOf(1))).info, before)
  assert.deepEqual((await board.host.at(positionOf(5))).info, after)
  assert.deepEqual((await board.host.at(positionOf(6))).info, { ...after, locks: [] })
})

test('[B17] history tells what each record set, without judging again', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      manySteps,
      fc.array(fc.nat(40), { maxLength: 4 }),
      fc.nat(),
      async (steps, saves, from) => {
        const fold = new Fold(STEPS_BOARD)
        for (const step of steps) take(fold, step)
        const { records } = fold
        const board = await boardOf(t, records, saves)
        try {
          const after = positionOf(1 + (from % records.length))
          const cells = new Map<string, Cell>()
          for await (const judged of board.host.history.records(after, board.host.canvas.position)) {
            eachCell(judged, (x, y, cell) => cells.set(`${x},${y}`, cell))
          }
          const before = folded(records.slice(0, after))
          for (let x = -6; x <= 6; x++) {
            for (let y = -6; y <= 6; y++) {
              const told = cells.get(`${wrap(x)},${wrap(y)}`)
              assert.deepEqual(told ?? before.cellAt(wrap(x), wrap(y)), fold.cell(x, y))
            }
          }
        } finally {
          await board.close()
        }
      },
    ),
    { numRuns: 30 },
  )
})

test('[B17] history yields the records after one position up to another, in order', async (t) => {
  const board = await TestBoard.create(t)
  for (const color of [1, 2, 3, 4]) await board.place([1, 0, 0, color], [1, 0, 0, color])
  const told: unknown[] = []
  for await (const judged of board.host.history.records(positionOf(2), positionOf(4))) {
    eachCell(judged, (_x, _y, cell) => told.push([judged.position, cell.color]))
  }
  assert.deepEqual(told, [
    [3, 2],
    [4, 3],
  ])
})

test('[B17] what only a shadow-banned player saw is in nobody’s history', async (t) => {
  const board = await TestBoard.create(t)
  await board.ban(7, true)
  await board.place([7, 0, 0, 1], [8, 1, 0, 2])
  const told: number[] = []
  for await (const judged of board.host.history.records(START, board.host.canvas.position)) {
    eachCell(judged, (_x, _y, cell) => told.push(cell.player))
  }
  assert.deepEqual(told, [8])
  const view = await board.host.at(board.host.canvas.position)
  assert.equal(view.chunk(chunkIndex(0, 0))?.[cellInChunk(0, 0)], 0)
})
