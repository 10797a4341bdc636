/** Does an image of the past, or a start, take longer the longer the history is? */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { BoardHost } from '../src/boards/host.ts'
import { crop } from '../src/boards/render/crop.ts'
import { Renderer } from '../src/boards/render/renderer.ts'
import { LmdbLog } from '../src/log/lmdb.ts'
import { positionOf } from '../src/log/port.ts'
import { Kv } from '../src/store/kv.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'
import { BOARD, BoardFolder, logFolder, stateFolder } from './support/board-folder.ts'
import { Generator } from './support/generator.ts'
import type { OpenerCommands, Opening } from './support/opener.ts'
import { type Point, plot } from './support/plot.ts'
import { Random } from './support/random.ts'
import { percentile } from './support/statistics.ts'

const PER_RECORD = 220
const SIDE = 2000
const MOMENTS = 60
const IMAGE_TARGET = { atMost: 200 }
const START_TARGET = { atMost: 1 }

/** In a process that has done nothing else. */
async function opened(run: Run, dataFolder: string): Promise<Opening> {
  const opener = Generator.start<OpenerCommands>(run, 'opener.ts')
  const opening = await opener.call('open', { dataFolder })
  await opener.end()
  return opening
}

/** How long an image takes of moments drawn evenly over the history, ms each. */
async function imagesOf(dataFolder: string, head: number, moments: number): Promise<number[]> {
  await using log = LmdbLog.open(logFolder(dataFolder), systemClock)
  await using kv = Kv.open(stateFolder(dataFolder), 16)
  const services = { log, kv, clock: systemClock, onSnapshotError: () => {}, onStopped: () => {} }
  await using host = await BoardHost.open(BOARD, services)
  await using renderer = new Renderer()
  const random = new Random(5)
  const times: number[] = []
  for (let i = 0; i <= moments; i++) {
    const startMs = performance.now()
    const { info, chunk } = await host.at(positionOf(2 + random.integer(head - 1)))
    const { extent, palette, background } = info
    await renderer.png(crop(extent, chunk, background), extent.width, extent.height, palette)
    // The first starts the encoder.
    if (i > 0) times.push(performance.now() - startMs)
  }
  return times
}

await bench(async (run) => {
  const lengths = [1e6, 5e6, 10e6, 25e6, 50e6].map((length) => run.size(length, length / 1000))
  const longest = lengths.at(-1) ?? 0
  const board = new BoardFolder(join(tempFolder(run), 'data'), {
    total: longest,
    perRecord: PER_RECORD,
    side: SIDE,
  })
  const points: Point[] = []
  let length = 0
  let firstP95Ms: number | undefined
  let firstOpenMs: number | undefined
  for (const next of lengths) {
    await board.grow(next - length)
    length = next
    // Folds what is new and leaves a snapshot.
    await opened(run, board.path)
    const { openMs, cellsFolded, position, residentBytes } = await opened(run, board.path)
    if (cellsFolded !== 0) throw new Error('not from the snapshot')
    const p95Ms = percentile(await imagesOf(board.path, position, run.size(MOMENTS, 3)), 0.95)
    points.push({ x: length / 1e6, y: p95Ms })
    firstP95Ms ??= p95Ms
    firstOpenMs ??= openMs
    const millions = `${length / 1e6} M placements`
    run.row({
      name: `travel: image of a past moment, p95, ${millions}`,
      value: p95Ms,
      unit: 'ms',
      rival: 'of the shortest history',
      rivalValue: firstP95Ms,
      target: IMAGE_TARGET,
    })
    run.row({
      name: `travel: start from the snapshot, ${millions}`,
      value: openMs / 1000,
      unit: 's',
      rival: 'of the shortest history',
      rivalValue: firstOpenMs / 1000,
      target: START_TARGET,
    })
    run.note(`travel: ${millions}: ${Math.round(residentBytes / 1e6)} MB RSS after the start`)
  }
  if (process.env.SPATE_PLOT !== undefined) {
    const labels = { x: 'placements, millions', y: 'an image of a past moment, p95, ms' }
    writeFileSync(process.env.SPATE_PLOT, plot(points, labels))
  }
})
