/**
 * What does it cost to follow an r/place, how late is the board, what is the most that one process keeps up with, how
 * fast are frames decoded, and does a day of it take more memory than its first hour?
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { FrameDecoder } from '../src/capture/place/decoder.ts'
import { bench, type Run } from './support/bench.ts'
import { Following } from './support/capturing.ts'
import { framePace } from './support/frame-pace.ts'
import { Generator } from './support/generator.ts'
import { fullPicture } from './support/place-pictures.ts'
import type { PlaceSourceCommands } from './support/place-source.ts'
import { type Point, plot } from './support/plot.ts'

const SIDE = 1000
const CELLS = 1000
const MOST_LAG_MS = 500
const HOUR_MS = 3_600_000
/** The day alone, in full size. */
const IS_LONG = process.env.SPATE_BENCH_LONG === '1'
const MEMORY_PLOT = join(import.meta.dirname, '../docs/capture-memory.svg')

async function measureDecoding(run: Run): Promise<void> {
  await using decoder = new FrameDecoder()
  const bytes = await fullPicture(SIDE)
  const count = run.size(200, 4)
  const decoded = await perSecond(count, () => decoder.decode(bytes))
  // Another's decoder, which does not look for the cells.
  const floor = await perSecond(count, () => sharp(bytes).ensureAlpha().raw().toBuffer())
  run.row({
    name: 'full frames of 1000 × 1000 decoded into cells',
    value: decoded.rate,
    unit: '/s',
    rival: 'libvips, pixels alone',
    rivalValue: floor.rate,
    target: { atLeast: 50 },
  })
  run.note(`${decoded.cpuMs.toFixed(1)} ms of CPU each; libvips ${floor.cpuMs.toFixed(1)}`)
}

/** Two at a time. */
async function perSecond(
  count: number,
  work: () => Promise<unknown>,
): Promise<{ rate: number; cpuMs: number }> {
  await work()
  const before = process.cpuUsage()
  const startMs = performance.now()
  let left = count
  const lane = async (): Promise<void> => {
    for (; left > 0; left -= 1) await work()
  }
  await Promise.all([lane(), lane()])
  const ms = performance.now() - startMs
  const { user, system } = process.cpuUsage(before)
  return { rate: (count * 1000) / ms, cpuMs: (user + system) / 1000 / count }
}

async function measureFollowing(run: Run): Promise<void> {
  const canvases = run.size(6, 1)
  const { intervalsMs, source: timing } = framePace()
  const source = Generator.start<PlaceSourceCommands>(run, 'place-source.ts')
  const origin = await source.call('start', {
    ...{ canvases, side: SIDE, cells: CELLS },
    pictures: run.size(60, 3),
  })
  await using following = await Following.open(run, origin)
  // Two connections a canvas, each with its full frame.
  await following.settled(canvases * 2)
  // A capture runs for days; its code is compiled in the first minute.
  const first = await measureCpu(source, following, { seconds: run.size(60, 1), intervalsMs })
  const { frames, seconds, cpu } = await measureCpu(source, following, {
    seconds: run.size(45, 2),
    intervalsMs,
  })
  const { canvases: reports } = following.collector.report()
  run.row({
    name: `${canvases} canvases, ${(frames / seconds).toFixed(1)} diffs of ${CELLS} cells a second: one core`,
    value: (100 * cpu) / seconds,
    unit: '%',
    rival: 'ms of CPU a frame',
    rivalValue: (cpu * 1000) / frames,
    target: { atMost: 30 },
  })
  run.row({
    name: 'lag of the board, p99, the first full frames included',
    value: Math.max(...reports.map(({ boardLag }) => boardLag.p99Ms)),
    unit: 'ms',
    rival: 'p50, ms',
    rivalValue: Math.max(...reports.map(({ boardLag }) => boardLag.p50Ms)),
    target: { atMost: MOST_LAG_MS },
  })
  const firstPercent = ((100 * first.cpu) / first.seconds).toFixed(1)
  run.note(
    `in the first minute ${firstPercent} %; timing ${timing}; ${following.holes}; ${ownMegabytes().toFixed(0)} MB`,
  )
  await measureMost(run, source, following, canvases)
}

/** CPU s of this process until all that is told is on the board. */
async function measureCpu(
  source: Generator<PlaceSourceCommands>,
  following: Following,
  pace: { readonly seconds: number; readonly intervalsMs: readonly number[] },
): Promise<{ frames: number; seconds: number; cpu: number }> {
  const { applied } = following
  const before = process.cpuUsage()
  const startMs = performance.now()
  const frames = await source.call('run', pace)
  await following.settled(applied + frames)
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(before)
  return { frames, seconds, cpu: (user + system) / 1e6 }
}

/** A rate is kept up with if, once the source pauses, the board has all within the lag that is allowed. */
async function measureMost(
  run: Run,
  source: Generator<PlaceSourceCommands>,
  following: Following,
  canvases: number,
): Promise<void> {
  let most = { rate: 0, cpu: 0 }
  for (let hz = run.size(6, 8); hz < 1000; hz *= 1.25) {
    const start = following.applied
    const before = process.cpuUsage()
    const startMs = performance.now()
    const frames = await source.call('run', { seconds: run.size(6, 1), intervalsMs: [1000 / hz] })
    const toldMs = performance.now()
    await following.settled(start + frames)
    const endMs = performance.now()
    const { user, system } = process.cpuUsage(before)
    if (endMs - toldMs > MOST_LAG_MS) break
    most = {
      rate: (frames * 1000) / (endMs - startMs),
      cpu: (user + system) / 10 / (endMs - startMs),
    }
    if (run.smoke) break
  }
  // What took longer from the start on.
  if (most.rate === 0) {
    run.note('the lowest rate was not kept up with')
    return
  }
  run.row({
    name: `most diffs of ${CELLS} cells a second that one process keeps up with, ${canvases} canvases`,
    value: most.rate,
    unit: '/s',
    rival: 'of one core, %',
    rivalValue: most.cpu,
  })
}

/** A day of frames, thinned so that it fits into minutes (at full size: into a quarter of an hour), told as fast as they are taken. */
async function measureDay(run: Run): Promise<void> {
  const canvases = run.size(6, 1)
  const hours = run.size(24, 1)
  const everyMs = run.size(IS_LONG ? 2000 : 10_000, 60_000)
  const side = IS_LONG ? SIDE : 250
  const cells = IS_LONG ? CELLS : 250
  const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  const beginMs = endMs - hours * HOUR_MS
  const source = Generator.start<PlaceSourceCommands>(run, 'place-source.ts')
  const origin = await source.call('start', { canvases, side, cells, pictures: 60, beginMs })
  await using following = await Following.open(run, origin)
  await following.settled(canvases * 2)
  const points: Point[] = []
  const startMs = performance.now()
  let told = canvases * 2
  const times = Array.from({ length: (hours * HOUR_MS) / everyMs }, (_, i) => beginMs + (i + 1) * everyMs)
  const stepsAnHour = HOUR_MS / everyMs
  for (let i = 0; i < times.length; i += STEPS_AT_ONCE) {
    told += await source.call('tell', { timesMs: times.slice(i, i + STEPS_AT_ONCE) })
    await following.settled(told)
    const hour = Math.floor((i + STEPS_AT_ONCE) / stepsAnHour)
    if (hour > points.length || i === 0) {
      points.push({
        x: points.length,
        y: ownMegabytes(),
        label: points.length % 4 === 0 ? `${points.length}` : '',
      })
    }
  }
  const seconds = (performance.now() - startMs) / 1000
  const late = points.slice(-Math.ceil(points.length / 4)).map(({ y }) => y)
  const early = points.slice(Math.ceil(points.length / 4), Math.ceil(points.length / 2)).map(({ y }) => y)
  run.row({
    name: `memory after ${hours} hours of ${canvases} canvases, a frame of ${cells} cells each every ${everyMs / 1000} s`,
    value: mean(late),
    unit: 'MB',
    rival: 'in the second quarter of it, MB',
    rivalValue: mean(early.length > 0 ? early : late),
    target: { ratioAtMost: 1.2 },
  })
  run.note(
    `${told} frames at ${Math.round((hours * 3600) / seconds)} × real time; ${following.holes}; without files that are mapped`,
  )
  if (!run.smoke) {
    writeFileSync(MEMORY_PLOT, plot(points, { x: 'hours of a capture', y: 'MB' }))
  }
}

const STEPS_AT_ONCE = 20

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Of the process, without what of the log's file the system happens to hold. */
function ownMegabytes(): number {
  try {
    const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if (kilobytes !== undefined) return Number(kilobytes) / 1000
  } catch {
    // No Linux.
  }
  return process.memoryUsage.rss() / 1e6
}

await bench(async (run) => {
  await measureDay(run)
  if (IS_LONG) return
  await measureDecoding(run)
  await measureFollowing(run)
})
