/** What does it cost to follow an r/place, how late is the board, and how fast are frames decoded? */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../src/base/clock.ts'
import { Boards } from '../src/boards/boards.ts'
import { PlaceCollector } from '../src/capture/place/collector.ts'
import { FrameDecoder } from '../src/capture/place/decoder.ts'
import { PLACE_SETTINGS } from '../src/capture/place/settings.ts'
import { openSourceSocket } from '../src/capture/place/socket.ts'
import { LmdbLog } from '../src/log/lmdb.ts'
import { Kv } from '../src/store/kv.ts'
import { FolderObjects } from '../src/store/objects/folder.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'
import { Generator } from './support/generator.ts'
import { fullPicture } from './support/place-pictures.ts'
import type { PlaceSourceCommands } from './support/place-source.ts'

/** The median of the real one: data of 2022-04-01. */
const HZ = 1000 / 141
const CELLS = 1000
const NEVER_MS = 600_000

function throwIt(error: unknown): never {
  throw error
}

async function collecting(run: Run, origin: string): Promise<PlaceCollector> {
  const folder = tempFolder(run)
  const log = LmdbLog.open(join(folder, 'log'), systemClock)
  const kv = Kv.open(join(folder, 'state'), 32)
  const boards = await Boards.open({
    log,
    kv,
    clock: systemClock,
    onSnapshotError: (_board, error) => throwIt(error),
    onStopped: (_board, reason) => throwIt(reason),
  })
  const source = { pageUrl: `${origin}/r/place/`, queryUrl: `${origin.replace('http', 'ws')}/query` }
  // Nothing is checked by a full frame here: those of this source never change.
  const patience = { silenceMs: NEVER_MS, quietMs: NEVER_MS, refreshEveryMs: NEVER_MS }
  const collector = await PlaceCollector.open(
    'place',
    { ...PLACE_SETTINGS, ...source, ...patience },
    {
      log,
      kv,
      objects: FolderObjects.open(join(folder, 'objects')),
      boards,
      clock: systemClock,
      random: Math.random,
      fetch: (url, init) => fetch(url, init),
      openSocket: openSourceSocket,
      freeBytes: async () => Number.POSITIVE_INFINITY,
      onError: throwIt,
      onStopped: throwIt,
    },
  )
  run.after(async () => {
    await collector[Symbol.asyncDispose]()
    await boards[Symbol.asyncDispose]()
    await kv[Symbol.asyncDispose]()
    await log[Symbol.asyncDispose]()
  })
  return collector
}

function applied(collector: PlaceCollector): number {
  return collector.report().canvases.reduce((sum, { counts }) => sum + counts.applied, 0)
}

async function settled(collector: PlaceCollector, frames: number): Promise<void> {
  while (applied(collector) < frames) await delay(50)
}

async function measureFollowing(run: Run): Promise<void> {
  const canvases = run.size(6, 1)
  const source = Generator.start<PlaceSourceCommands>(run, 'place-source.ts')
  const origin = await source.call('start', { canvases, cells: CELLS, pictures: run.size(60, 3) })
  const collector = await collecting(run, origin)
  // Two connections a canvas, each with its full frame.
  await settled(collector, canvases * 2)
  const before = process.cpuUsage()
  const startMs = performance.now()
  const frames = await source.call('run', { seconds: run.size(30, 2), hz: HZ })
  await settled(collector, canvases * 2 + frames)
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(before)
  const cpu = (user + system) / 1e6
  const { canvases: reports } = collector.report()
  const rate = frames / seconds
  run.row({
    name: `${canvases} canvases, ${rate.toFixed(1)} diffs of ${CELLS} cells a second: one core`,
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
    target: { atMost: 500 },
  })
  const holes = reports.reduce((sum, report) => sum + report.holes.length, 0)
  run.note(`${holes} holes; ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB resident`)
}

async function measureDecoding(run: Run): Promise<void> {
  await using decoder = new FrameDecoder()
  const bytes = await fullPicture()
  await decoder.decode(bytes)
  const count = run.size(200, 4)
  const before = process.cpuUsage()
  const startMs = performance.now()
  let left = count
  const decode = async (): Promise<void> => {
    for (; left > 0; left -= 1) await decoder.decode(bytes)
  }
  await Promise.all([decode(), decode()])
  const ms = performance.now() - startMs
  const { user, system } = process.cpuUsage(before)
  run.row({
    name: 'full frames of 1000 × 1000 decoded',
    value: (count * 1000) / ms,
    unit: '/s',
    rival: 'ms of CPU each',
    rivalValue: (user + system) / 1000 / count,
    target: { atLeast: 50 },
  })
}

await bench(async (run) => {
  await measureDecoding(run)
  await measureFollowing(run)
})
