/** How many edits a second become durable and are judged, and how soon does a player hear of it? */
import { bench, type Run } from './support/bench.ts'
import { Generator } from './support/generator.ts'
import type { PainterCommands } from './support/painters.ts'
import type { PosterCommands } from './support/posters.ts'
import type { RivalCommands } from './support/rivals.ts'
import { BenchServer } from './support/server.ts'

const BOARD = 'bench'
const SIDE = 2000
const COLORS = 16
const EDITS_TARGET = 100_000
const POSTS_TARGET = 12_000
/** Player u32, x u16, y u16, colour u8. */
const COLUMN_BYTES = 9
const ACK_TARGET = { atMost: 50 }

interface SocketLoad {
  /** Whether the players are shown the board's live frames, as a page is, or look at a part where nothing happens. */
  readonly isWatching: boolean
  readonly sockets: number
  readonly editsPerFrame: number
  readonly window: number
}

async function painters(
  run: Run,
  port: number,
  cookies: readonly string[],
  { editsPerFrame, window, isWatching }: SocketLoad,
): Promise<Generator<PainterCommands>> {
  const generator = Generator.start<PainterCommands>(run, 'painters.ts')
  await generator.call('connect', {
    port,
    path: `/api/boards/${BOARD}/live${isWatching ? '' : '?chunks=65535'}`,
    cookies,
    side: SIDE,
    colors: COLORS,
    editsPerFrame,
    framesPerSocket: run.size(Math.ceil(200_000 / editsPerFrame / cookies.length), 8),
    window,
  })
  return generator
}

/** A bare ws server that answers as many frames with as many bytes. */
async function rivalEdits(run: Run, load: SocketLoad): Promise<number> {
  const rival = Generator.start<RivalCommands>(run, 'rivals.ts')
  const port = await rival.call('judges', { editsPerFrame: load.editsPerFrame })
  const cookies = Array.from({ length: load.sockets }, () => 'a=b')
  const generator = await painters(run, port, cookies, load)
  await generator.call('paint', { seconds: run.size(1, 0.1), framesPerSecond: null })
  const { edits, seconds } = await generator.call('paint', {
    seconds: run.size(4, 0.3),
    framesPerSecond: null,
  })
  await generator.end()
  await rival.end()
  return edits / seconds
}

async function overSockets(run: Run, load: SocketLoad, isPromised: boolean): Promise<void> {
  const { sockets, editsPerFrame, isWatching } = load
  const edits = editsPerFrame === 1 ? 'edit' : 'edits'
  const name = `${sockets} sockets${isWatching ? ' that watch' : ''}, ${editsPerFrame} ${edits} a frame`
  const rivalValue = await rivalEdits(run, load)
  const server = await BenchServer.start(run)
  await server.createBoard(BOARD, SIDE)
  const generator = await painters(run, server.port, await server.cookies(sockets), load)
  await generator.call('paint', { seconds: run.size(1.5, 0.1), framesPerSecond: null })
  const before = await server.usage()
  const full = await generator.call('paint', { seconds: run.size(6, 0.5), framesPerSecond: null })
  const after = await server.usage()
  const folded = after.cellsFolded - before.cellsFolded
  if (folded < full.edits) throw new Error(`${full.edits} edits judged, ${folded} folded`)
  const cpuUs = ((after.cpuSeconds - before.cpuSeconds) / folded) * 1e6
  run.note(
    `ingest: ${name}: ${Math.round((full.accepted / folded) * 100)} % accepted, ${cpuUs.toFixed(2)} µs of server CPU an edit, ` +
      `p99 ${full.p99Ms.toFixed(1)} ms with ${load.window} frames a socket under way`,
  )
  run.row({
    name: `ingest: ${name}`,
    value: full.edits / full.seconds,
    unit: 'edits/s',
    rival: 'bare ws, same frames',
    rivalValue,
    ...(isPromised ? { target: { atLeast: EDITS_TARGET } } : {}),
  })
  const { cellsFolded } = await server.usage()
  run.row({
    name: `ingest: log on disk after it, ${name}`,
    value: server.logBytes() / cellsFolded,
    unit: 'B/edit',
    rival: 'its columns',
    rivalValue: COLUMN_BYTES,
    target: { atMost: 12 },
  })
  if (isPromised) {
    const framesPerSecond = run.size(EDITS_TARGET / 2, 2000) / editsPerFrame
    const half = await generator.call('paint', { seconds: run.size(8, 0.5), framesPerSecond })
    run.row({
      name: `ingest: ack p99 at ${framesPerSecond * editsPerFrame} edits/s, ${sockets} sockets`,
      value: half.p99Ms,
      unit: 'ms',
      rival: 'p50',
      rivalValue: half.p50Ms,
      target: ACK_TARGET,
    })
  }
  await generator.end()
  await server.end()
}

async function posters(
  run: Run,
  port: number,
  cookies: readonly (string | null)[],
): Promise<Generator<PosterCommands>> {
  const generator = Generator.start<PosterCommands>(run, 'posters.ts')
  const path = `/api/boards/${BOARD}/edit`
  await generator.call('connectPosters', { port, path, cookies, side: SIDE, requestsPerConnection: 64 })
  await generator.call('load', { seconds: run.size(2, 0.1), perSecond: null })
  return generator
}

async function overHttp(run: Run, connections: number): Promise<void> {
  const seconds = run.size(6, 0.5)
  const body = '{"position":123456,"verdict":"accepted","nextMs":1700000000000}'
  const rival = Generator.start<RivalCommands>(run, 'rivals.ts')
  const rivalPort = await rival.call('answers', { status: 200, type: 'application/json', bytes: body.length })
  const rivalLoad = await posters(
    run,
    rivalPort,
    Array.from({ length: connections }, () => null),
  )
  const rivalAnswers = (await rivalLoad.call('load', { seconds, perSecond: null })).answers
  await rivalLoad.end()
  await rival.end()

  const server = await BenchServer.start(run)
  await server.createBoard(BOARD, SIDE)
  const generator = await posters(run, server.port, await server.cookies(connections))
  const before = await server.usage()
  const full = await generator.call('load', { seconds, perSecond: null })
  const after = await server.usage()
  const folded = after.cellsFolded - before.cellsFolded
  // An edit that repeats what its cell shows is answered without the log.
  if (folded < full.answers * 0.9) throw new Error(`${full.answers} edits answered, ${folded} folded`)
  const cpuUs = ((after.cpuSeconds - before.cpuSeconds) / full.answers) * 1e6
  run.note(`ingest: POST: ${cpuUs.toFixed(1)} µs of server CPU a request, p99 ${full.p99Ms.toFixed(1)} ms`)
  run.row({
    name: `ingest: POST …/edit, ${connections} connections`,
    value: full.answers / seconds,
    unit: 'requests/s',
    rival: 'bare node:http, same JSON',
    rivalValue: rivalAnswers / seconds,
    target: { atLeast: POSTS_TARGET },
  })
  const perSecond = run.size(POSTS_TARGET / 2, 500)
  const half = await generator.call('load', { seconds: run.size(8, 0.5), perSecond })
  run.row({
    name: `ingest: ack p99 at ${perSecond} POSTs/s`,
    value: half.p99Ms,
    unit: 'ms',
    rival: 'p50',
    rivalValue: half.p50Ms,
    target: ACK_TARGET,
  })
  await generator.end()
  await server.end()
}

await bench(async (run) => {
  await overSockets(run, { sockets: run.size(32, 4), editsPerFrame: 100, window: 16, isWatching: true }, true)
  await overSockets(
    run,
    { sockets: run.size(256, 8), editsPerFrame: 10, window: 16, isWatching: false },
    false,
  )
  await overSockets(
    run,
    { sockets: run.size(256, 8), editsPerFrame: 1, window: 32, isWatching: false },
    false,
  )
  await overHttp(run, run.size(128, 8))
})
