import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { area, Fold, type Placement, placed } from '../../test/support/boards.ts'
import { manySteps, STEPS_BOARD, take } from '../../test/support/canvas-steps.ts'
import { MemoryStore, memoryKv } from '../../test/support/memory-kv.ts'
import { TestBoard } from '../../test/support/test-board.ts'
import { SpateError } from '../base/errors.ts'
import { type LogRecord, type Position, START } from '../log/port.ts'
import { Canvas } from './canvas/canvas.ts'
import { Changes } from './canvas/changes.ts'
import { encodeBody } from './canvas/codec.ts'
import { RecordType } from './canvas/records.ts'
import { Strokes } from './canvas/strokes.ts'
import { type BoardHost, boardStream } from './host.ts'

const FULL = new SpateError('storage-full', 'the disk is full')
const ALL = { records: 1e9, bytes: 1e9 }
const LARGE = area(0, 0, 256, 256)

/** The strokes after a position, one line each. */
function lines(strokes: Strokes, after: Position): string[] {
  const { count, x, y, player, color, owner, colorBefore, mark, second } = strokes
  const all = Array.from({ length: count }, (_, i) =>
    [x[i], y[i], player[i], color[i], owner[i], colorBefore[i], mark[i], second[i]].join(' '),
  )
  return all.slice(strokes.startAfter(after))
}

function told(records: readonly LogRecord[]): string[] {
  const canvas = new Canvas()
  const strokes = new Strokes(START, 0)
  for (const record of records) canvas.apply(record, new Changes(), strokes)
  return lines(strokes, START)
}

/** As meters do: takes what a host has for it, and remembers where it stands. */
class Taker {
  readonly taken: string[] = []
  position = START
  timeMs = 0
  foldedAgain = 0

  async take(host: BoardHost): Promise<void> {
    const kept = host.strokes
    assert.ok(kept !== undefined)
    if (this.position < kept.from) {
      this.foldedAgain += 1
      for await (const strokes of host.strokesAgain(this.position, new AbortController().signal)) {
        this.#add(strokes)
      }
    }
    for (let next = kept.next(this.position); next !== undefined; next = kept.next(this.position)) {
      this.#add(next)
      if (next.count % 3 === 0) kept.measured(this.position)
    }
    kept.measured(this.position)
  }

  #add(strokes: Strokes): void {
    assert.ok(strokes.upTo > this.position)
    this.taken.push(...lines(strokes, this.position))
    this.position = strokes.upTo
    this.timeMs = Math.max(this.timeMs, strokes.timeMs)
  }
}

/** So many a record. */
const MANY = 16_384

function quarter(color: number): Placement[] {
  return Array.from({ length: MANY }, (_, i) => [1, i & 0xff, i >>> 8, color] as const)
}

test('[M32] however a board is saved and crashes, its meters get every stroke once', async (t) => {
  const doings = fc.array(fc.constantFrom('save', 'keyframe', 'take', 'fail', 'crash', 'fold'), {
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(manySteps, doings, async (steps, doings) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      const state = new MemoryStore()
      const board = await TestBoard.create(t, STEPS_BOARD, state.asKv(), true)
      let host = board.host
      const taker = new Taker()
      const left = fold.records.slice(1)
      for (const doing of [...doings, ...left.map(() => 'fold'), 'take']) {
        const next = doing === 'fold' ? left.shift() : undefined
        if (next !== undefined) {
          const { type, timeMs, body } = next
          await board.log.append(boardStream('board'), [{ type, timeMs, body }])
          await board.clock.settle()
        } else if (doing === 'take') await taker.take(host)
        else if (doing === 'crash') {
          const crashed = host
          host = await board.another(state.asKv())
          t.after(() => crashed[Symbol.asyncDispose]())
        } else if (doing !== 'fold') {
          state.failure = doing === 'fail' ? FULL : undefined
          await host.save(doing === 'keyframe')
          state.failure = undefined
        }
      }
      assert.deepEqual(taker.taken, told(fold.records))
      assert.deepEqual([taker.position, taker.timeMs], [host.canvas.position, host.canvas.timeMs])
      assert.equal(taker.foldedAgain, 0)
    }),
    { numRuns: 60 },
  )
})

test('[M32] what was measured is gone with the next snapshot', async (t) => {
  const board = await TestBoard.create(t, {}, memoryKv(), true)
  const runs = (): unknown[] => [...board.kv.table('stroke-runs').keys({})]
  await board.place([1, 0, 0, 1], [2, 0, 0, 2])
  await board.host.save(false)
  assert.deepEqual(runs(), [['board', 2, 2]])
  await board.place([1, 1, 0, 1])
  await board.host.save(false)
  board.host.strokes?.measured(board.host.canvas.position)
  await board.place([1, 2, 0, 1])
  await board.host.save(false)
  assert.deepEqual(runs(), [['board', 4, 1]])
})

test('[M32] meters that stand before what is kept get the stream folded again', async (t) => {
  const board = await TestBoard.create(t, {}, memoryKv(), true)
  await board.place([1, 0, 0, 1], [2, 0, 0, 2])
  board.host.strokes?.measured(board.host.canvas.position)
  await board.host.save(false)
  await board.reopen()
  await board.place([1, 1, 0, 1])
  const taker = new Taker()
  await taker.take(board.host)
  const records = await board.log.read(boardStream('board'), START, ALL)
  assert.deepEqual(taker.taken, told(records))
})

test('[M32] of more than 2,000,000 strokes that nobody takes, and 262,144 while a board catches up, none is kept', async (t) => {
  const board = await TestBoard.create(t, { extent: LARGE }, memoryKv(), true)
  for (let round = 0; round < 122; round++) await board.place(...quarter(1 + (round % 15)))
  assert.equal(board.host.strokes?.from, START)
  await board.place(...quarter(4))
  assert.equal(board.host.strokes?.from, board.host.canvas.position)
  await board.place([1, 0, 0, 5])
  let count = 0
  for await (const strokes of board.host.strokesAgain(START, new AbortController().signal))
    count += strokes.count
  assert.equal(count, 123 * MANY + 1)

  const later = await board.another(memoryKv())
  t.after(() => later[Symbol.asyncDispose]())
  assert.equal(later.strokes?.from, later.canvas.position)
})

test('[M32] a host of which nobody wants strokes keeps none, and what an earlier one kept is not taken for whole', async (t) => {
  const board = await TestBoard.create(t, {}, memoryKv(), true)
  await board.place([1, 0, 0, 1])
  await board.host.save(false)
  await board.close()
  const { type, body } = {
    type: RecordType.placed,
    body: encodeBody({ type: 2, body: placed([2, 0, 0, 2]) }),
  }
  await board.log.append(boardStream('board'), [{ type, body }])
  await (await board.another(board.kv, false))[Symbol.asyncDispose]()
  await board.open()
  assert.equal(board.host.strokes?.from, board.host.canvas.position)
  const taker = new Taker()
  await taker.take(board.host)
  assert.equal(taker.taken.length, 2)
})
