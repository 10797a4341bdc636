/**
 * How many placements a second does an export write, with the verdict of each, and at how many bytes? Beside the fold
 * alone, which every export waits for, and DuckDB's Parquet of the four columns that the archive's figures speak of.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Duck, literal } from '../src/archive/tables/duck.ts'
import { exportPlacements, TABLE_FORMATS, type TableFormat } from '../src/archive/tables/export.ts'
import { PlacementFold } from '../src/archive/tables/placements.ts'
import { PlacementQuery } from '../src/archive/tables/query.ts'
import { encodeBody } from '../src/boards/canvas/codec.ts'
import { RecordType } from '../src/boards/canvas/records.ts'
import { type LogRecord, positionOf, START } from '../src/log/port.ts'
import { created } from '../test/support/boards.ts'
import { realData } from '../test/support/real-data.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench } from './support/bench.ts'
import { eventCrowd, placedRecords } from './support/crowd.ts'

const SIDE = 1000
const PLAYERS = 100_000
const COLORS = 16
const PER_RECORD = 220
const EVERY_MS = 44
const START_MS = Date.UTC(2026, 0, 1)
const RATE_TARGET = { atLeast: 500_000 }

/** An event's records, made as they are taken. */
async function* records(total: number): AsyncGenerator<readonly LogRecord[]> {
  const crowd = eventCrowd({ seed: 4, side: SIDE, players: PLAYERS, colors: COLORS })
  const extent = { left: 0, top: 0, width: SIDE, height: SIDE }
  const body = encodeBody({ type: RecordType.created, body: created({ extent }) })
  let position = 1
  yield [{ position: positionOf(position), timeMs: START_MS, type: RecordType.created, body }]
  for (const record of placedRecords(crowd, total, PER_RECORD, START_MS, EVERY_MS)) {
    position += 1
    yield [{ ...record, position: positionOf(position) }]
  }
}

async function gathered(total: number): Promise<LogRecord[]> {
  return (await Array.fromAsync(records(total))).flat()
}

async function* batches(all: readonly LogRecord[]): AsyncGenerator<readonly LogRecord[]> {
  for (let at = 0; at < all.length; at += 256) yield all.slice(at, at + 256)
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

await bench(async (run) => {
  const total = run.size(4_000_000, 20_000)
  const all = await gathered(total)
  const folder = tempFolder(run)
  const pathOf = (format: TableFormat) => join(folder, `p.${format}`)

  const fold = async () => {
    let rows = 0
    const folding = new PlacementFold(START, () => {
      rows += 1
    })
    for (const record of all) folding.fold(record)
    return rows
  }
  // Once to warm up.
  await fold()
  const floor = total / (await secondsOf(fold))

  for (const format of TABLE_FORMATS) {
    const source = { board: 'bench', records: batches(all) }
    const seconds = await secondsOf(() => exportPlacements([source], format, pathOf(format), () => {}))
    run.row({
      name: `export ${format}, event crowd`,
      value: total / seconds,
      unit: 'placements/s',
      rival: 'folding alone',
      rivalValue: floor,
      ...(format === 'parquet' ? { target: RATE_TARGET } : {}),
    })
  }
  run.note(`RSS after three exports of ${total} placements: ${process.memoryUsage.rss() >> 20} MB`)

  const four = join(folder, 'four.parquet')
  using duck = await Duck.open(undefined, undefined)
  await duck.run(
    `COPY (SELECT epoch_ms(time) AS time, player, (y * 65536 + x)::UINTEGER AS position, color
       FROM read_parquet(${literal(pathOf('parquet'))})) TO ${literal(four)} (FORMAT parquet, COMPRESSION zstd)`,
  )
  run.row({
    name: 'bytes of an export’s Parquet, event crowd',
    value: statSync(pathOf('parquet')).size / total,
    unit: 'B/placement',
    rival: 'time, player, position, colour alone',
    rivalValue: statSync(four).size / total,
  })

  const sample = realData('place2022/concurrent_actions.csv.gz')
  if (sample.skip !== false) run.note(sample.skip)
  else {
    const csv = `read_csv(${literal(sample.path)})`
    const real = join(folder, 'real.parquet')
    await duck.run(
      `COPY (SELECT epoch_ms(millis::BIGINT) AS time, hashid::UINTEGER AS player, (y * 65536 + x)::UINTEGER AS position,
         (dense_rank() OVER (ORDER BY color) - 1)::UTINYINT AS color
         FROM ${csv} ORDER BY millis) TO ${literal(real)} (FORMAT parquet, COMPRESSION zstd)`,
    )
    const [[rows] = []] = await Array.fromAsync((await duck.query(`SELECT count(*) FROM ${csv}`)).rows)
    run.row({
      name: 'bytes of DuckDB’s Parquet, the real sample, four columns',
      value: statSync(real).size / Number(rows),
      unit: 'B/placement',
      rival: 'the sample as it is, gzip',
      rivalValue: statSync(sample.path).size / Number(rows),
    })
  }

  using placements = await PlacementQuery.open([pathOf('parquet')], folder)
  const ask = (sql: string) => secondsOf(async () => Array.fromAsync((await placements.query(sql)).rows))
  const countMs = (await ask('SELECT count(*) FROM placements')) * 1000
  run.row({
    name: 'a query: the ten busiest players',
    value:
      (await ask(
        `SELECT player, count(*) AS n FROM placements WHERE verdict = 'accepted' GROUP BY ALL ORDER BY n DESC LIMIT 10`,
      )) * 1000,
    unit: 'ms',
    rival: 'counting rows',
    rivalValue: countMs,
  })
})
