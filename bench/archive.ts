/**
 * How many placements a second are sealed into the archive and restored from it, and what does one cost there? Each
 * beside what it is made of: zstd of the bodies, decoding alone, and DuckDB's Parquet of the same rows.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { constants, gunzipSync, zstdCompressSync } from 'node:zlib'
import { DuckDBDataChunk, DuckDBInstance, UBIGINT, UINTEGER, USMALLINT, UTINYINT } from '@duckdb/node-api'
import { ArchiveReader } from '../src/archive/reader.ts'
import { restoreArchive } from '../src/archive/restore.ts'
import { SEAL_LIMITS, Sealer } from '../src/archive/sealer.ts'
import { archiveStatus } from '../src/archive/status.ts'
import { systemClock } from '../src/base/clock.ts'
import { decodeBody, encodeBody } from '../src/boards/canvas/codec.ts'
import { RecordType } from '../src/boards/canvas/records.ts'
import { LmdbLog } from '../src/log/lmdb.ts'
import { type NewRecord, positionOf, START } from '../src/log/port.ts'
import { FolderObjects } from '../src/store/objects/folder.ts'
import { realData } from '../test/support/real-data.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'
import { eventCrowd, placedRecords } from './support/crowd.ts'
import { Generator } from './support/generator.ts'
import type { PainterCommands } from './support/painters.ts'
import { BenchServer } from './support/server.ts'

const STREAM = 'board/bench'
const RATE_TARGET = { atLeast: 2e6 }
/** The rival is DuckDB's Parquet. */
const SMALLER = { ratioAtMost: 1 }
/** A few ms, and what the machine adds. */
const HELD_TARGET = { atMost: 10 }
const RECORDS_A_COMMIT = 2000
/** Bodies that zstd gets at once. */
const ZSTD_BYTES = 1 << 20
const CHUNK_ROWS = 2048
const SIDE = 2000
const SOCKETS = 32
const EDITS_A_FRAME = 10
const EDITS_A_SECOND = 10_000

type TimedRecord = NewRecord & { readonly timeMs: number }

/** Makes the same records each time, so that none has to be kept: a full heap would be measured, too. */
type Records = () => Iterable<TimedRecord>

/** A placement in a table: time, player, x, y, colour. */
type Row = [timeMs: bigint, player: number, x: number, y: number, color: number]

function* rowsOf(records: Records): Iterable<Row> {
  for (const { type, body, timeMs } of records()) {
    const record = decodeBody(type, body)
    if (record.type !== RecordType.placed && record.type !== RecordType.painted) continue
    const { count, player, x, y, color } = record.body
    const timesMs = record.type === RecordType.painted ? record.body.timeMs : undefined
    for (let i = 0; i < count; i++) {
      yield [BigInt(timesMs?.[i] ?? timeMs), player[i] ?? 0, x[i] ?? 0, y[i] ?? 0, color[i] ?? 0]
    }
  }
}

/** The rows as DuckDB's Parquet with zstd, all else as it comes. */
async function parquet(folder: string, records: Records): Promise<{ bytes: number; rows: number }> {
  const file = join(folder, 'rows.parquet')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(
    'CREATE TABLE rows (time UBIGINT, player UINTEGER, x USMALLINT, y USMALLINT, color UTINYINT)',
  )
  const appender = await connection.createAppender('rows')
  let rows = 0
  let waiting: Row[] = []
  const append = (): void => {
    const chunk = DuckDBDataChunk.create([UBIGINT, UINTEGER, USMALLINT, USMALLINT, UTINYINT], CHUNK_ROWS)
    chunk.setRows(waiting)
    appender.appendDataChunk(chunk)
    rows += waiting.length
    waiting = []
  }
  for (const row of rowsOf(records)) {
    waiting.push(row)
    if (waiting.length === CHUNK_ROWS) append()
  }
  if (waiting.length > 0) append()
  appender.closeSync()
  await connection.run(`COPY rows TO '${file}' (FORMAT parquet, COMPRESSION zstd)`)
  connection.closeSync()
  instance.closeSync()
  return { bytes: statSync(file).size, rows }
}

/** The bodies as they are under zstd, in one thread. */
function zstdOfBodies(records: Records): { bytes: number; ms: number } {
  const params = { [constants.ZSTD_c_compressionLevel]: 3 }
  let ms = 0
  let bytes = 0
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  const compress = (): void => {
    const startMs = performance.now()
    bytes += zstdCompressSync(Buffer.concat(waiting), { chunkSize: ZSTD_BYTES * 2, params }).length
    ms += performance.now() - startMs
    waiting = []
    waitingBytes = 0
  }
  for (const { body } of records()) {
    waiting.push(body)
    waitingBytes += body.length
    if (waitingBytes >= ZSTD_BYTES) compress()
  }
  if (waiting.length > 0) compress()
  return { bytes, ms }
}

async function fill(log: LmdbLog, records: Records): Promise<void> {
  let waiting: NewRecord[] = []
  for (const record of records()) {
    waiting.push(record)
    if (waiting.length < RECORDS_A_COMMIT) continue
    await log.append(STREAM, waiting)
    waiting = []
  }
  if (waiting.length > 0) await log.append(STREAM, waiting)
}

interface Sealed {
  readonly ms: number
  readonly cpuMs: number
  /** For how long nothing else of the thread could run. */
  readonly heldMs: number
  readonly idleMs: number
  readonly bytes: number
}

async function seal(log: LmdbLog, objects: FolderObjects): Promise<Sealed> {
  const onError = (_stream: string, error: unknown): void => {
    throw error
  }
  await using sealer = new Sealer({ log, objects, clock: systemClock, onError }, SEAL_LIMITS)
  const idleMs = await delayDuring(() => new Promise((resolve) => setTimeout(resolve, 500)))
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  const heldMs = await delayDuring(() => sealer.sealAll())
  const ms = performance.now() - startMs
  const { user, system } = process.cpuUsage(cpu)
  const { streams } = await archiveStatus(objects)
  return { ms, cpuMs: (user + system) / 1000, heldMs, idleMs, bytes: streams[0]?.bytes ?? 0 }
}

/** The 99th percentile, in ms, of how late a timer of 1 ms is. */
async function delayDuring(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await work()
  delay.disable()
  return Math.max(0, delay.percentile(99) / 1e6 - 1)
}

async function restored(objects: FolderObjects, folder: string): Promise<number> {
  await using log = LmdbLog.open(folder, systemClock)
  const startMs = performance.now()
  await restoreArchive(objects, log, () => {})
  return performance.now() - startMs
}

async function decoded(objects: FolderObjects): Promise<number> {
  const reader = new ArchiveReader(objects)
  const end = positionOf(await reader.sealedUpTo(STREAM))
  const startMs = performance.now()
  let records = 0
  for await (const block of reader.blocks(STREAM, START, end)) records += block.length
  if (records === 0) throw new Error('nothing was decoded')
  return performance.now() - startMs
}

async function measure(run: Run, name: string, records: Records, isLarge: boolean): Promise<void> {
  const folder = tempFolder(run)
  const { bytes: parquetBytes, rows: placements } = await parquet(folder, records)
  await using log = LmdbLog.open(join(folder, 'log'), systemClock)
  await fill(log, records)
  await using objects = FolderObjects.open(join(folder, 'objects'))
  const plain = zstdOfBodies(records)
  const { ms, cpuMs, heldMs, idleMs, bytes } = await seal(log, objects)
  const rate = (overMs: number): number => (placements / overMs) * 1000
  run.row({
    name: `archive: size, ${name}`,
    value: bytes / placements,
    unit: 'B/placement',
    rival: 'Parquet with zstd, DuckDB',
    rivalValue: parquetBytes / placements,
    target: SMALLER,
  })
  run.note(`archive: ${name}: bodies under zstd ${(plain.bytes / placements).toFixed(2)} B/placement`)
  if (!isLarge) return
  run.row({
    name: `archive: seal, ${name}`,
    value: rate(ms),
    unit: 'placements/s',
    rival: 'zstd of the bodies alone',
    rivalValue: rate(plain.ms),
    target: RATE_TARGET,
  })
  run.note(`archive: ${name}: sealing took ${((cpuMs / ms) * 100).toFixed(0)} % of a core`)
  run.row({
    name: `archive: thread held while sealing, ${name}`,
    value: heldMs,
    unit: 'ms p99',
    rival: 'idle',
    rivalValue: Math.max(0.01, idleMs),
    target: HELD_TARGET,
  })
  const decodeMs = await decoded(objects)
  run.row({
    name: `archive: restore, ${name}`,
    value: rate(await restored(objects, join(folder, 'new'))),
    unit: 'placements/s',
    rival: 'decoding alone',
    rivalValue: rate(decodeMs),
    target: RATE_TARGET,
  })
}

/** The sample as an import paints it: by time, a record for each second. */
function sampleRecords(path: string): TimedRecord[] {
  const [, ...lines] = gunzipSync(readFileSync(path)).toString().trimEnd().split('\n')
  const colors = new Map<string, number>()
  const rows = lines.map((line) => {
    const [millis, author, color = '', x, y] = line.split(',')
    if (!colors.has(color)) colors.set(color, colors.size)
    return {
      timeMs: Number(millis),
      player: Number(author),
      color: colors.get(color) ?? 0,
      x: Number(x),
      y: Number(y),
    }
  })
  rows.sort((a, b) => a.timeMs - b.timeMs)
  const seconds = Map.groupBy(rows, ({ timeMs }) => Math.floor(timeMs / 1000))
  return [...seconds.values()].map((cells) => ({
    type: RecordType.painted,
    timeMs: cells.at(-1)?.timeMs ?? 0,
    body: encodeBody({
      type: RecordType.painted,
      body: {
        count: cells.length,
        player: Uint32Array.from(cells, ({ player }) => player),
        x: Uint16Array.from(cells, ({ x }) => x),
        y: Uint16Array.from(cells, ({ y }) => y),
        color: Uint8Array.from(cells, ({ color }) => color),
        timeMs: Float64Array.from(cells, ({ timeMs }) => timeMs),
      },
    }),
  }))
}

/** What players notice of it: the same load with and without sealing that never rests. */
async function besides(run: Run): Promise<void> {
  const server = await BenchServer.start(run)
  await server.createBoard('bench', SIDE)
  const generator = Generator.start<PainterCommands>(run, 'painters.ts')
  await generator.call('connect', {
    port: server.port,
    path: '/api/boards/bench/live?chunks=65535',
    cookies: await server.cookies(SOCKETS),
    side: SIDE,
    colors: 16,
    editsPerFrame: EDITS_A_FRAME,
    framesPerSocket: run.size(100, 8),
    window: 16,
  })
  const framesPerSecond = run.size(EDITS_A_SECOND, 1000) / EDITS_A_FRAME
  const seconds = run.size(10, 0.5)
  await generator.call('paint', { seconds: run.size(3, 0.2), framesPerSecond: null })
  const alone = await generator.call('paint', { seconds, framesPerSecond })
  await generator.call('paint', { seconds: run.size(3, 0.2), framesPerSecond: null })
  let isOver = false
  const sealing = (async () => {
    while (!isOver) await server.seal()
  })()
  const beside = await generator.call('paint', { seconds, framesPerSecond })
  isOver = true
  await sealing
  run.row({
    name: `archive: ack p99 at ${framesPerSecond * EDITS_A_FRAME} edits/s while sealing without rest`,
    value: beside.p99Ms,
    unit: 'ms',
    rival: 'without sealing',
    rivalValue: alone.p99Ms,
    target: { atMost: 50 },
  })
  await generator.end()
  await server.end()
}

await bench(async (run) => {
  await besides(run)
  const total = run.size(3e6, 20_000)
  run.note(`archive: ${total} placements of an event's crowd: 500,000 players by Zipf's law, 2000×2000`)
  for (const perRecord of [220, 20]) {
    const records = (): Iterable<TimedRecord> => {
      const crowd = eventCrowd({ seed: 5, side: 2000, players: 500_000, colors: 16 })
      return placedRecords(crowd, total, perRecord, 1_700_000_000_000, perRecord / 5)
    }
    await measure(run, `${perRecord} a record`, records, true)
  }
  const sample = realData('place2022/concurrent_actions.csv.gz')
  if (sample.skip !== false) return run.note(`archive: ${sample.skip}`)
  const painted = sampleRecords(sample.path)
  await measure(run, 'r/place 2022, a sample', () => painted, false)
})
