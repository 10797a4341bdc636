import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fold, folded } from '../../test/support/boards.ts'
import { memoryKv } from '../../test/support/memory-kv.ts'
import { Canvas } from '../boards/canvas/canvas.ts'
import { Changes } from '../boards/canvas/changes.ts'
import { Strokes } from '../boards/canvas/strokes.ts'
import type { LogRecord } from '../log/port.ts'
import { MeterFold } from '../meters/fold.ts'
import { LmdbMeterStore } from '../meters/lmdb.ts'
import { Questions } from '../meters/questions.ts'
import { Measurer } from './measurer.ts'

const EVER = { from: 0, to: 2 ** 32 - 2 }
const { signal } = new AbortController()

/** What the records from the index `from` to before `to` do. */
function strokesOf(records: readonly LogRecord[], from: number, to: number): Strokes {
  const canvas = folded(records.slice(0, from), new Canvas())
  const strokes = new Strokes(canvas.position, canvas.timeMs)
  for (const record of records.slice(from, to)) canvas.apply(record, new Changes(), strokes)
  return strokes
}

test('[M38] what another server took meanwhile is left out, the rest counts whole', async () => {
  const fold = new Fold()
  for (let x = 0; x < 10; x++) fold.place([1, x, 0, 1], [2, x, 1, 2])
  const { records } = fold
  const kv = memoryKv()
  const store = (): LmdbMeterStore => new LmdbMeterStore(kv, 'board/board')
  const slow = await Measurer.open(store(), '', signal, () => {})
  const fast = await Measurer.open(store(), '', signal, () => {})
  assert.equal(await fast.measure(strokesOf(records, 0, 5)), 5)
  assert.equal(await slow.measure(strokesOf(records, 0, 11)), 11)
  assert.equal(await fast.measure(strokesOf(records, 5, 7)), 11)

  const answers = store()
  const questions = new Questions(await MeterFold.open(answers), answers)
  for (const meter of ['placements', 'cells', 'surviving']) {
    assert.equal(await questions.sum(meter, '1', EVER), 10n, meter)
  }
})
