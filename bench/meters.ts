/** How fast are meters written, summed and ranked, and what does an increment cost on disk? */
import { closeSync, fdatasyncSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { bucketOf, startOf } from '../src/meters/calendar.ts'
import { encodeMeterRecord, MeterRecordType } from '../src/meters/records.ts'
import { columnsOfWrites } from '../src/meters/writes.ts'
import { ownRedis } from '../test/support/own-redis.ts'
import { requires } from '../test/support/requires.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'
import { diskBytes } from './support/folder.ts'
import { AT_ONCE, BATCH, batchesOf, type Draw, METER, opened, write } from './support/meters.ts'
import { type Line, logPlot, type Point } from './support/plot.ts'
import { Pointspaced } from './support/pointspaced.ts'
import { Random } from './support/random.ts'
import { percentile } from './support/statistics.ts'

const WRITES = { atLeast: 200_000 }
const NOW = Date.UTC(2026, 10, 21, 13, 30) / 1000
const DAY = 86_400
const YEARS = 5

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

/** Every bench of the seed's commands has these under way at once, on one connection. */
const SEED_AT_ONCE = 256

async function benchRedisWrites(run: Run, folder: string, redisUrl: string): Promise<void> {
  await using seed = await Pointspaced.open(redisUrl)
  const random = new Random(7)
  const total = run.size(1_600_000, 20_000)
  const draw: Draw = (i) => ({
    entity: `player/${random.integer(1000)}`,
    second: NOW + Math.floor(i / 200_000),
  })
  const seedTotal = run.size(60_000, 500)
  const startMs = performance.now()
  let sent = 0
  await Promise.all(
    Array.from({ length: SEED_AT_ONCE }, async () => {
      while (sent < seedTotal) {
        const i = sent++
        await seed.write(1 + random.integer(1000), draw(i).second, 1 + i)
      }
    }),
  )
  const seedRate = (seedTotal / (performance.now() - startMs)) * 1000
  for (const [name, url] of [
    ['LMDB', undefined],
    ['the same Redis', redisUrl],
  ] as const) {
    await using own = await opened(join(folder, url === undefined ? 'beside-lmdb' : 'beside-redis'), url)
    run.row({
      name: `meters: writes, 1,000 entities at once, ${name}`,
      value: await write(own.meters, total, draw),
      unit: 'increments/s',
      rival: "pointspaced's commands in Redis",
      rivalValue: seedRate,
      target: { ratioAtLeast: 10 },
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
async function benchSums(run: Run, folder: string): Promise<Line> {
  const points: Point[] = []
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
    points.push({ x: seconds, y: percentile(timesUs, 0.5), label: name })
    run.row({
      name: `meters: sum over ${name}, p50`,
      value: percentile(timesUs, 0.5),
      unit: 'µs',
      rival: 'one value read by key, p50',
      rivalValue: percentile(floorUs, 0.5),
      target: { atMost: 50 },
    })
  }
  return { name: 'in process, LMDB', points }
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

/** Something every hour for five years, and every minute around where ranges begin and end. */
function sparseSeconds(): number[] {
  const seconds = new Set<number>()
  for (let at = NOW - YEARS * 366 * DAY; at < NOW; at += 3600) seconds.add(at - (at % 3600) + 17)
  for (const [, span] of [['', 0] as const, ...SPANS]) {
    for (let at = NOW - span - DAY; at < NOW - span; at += 60) seconds.add(at - (at % 60) + (at % 59))
  }
  return [...seconds].filter((second) => second < NOW).sort((a, b) => a - b)
}

async function benchRedisSums(run: Run, folder: string, redisUrl: string): Promise<Line[]> {
  const seconds = sparseSeconds()
  await using own = await opened(join(folder, 'redis-sums'), redisUrl)
  await using seed = await Pointspaced.open(redisUrl)
  await write(own.meters, seconds.length, (i) => ({ entity: 'one', second: seconds[i] ?? 0 }))
  for (const level of [0, 1, 2, 3, 4] as const) {
    const sums = new Map<number, number>()
    for (const [i, second] of seconds.entries()) {
      const start = startOf(level, bucketOf(level, second))
      sums.set(start, (sums.get(start) ?? 0) + 1 + ((i % BATCH) % 100))
    }
    await seed.fill(1, level, sums)
  }
  const random = new Random(8)
  const lines = { own: [] as Point[], seed: [] as Point[] }
  for (const [label, seconds] of SPANS) {
    const ownUs: number[] = []
    const seedUs: number[] = []
    for (let i = 0; i < run.size(1000, 20); i++) {
      const to = NOW - 1 - random.integer(DAY - 120)
      const span = { from: to - seconds + 1, to }
      let startMs = performance.now()
      const sum = await own.meters.questions.sum(METER, 'one', span)
      ownUs.push((performance.now() - startMs) * 1000)
      startMs = performance.now()
      const seedSum = await seed.sum(1, span.from, span.to + 1)
      seedUs.push((performance.now() - startMs) * 1000)
      if (Number(sum) !== seedSum) throw new Error(`${sum} and ${seedSum} over ${span.from} to ${span.to}`)
    }
    const [value, rivalValue] = [percentile(ownUs, 0.5), percentile(seedUs, 0.5)]
    lines.own.push({ x: seconds, y: value, label })
    lines.seed.push({ x: seconds, y: rivalValue, label })
    run.row({
      name: `meters: sum over ${label}, in Redis, p50`,
      value,
      unit: 'µs',
      rival: "pointspaced's script there, p50",
      rivalValue,
    })
  }
  return [
    { name: 'in Redis', points: lines.own },
    { name: 'pointspaced’s script in Redis', points: lines.seed },
  ]
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
  const lines = [await benchSums(run, folder)]
  const absence = requires('redis')
  if (absence === false) {
    const redis = await ownRedis(run)
    await benchRedisWrites(run, folder, redis.url)
    lines.push(...(await benchRedisSums(run, folder, redis.url)))
    await redis.stop()
  } else run.note(`meters: nothing beside Redis: ${absence}`)
  if (process.env.SPATE_PLOT_SUMS !== undefined) {
    writeFileSync(process.env.SPATE_PLOT_SUMS, logPlot(lines, { x: 'range', y: 'a sum, p50, µs' }))
  }
  await benchDisk(run, folder)
  await benchTop(run, folder)
})
