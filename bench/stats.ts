/** How many placements a second go into the meters of a board, and what does one cost on disk? */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SpateError } from '../src/base/errors.ts'
import { Canvas } from '../src/boards/canvas/canvas.ts'
import { Changes } from '../src/boards/canvas/changes.ts'
import { encodeBody } from '../src/boards/canvas/codec.ts'
import { CLASSIC_PALETTE } from '../src/boards/canvas/palettes.ts'
import { RecordType } from '../src/boards/canvas/records.ts'
import { FREE_RULES } from '../src/boards/canvas/rules.ts'
import { Strokes } from '../src/boards/canvas/strokes.ts'
import { type LogRecord, positionOf, START } from '../src/log/port.ts'
import { LmdbMeterStore } from '../src/meters/lmdb.ts'
import { spaceOf } from '../src/stats/boards-meters.ts'
import { Measurer } from '../src/stats/measurer.ts'
import { Kv } from '../src/store/kv.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'
import { eventCrowd, placedRecords } from './support/crowd.ts'
import { diskBytes } from './support/folder.ts'

const SIDE = 2000
const START_MS = 1_700_000_000_000
/** A busy board's, at the peak of r/place 2022: 1,640 placements a second. */
const PER_RECORD = 220
const RECORD_EVERY_MS = (PER_RECORD / 1640) * 1000
/** What a host gathers between two snapshots. */
const STROKES_A_RUN = 50_000
/** A placement in its record. */
const COLUMN_BYTES = 9

function* recordsOf(total: number, players: number): Iterable<LogRecord> {
  const info = {
    id: 'bench',
    extent: { left: 0, top: 0, width: SIDE, height: SIDE },
    palette: CLASSIC_PALETTE,
    background: 0,
    rules: FREE_RULES,
  }
  const body = encodeBody({ type: RecordType.created, body: info })
  yield { position: positionOf(1), timeMs: START_MS, type: RecordType.created, body }
  const next = eventCrowd({ seed: 1, side: SIDE, players, colors: CLASSIC_PALETTE.length })
  let position = 1
  for (const record of placedRecords(next, total, PER_RECORD, START_MS, RECORD_EVERY_MS)) {
    position += 1
    yield { ...record, position: positionOf(position) }
  }
}

interface Cost {
  readonly measuringMs: number
  readonly foldingMs: number
  readonly strokes: number
}

/** Folds the board and feeds its meters, in turns. */
async function measure(folder: string, total: number, players: number): Promise<Cost> {
  await using kv = Kv.open(folder, 16)
  const fail = (reason: SpateError | undefined): void => {
    if (reason !== undefined) throw reason
  }
  const store = new LmdbMeterStore(kv, spaceOf('bench'))
  const measurer = await Measurer.open(store, '', new AbortController().signal, fail)
  const canvas = new Canvas()
  const changes = new Changes()
  const cost = { measuringMs: 0, foldingMs: 0, strokes: 0 }
  let strokes = new Strokes(START, 0)
  let since = performance.now()
  const flush = async (): Promise<void> => {
    const foldedAt = performance.now()
    cost.foldingMs += foldedAt - since
    await measurer.measure(strokes)
    since = performance.now()
    cost.measuringMs += since - foldedAt
    cost.strokes += strokes.count
    strokes = new Strokes(canvas.position, canvas.timeMs)
  }
  for (const record of recordsOf(total, players)) {
    changes.clear()
    canvas.apply(record, changes, strokes)
    if (strokes.count >= STROKES_A_RUN) await flush()
  }
  await flush()
  return cost
}

async function benchCrowd(run: Run, folder: string, total: number, players: number): Promise<void> {
  mkdirSync(folder)
  const { measuringMs, foldingMs, strokes } = await measure(folder, total, players)
  const crowd = `${players.toLocaleString('en')} players`
  run.row({
    name: `stats: placements measured, ${crowd}`,
    value: (strokes / measuringMs) * 1000,
    unit: 'placements/s',
    rival: 'folding them',
    rivalValue: (strokes / foldingMs) * 1000,
  })
  run.row({
    name: `stats: meters on disk, ${crowd}`,
    value: diskBytes(folder) / strokes,
    unit: 'B/placement',
    rival: 'its columns in the log',
    rivalValue: COLUMN_BYTES,
  })
}

await bench(async (run) => {
  const total = run.size(1_000_000, 20_000)
  run.note(`stats: ${total} placements of an event's crowd, all six levels of five meters, in LMDB`)
  const folder = tempFolder(run)
  for (const players of [1000, 20_000, 500_000]) {
    await benchCrowd(run, join(folder, String(players)), total, players)
  }
})
