/** What does an image cost: encoding it, the main thread meanwhile, and serving it from memory? */
import { join } from 'node:path'
import sharp from 'sharp'
import { Canvas } from '../src/boards/canvas/canvas.ts'
import { Changes } from '../src/boards/canvas/changes.ts'
import { encodeBody } from '../src/boards/canvas/codec.ts'
import { CLASSIC_PALETTE } from '../src/boards/canvas/palettes.ts'
import { RecordType } from '../src/boards/canvas/records.ts'
import { FREE_RULES } from '../src/boards/canvas/rules.ts'
import { crop } from '../src/boards/render/crop.ts'
import { Renderer } from '../src/boards/render/renderer.ts'
import { positionOf } from '../src/log/port.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'
import { BOARD, fillLog } from './support/board-folder.ts'
import { drawing, placedRecords } from './support/crowd.ts'
import { Generator } from './support/generator.ts'
import type { PosterCommands } from './support/posters.ts'
import type { RivalCommands } from './support/rivals.ts'
import { BenchServer } from './support/server.ts'
import { median } from './support/statistics.ts'

function painted(side: number): Canvas {
  const canvas = new Canvas()
  const changes = new Changes()
  const extent = { left: 0, top: 0, width: side, height: side }
  const created = { id: 'bench', extent, palette: CLASSIC_PALETTE, background: 0, rules: FREE_RULES }
  const body = encodeBody({ type: RecordType.created, body: created })
  canvas.apply({ position: positionOf(1), timeMs: 1, type: RecordType.created, body }, changes)
  const crowd = drawing({ seed: 4, side, players: 100_000, colors: CLASSIC_PALETTE.length })
  let position = 1
  for (const record of placedRecords(crowd, side * side, 1000, 2, 1)) {
    position += 1
    changes.clear()
    canvas.apply({ ...record, position: positionOf(position) }, changes)
  }
  return canvas
}

async function encoding(run: Run): Promise<void> {
  const canvas = painted(run.size(2000, 500))
  const { extent, palette } = canvas.info
  const { width, height } = extent
  const chunk = (index: number): Uint8Array | undefined => canvas.chunks[index]?.colors
  await using renderer = new Renderer()
  const totalMs: number[] = []
  const blockedMs: number[] = []
  const sharpMs: number[] = []
  const rgb = Buffer.alloc(width * height * 3)
  crop(extent, chunk, 0).forEach((color, i) => {
    rgb.writeUIntBE(palette[color] ?? 0, i * 3, 3)
  })
  let bytes = 0
  let sharpBytes = 0
  for (let round = 0; round <= run.size(15, 1); round++) {
    const startMs = performance.now()
    const png = renderer.png(crop(extent, chunk, 0), width, height, palette)
    blockedMs.push(performance.now() - startMs)
    bytes = (await png).length
    totalMs.push(performance.now() - startMs)
    const sharpStartMs = performance.now()
    const image = sharp(rgb, { raw: { width, height, channels: 3 } })
    const encoded = await image
      .png({ palette: true, colours: palette.length, dither: 0, compressionLevel: 3 })
      .toBuffer()
    sharpMs.push(performance.now() - sharpStartMs)
    sharpBytes = encoded.length
  }
  run.note(
    `image: ${width}×${height}, a drawing of flat shapes with strays: ${bytes} bytes, sharp's ${sharpBytes}`,
  )
  run.row({
    name: `image: ${width}×${height} indexed PNG, from cells to bytes`,
    value: median(totalMs.slice(1)),
    unit: 'ms',
    rival: 'sharp, palette PNG',
    rivalValue: median(sharpMs.slice(1)),
    target: { atMost: 60 },
  })
  run.row({
    name: 'image: of that the main thread was blocked',
    value: median(blockedMs.slice(1)),
    unit: 'ms',
    rival: 'the whole image',
    rivalValue: median(totalMs.slice(1)),
  })
}

async function requestsPerSecond(
  run: Run,
  port: number,
  path: string,
  headers: string,
  status: number,
): Promise<number> {
  const getters = Generator.start<PosterCommands>(run, 'posters.ts')
  await getters.call('connectGetters', { port, path, connections: 32, headers, status })
  await getters.call('load', { seconds: run.size(1, 0.1), perSecond: null })
  const seconds = run.size(4, 0.3)
  const { answers } = await getters.call('load', { seconds, perSecond: null })
  await getters.end()
  return answers / seconds
}

/** From a server whose board of 1000×1000 is fully painted. */
async function serving(run: Run): Promise<void> {
  const folder = join(tempFolder(run), 'data')
  await fillLog(folder, { total: 1e6, perRecord: 500, side: 1000, crowd: drawing })
  const server = await BenchServer.start(run, { SPATE_DATA: folder })
  const path = `/api/boards/${BOARD}/image.png`
  const first = await fetch(`${server.url}${path}`)
  const image = Buffer.from(await first.arrayBuffer())
  if (first.status !== 200) throw new Error(image.toString())
  const { length } = image
  const etag = first.headers.get('etag')
  run.note(
    `image: served: 1000×1000, ${length} bytes, 32 kept-alive connections, one request at a time on each`,
  )
  const cases = [
    { name: 'in full', status: 200, headers: '' },
    { name: 'revalidated (304)', status: 304, headers: `If-None-Match: ${etag}\r\n` },
  ]
  for (const { name, status, headers } of cases) {
    const rival = Generator.start<RivalCommands>(run, 'rivals.ts')
    const rivalPort = await rival.call('answers', {
      status,
      type: 'image/png',
      bytes: status === 304 ? 0 : length,
    })
    const rivalValue = await requestsPerSecond(run, rivalPort, path, headers, status)
    run.row({
      name: `image: cached, ${name}`,
      value: await requestsPerSecond(run, server.port, path, headers, status),
      unit: 'requests/s',
      rival: 'bare node:http, same bytes',
      rivalValue,
      target: { atLeast: 10_000 },
    })
    await rival.end()
  }
}

await bench(async (run) => {
  await encoding(run)
  await serving(run)
})
