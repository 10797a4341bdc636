import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { measured } from '../../test/support/board-measures.ts'
import { Fold } from '../../test/support/boards.ts'
import { manySteps, STEPS_BOARD, take } from '../../test/support/canvas-steps.ts'
import { memoryKv } from '../../test/support/memory-kv.ts'
import { requires } from '../../test/support/requires.ts'
import { serviceUrl } from '../../test/support/services.ts'
import { Canvas } from '../boards/canvas/canvas.ts'
import { Changes } from '../boards/canvas/changes.ts'
import { Strokes } from '../boards/canvas/strokes.ts'
import type { LogRecord } from '../log/port.ts'
import { MeterFold } from '../meters/fold.ts'
import { LmdbMeterStore } from '../meters/lmdb.ts'
import { Questions } from '../meters/questions.ts'
import { openRedisMeters } from '../meters/redis.ts'
import { BOARD_METERS } from './declarations.ts'
import { Measurer } from './measurer.ts'

const EVER = { from: 0, to: 2 ** 32 - 2 }
const { signal } = new AbortController()

/** In runs of so many records. */
function runsOf(records: readonly LogRecord[], perRun: number): Strokes[] {
  const canvas = new Canvas()
  const runs: Strokes[] = []
  for (const [i, record] of records.entries()) {
    if (i % perRun === 0) runs.push(new Strokes(canvas.position, canvas.timeMs))
    canvas.apply(record, new Changes(), runs.at(-1))
  }
  return runs
}

test('[M38] servers that measure a board into one Redis count everything once, and leave the bytes that LMDB has', {
  skip: requires('redis'),
}, async () => {
  await using redis = openRedisMeters(serviceUrl('redis'), { prefix: `test-${randomUUID()}` })
  await fc.assert(
    fc.asyncProperty(manySteps, async (steps) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      const store = await redis.open('board/board')
      const servers = [1, 3, 7].map(async (perRun) => {
        const measurer = await Measurer.open(await redis.open('board/board'), '', signal, () => {})
        for (const strokes of runsOf(fold.records, perRun)) await measurer.measure(strokes)
      })
      await Promise.all(servers)

      await store.refresh()
      const questions = new Questions(await MeterFold.open(store), store)
      const model = measured(fold.records)
      for (const meter of BOARD_METERS) {
        const places = model.places(EVER, (event) => event.meter === meter)
        assert.deepEqual(await questions.top(meter, EVER, 100), places, meter)
      }
      const local = new LmdbMeterStore(memoryKv(), 'board/board')
      const alone = await Measurer.open(local, '', signal, () => {})
      for (const strokes of runsOf(fold.records, 2)) await alone.measure(strokes)
      assert.equal(await store.digest(), await local.digest())
      await store.clear()
    }),
    { numRuns: 5 },
  )
})
