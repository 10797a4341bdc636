/** How long does an image of a past moment of a board of 10 M placements take, in process and over HTTP? */
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { BoardHost } from '../src/boards/host.ts'
import type { View } from '../src/boards/picture.ts'
import { crop } from '../src/boards/render/crop.ts'
import { Renderer } from '../src/boards/render/renderer.ts'
import { LmdbLog } from '../src/log/lmdb.ts'
import { positionOf } from '../src/log/port.ts'
import { Kv } from '../src/store/kv.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench } from './support/bench.ts'
import { BOARD, fillLog, logFolder, stateFolder } from './support/board-folder.ts'
import { Generator } from './support/generator.ts'
import type { OpenerCommands } from './support/opener.ts'
import { Random } from './support/random.ts'
import { BenchServer } from './support/server.ts'
import { percentile } from './support/statistics.ts'

const TARGET = { atMost: 200 }
const PER_RECORD = 50

const SIDE = 2000

await bench(async (run) => {
  const total = run.size(10e6, 100_000)
  const moments = run.size(100, 5)
  const folder = join(tempFolder(run), 'data')
  await fillLog(folder, { total, perRecord: PER_RECORD, side: SIDE })
  const opener = Generator.start<OpenerCommands>(run, 'opener.ts')
  const { position: head } = await opener.call('open', { dataFolder: folder })
  await opener.end()
  run.note(
    `past: ${total} placements, ${PER_RECORD} a record; ${moments} moments drawn evenly, one after the other`,
  )
  const random = new Random(5)
  const positions = Array.from({ length: moments }, () => 2 + random.integer(head - 1))

  await using stack = new AsyncDisposableStack()
  const log = stack.use(LmdbLog.open(logFolder(folder), systemClock))
  const kv = stack.use(Kv.open(stateFolder(folder), 16))
  const services = { log, kv, clock: systemClock, onSnapshotError: () => {}, onStopped: () => {} }
  const host = stack.use(await BoardHost.open(BOARD, services))
  const renderer = stack.use(new Renderer())
  const encode = async (view: View): Promise<void> => {
    const { extent, palette, background } = view.info
    await renderer.png(crop(extent, view.chunk, background), extent.width, extent.height, palette)
  }
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const startMs = performance.now()
    await work()
    return performance.now() - startMs
  }
  await encode(host.now())
  const now: number[] = []
  for (let i = 0; i < run.size(20, 2); i++) now.push(await timed(() => encode(host.now())))
  const views: number[] = []
  const images: number[] = []
  for (const position of positions) {
    let view: View | undefined
    views.push(
      await timed(async () => {
        view = await host.at(positionOf(position))
      }),
    )
    images.push((views.at(-1) ?? 0) + (await timed(async () => view && encode(view))))
  }
  const nowMs = percentile(now, 0.95)
  run.note(
    `past: the state alone ${percentile(views, 0.5).toFixed(1)} ms median, ${percentile(views, 0.95).toFixed(1)} ms p95`,
  )
  run.row({
    name: 'past: state and image in process, p95',
    value: percentile(images, 0.95),
    unit: 'ms',
    rival: 'image of now, p95',
    rivalValue: nowMs,
    target: TARGET,
  })
  await stack.disposeAsync()

  const server = await BenchServer.start(run, { SPATE_DATA: folder })
  const get = (query: string) =>
    timed(async () => {
      const response = await fetch(`${server.url}/api/boards/${BOARD}/image.png${query}`)
      if (response.status !== 200) throw new Error(await response.text())
      await response.arrayBuffer()
    })
  await get('')
  const current: number[] = []
  for (let i = 0; i < run.size(20, 2); i++) current.push(await get('?left=0'))
  const past: number[] = []
  for (const position of positions) past.push(await get(`?at=${position}`))
  run.row({
    name: 'past: GET image.png?at=…, p95',
    value: percentile(past, 0.95),
    unit: 'ms',
    rival: 'image of now over HTTP, p95',
    rivalValue: percentile(current, 0.95),
    target: TARGET,
  })
  await server.end()
})
