import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { Fold, T0 } from '../../../test/support/boards.ts'
import { manySteps, STEPS_BOARD, take } from '../../../test/support/canvas-steps.ts'
import { TestBoard } from '../../../test/support/test-board.ts'
import { type LogRecord, START } from '../../log/port.ts'
import { boardStream } from '../host.ts'
import type { View } from '../picture.ts'
import { crop } from '../render/crop.ts'
import { createdAtMs, passage } from './passage.ts'

const NEVER = new AbortController().signal

/** What of a view is compared, copied: the next one is made of it. */
function seen({ position, timeMs, info, chunk }: View) {
  const cells = crop({ left: -8, top: -8, width: 16, height: 16 }, chunk, info.background)
  return { position, timeMs, info, cells: Buffer.from(cells).toString('hex') }
}

async function boardOf(t: TestContext, records: readonly LogRecord[]): Promise<TestBoard> {
  const board = await TestBoard.create(t, STEPS_BOARD)
  for (const [i, { type, timeMs, body }] of records.slice(1).entries()) {
    await board.log.append(boardStream('board'), [{ type, timeMs, body }])
    await board.clock.settle()
    if (i % 5 === 4) await board.host.save(true)
  }
  return board
}

test('[B39] one pass over the history shows the board as of each moment', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      manySteps,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 1 })), { minLength: 1, maxLength: 20 }),
      async (steps, picks) => {
        const fold = new Fold(STEPS_BOARD)
        for (const step of steps) take(fold, step)
        const board = await boardOf(t, fold.records)
        const stored = await board.log.read(boardStream('board'), START, { records: 100, bytes: 1e6 })
        const timeOf = (pick: number) => stored[pick % stored.length]?.timeMs ?? 0
        const momentsMs = picks.map(([pick, laterMs]) => timeOf(pick) + laterMs).sort((a, b) => a - b)
        assert.equal(await createdAtMs(board.host), timeOf(0))
        const frames = []
        for await (const view of passage(board.host, momentsMs, NEVER)) frames.push(seen(view))
        const expected = []
        for (const momentMs of momentsMs) expected.push(seen(await board.host.atTime(momentMs)))
        assert.deepEqual(frames, expected)
        await board.close()
      },
    ),
    { numRuns: 25 },
  )
})

test('[B39] who gives up ends the pass; before its creation there is no board', async (t) => {
  const fold = new Fold(STEPS_BOARD)
  for (let i = 0; i < 3; i++) {
    fold.nowMs += 1000
    fold.place([1 + i, i, 0, 1])
  }
  const { host } = await boardOf(t, fold.records)
  await assert.rejects(passage(host, [T0 - 1, T0], NEVER).next(), { code: 'not-found' })
  const stop = new AbortController()
  const views = passage(host, [T0, T0 + 1000, T0 + 5000], stop.signal)
  assert.equal((await views.next()).value?.position, 1)
  assert.equal((await views.next()).value?.position, 2)
  stop.abort(new Error('enough'))
  await assert.rejects(views.next(), /enough/)
})
