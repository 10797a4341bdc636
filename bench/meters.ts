/** How fast are meters written, summed and ranked, and what does an increment cost on disk? */
import { closeSync, fdatasyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { LmdbLog } from '../src/log/lmdb.ts'
import { LmdbMeterStore } from '../src/meters/lmdb.ts'
import { Meters } from '../src/meters/meters.ts'
import { encodeMeterRecord, MeterRecordType } from '../src/meters/records.ts'
import { columnsOfWrites, type Write } from '../src/meters/writes.ts'
import { Kv } from '../src/store/kv.ts'
import { declaration } from '../test/support/meters.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'
import { diskBytes } from './support/folder.ts'
import { Random } from './support/random.ts'
import { percentile } from './support/statistics.ts'

const METER = 'points'
const WRITES = { atLeast: 200_000 }
const BATCH = 10_000
/** Batches that are under way at once. */
const AT_ONCE = 32
const NOW = Date.UTC(2026, 10, 21, 13, 30) / 1000
const DAY = 86_400
const YEARS = 5

interface Opened extends AsyncDisposable {
  readonly meters: Meters
  readonly store: LmdbMeterStore
}

async function opened(folder: string): Promise<Opened> {
  mkdirSync(folder, { recursive: true })
  const log = LmdbLog.open(join(folder, 'log'), systemClock)
  const kv = Kv.open(join(folder, 'state'), 8)
  const store = new LmdbMeterStore(kv)
  const meters = await Meters.open(log, store)
  await meters.declare(declaration(METER))
  return {
    meters,
    store,
    async [Symbol.asyncDispose]() {
      await meters[Symbol.asyncDispose]()
      await kv[Symbol.asyncDispose]()
      await log[Symbol.asyncDispose]()
    },
  }
}

type Draw = (i: number) => { readonly entity: string; readonly second: number }

function batchesOf(total: number, draw: Draw): Write[][] {
  return Array.from({ length: Math.ceil(total / BATCH) }, (_, batch) =>
    Array.from({ length: Math.min(BATCH, total - batch * BATCH) }, (_, i): Write => {
      const { entity, second } = draw(batch * BATCH + i)
      return { kind: 'add', meter: METER, entity, second, amount: 1 + (i % 100) }
    }),
  )
}

/** Increments a second, from the first call until the last is answered: durable, judged, to be seen. */
async function write(meters: Meters, total: number, draw: Draw): Promise<number> {
  let elapsedMs = 0
  for (let from = 0; from < total; from += AT_ONCE * BATCH) {
    const batches = batchesOf(Math.min(AT_ONCE * BATCH, total - from), (i) => draw(from + i))
    const startMs = performance.now()
    await Promise.all(batches.map((batch) => meters.write(batch)))
    elapsedMs += performance.now() - startMs
  }
  return (total / elapsedMs) * 1000
}

/** The bodies of the same records at the end of a plain file, synced as often. */
function writeToFile(path: string, total: number, draw: Draw): number {
  const file = openSync(path, 'a')
  let elapsedMs = 0
  for (let from = 0; from < total; from += AT_ONCE * BATCH) {
    const batches = batchesOf(Math.min(AT_ONCE * BATCH, total - from), (i) => draw(from + i))
    const startMs = performance.now()
    for (const batch of batches) {
      const body = columnsOfWrites(batch, '')
      writeSync(file, encodeMeterRecord({ type: MeterRecordType.written, body }))
    }
    fdatasyncSync(file)
    elapsedMs += performance.now() - startMs
  }
  closeSync(file)
  return (total / elapsedMs) * 1000
}

async function benchWrites(run: Run, folder: string): Promise<void> {
  const many = run.size(1_600_000, 20_000)
  const crowds = [
    { name: '1,000 entities at once', entities: 1000, total: many, target: WRITES },
    { name: '10,000 entities at once', entities: 10_000, total: many, target: WRITES },
    // Hardly anybody comes twice in a commit and most are new: there is nothing to gather.
    { name: '1,000,000 entities, all alike', entities: 1_000_000, total: many / 4, target: undefined },
  ]
  for (const { name, entities, total, target } of crowds) {
    const random = new Random(7)
    // As many increments a second of the event as are to be reached.
    const draw: Draw = (i) => ({
      entity: `player/${random.integer(entities)}`,
      second: NOW + Math.floor(i / 200_000),
    })
    await using own = await opened(join(folder, `writes-${entities}`))
    const value = await write(own.meters, total, draw)
    run.row({
      name: `meters: writes, ${name}`,
      value,
      unit: 'increments/s',
      rival: 'the same records in a plain file, synced',
      rivalValue: writeToFile(join(folder, `floor-${entities}`), total, draw),
      ...(target === undefined ? {} : { target }),
    })
  }
}

const SPANS: readonly (readonly [name: string, seconds: number])[] = [
  ['1 minute', 60],
  ['1 hour', 3600],
  ['1 day', DAY],
  ['1 month', 30 * DAY],
  ['1 year', 365 * DAY],
  ['5 years', 5 * 365 * DAY],
]

/** An entity that did something every minute for five years, so that its tree is as deep as it gets. */
async function benchSums(run: Run, folder: string): Promise<void> {
  await using own = await opened(join(folder, 'sums'))
  const minutes = run.size(YEARS * 365 * 24 * 60, 20_000)
  const first = NOW - minutes * 60
  await write(own.meters, minutes, (i) => ({ entity: 'one', second: first + i * 60 + (i % 60) }))
  const random = new Random(8)
  const values = new Map<number, number>(Array.from({ length: 100_000 }, (_, i) => [i, i]))
  for (const [name, seconds] of SPANS) {
    const length = Math.min(seconds, minutes * 60 - 2)
    const questions = Array.from({ length: run.size(5000, 100) }, () => {
      const from = first + random.integer(minutes * 60 - length)
      return { from, to: from + length - 1 }
    })
    const timesUs: number[] = []
    const floorUs: number[] = []
    for (const span of questions) {
      let startMs = performance.now()
      await own.meters.questions.sum(METER, 'one', span)
      timesUs.push((performance.now() - startMs) * 1000)
      startMs = performance.now()
      await own.store.facts(['e/1/one'])
      values.get(random.integer(100_000))
      floorUs.push((performance.now() - startMs) * 1000)
    }
    run.row({
      name: `meters: sum over ${name}, p50`,
      value: percentile(timesUs, 0.5),
      unit: 'µs',
      rival: 'one value read by key, p50',
      rivalValue: percentile(floorUs, 0.5),
      target: { atMost: 50 },
    })
  }
}

/** Everybody was there on the day, and twice on average in the five years before. */
async function benchTop(run: Run, folder: string): Promise<void> {
  await using own = await opened(join(folder, 'top'))
  const entities = run.size(1_000_000, 10_000)
  const random = new Random(9)
  const span = YEARS * 365 * DAY
  const history = run.size(2_000_000, 10_000)
  await write(own.meters, history, (i) => ({
    entity: `player/${random.integer(entities)}`,
    second: NOW - span + Math.floor((i / history) * (span - DAY)),
  }))
  await write(own.meters, entities, (i) => ({
    entity: `player/${i}`,
    second: NOW - random.integer(12 * 3600),
  }))
  const today = NOW - (NOW % DAY)
  const asked = async (spans: readonly { from: number; to: number }[]): Promise<number> => {
    const timesMs: number[] = []
    for (const span of spans) {
      const startMs = performance.now()
      await own.meters.questions.top(METER, span, 100)
      timesMs.push(performance.now() - startMs)
    }
    return percentile(timesMs, 0.5)
  }
  const anySpans = Array.from({ length: run.size(40, 3) }, () => {
    const ends = [random.integer(span), random.integer(span)]
    return { from: NOW - Math.max(...ends), to: NOW - Math.min(...ends) }
  })
  const floorMs: number[] = []
  const column = Float64Array.from({ length: entities }, () => random.integer(1e6))
  for (let i = 0; i < run.size(20, 3); i++) {
    const startMs = performance.now()
    let most = 0
    for (const value of column) if (value > most) most = value
    floorMs.push(performance.now() - startMs + most * 0)
  }
  const rival = 'one pass over a number an entity in memory'
  const rivalValue = percentile(floorMs, 0.5)
  const whole = { from: NOW - span, to: NOW }
  const dayTop = { name: `meters: top 100 of ${entities}, the current day`, target: { atMost: 20 } }
  const day = Array.from({ length: run.size(40, 3) }, () => ({ from: today, to: today + DAY - 1 }))
  run.row({ ...dayTop, value: await asked(day), unit: 'ms', rival, rivalValue })
  const any = { name: `meters: top 100 of ${entities}, any range, p50`, target: { atMost: 150 } }
  run.row({ ...any, value: await asked(anySpans), unit: 'ms', rival, rivalValue })
  const all = { name: `meters: top 100 of ${entities}, five years to this second`, target: { atMost: 150 } }
  run.row({ ...all, value: await asked(day.map(() => whole)), unit: 'ms', rival, rivalValue })
}

async function benchDisk(run: Run, folder: string): Promise<void> {
  const cases = [
    { name: 'a second', everySeconds: 1, entities: 10, each: run.size(40_000, 500) },
    { name: 'a minute', everySeconds: 60, entities: 10, each: run.size(40_000, 500) },
    { name: 'a day', everySeconds: DAY, entities: run.size(200, 20), each: YEARS * 365 },
  ]
  for (const { name, everySeconds, entities, each } of cases) {
    const path = join(folder, `disk-${everySeconds}`)
    const total = entities * each
    {
      await using own = await opened(path)
      await write(own.meters, total, (i) => {
        const at = Math.floor(i / entities)
        const second = NOW - (each - at) * everySeconds + ((i * 7919) % everySeconds)
        return { entity: `player/${i % entities}`, second }
      })
    }
    run.row({
      name: `meters: disk, one ${name} by each of ${entities}`,
      value: diskBytes(join(path, 'state')) / total,
      unit: 'B/increment',
      rival: 'its record in the log',
      rivalValue: diskBytes(join(path, 'log')) / total,
    })
  }
}

await bench(async (run) => {
  const folder = tempFolder(run)
  run.note(
    `meters: batches of ${BATCH}, ${AT_ONCE} at once, each answered when it is synced, judged and seen`,
  )
  await benchWrites(run, folder)
  await benchSums(run, folder)
  await benchDisk(run, folder)
  await benchTop(run, folder)
})
