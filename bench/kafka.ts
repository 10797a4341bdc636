/**
 * What does a log in Kafka cost: edits a second through one server and one broker, and how soon does a second server
 * show what the first has acknowledged?
 */
import { chunkOrigin } from '../src/boards/canvas/geometry.ts'
import { decodeServerMessage, encodeClientMessage } from '../src/live/protocol.ts'
import { ownPrefix } from '../test/support/kafka-topics.ts'
import { findServiceUrl } from '../test/support/services.ts'
import { bench, type Run } from './support/bench.ts'
import { Generator } from './support/generator.ts'
import type { PainterCommands } from './support/painters.ts'
import { BenchServer } from './support/server.ts'
import { connectLive, maskedFrame } from './support/socket.ts'
import { percentile } from './support/statistics.ts'

const BOARD = 'bench'
const SIDE = 2000
const COLORS = 16
const SOCKETS = 32
const EDITS_A_FRAME = 100
const SHOWN_RATE = 5000
const SHOWN_A_FRAME = 10

function envOf(log: string): Record<string, string> {
  return { SPATE_LOG: log, SPATE_SECRET: 'bench-secret-0123456789' }
}

async function ingest(
  run: Run,
  env: Readonly<Record<string, string>>,
): Promise<{ perSecond: number; p99Ms: number }> {
  const server = await BenchServer.start(run, env)
  await server.createBoard(BOARD, SIDE)
  const generator = Generator.start<PainterCommands>(run, 'painters.ts')
  await generator.call('connect', {
    port: server.port,
    path: `/api/boards/${BOARD}/live`,
    cookies: await server.cookies(SOCKETS),
    side: SIDE,
    colors: COLORS,
    editsPerFrame: EDITS_A_FRAME,
    framesPerSocket: run.size(60, 8),
    window: 16,
  })
  await generator.call('paint', { seconds: run.size(1.5, 0.2), framesPerSecond: null })
  const { edits, seconds } = await generator.call('paint', {
    seconds: run.size(6, 0.5),
    framesPerSecond: null,
  })
  const framesPerSecond = run.size(25_000, 1000) / EDITS_A_FRAME
  const { p99Ms } = await generator.call('paint', { seconds: run.size(6, 0.5), framesPerSecond })
  await generator.end()
  await server.end()
  return { perSecond: edits / seconds, p99Ms }
}

/** How long after an edit's acknowledgement by one server a viewer of the other saw it, ms each. */
async function shown(from: BenchServer, to: BenchServer, seconds: number): Promise<number[]> {
  const acknowledgedMs = new Map<number, number>()
  const seenMs = new Map<number, number>()
  let at = 0
  let answers = 0
  const frames = seconds * (SHOWN_RATE / SHOWN_A_FRAME)
  const done = Promise.withResolvers<void>()
  const settle = (): void => {
    if (answers === frames && seenMs.size >= frames * SHOWN_A_FRAME) done.resolve()
  }
  const viewer = await connectLive(to.port, `/api/boards/${BOARD}/live`, undefined, (bytes, start, end) => {
    const message = decodeServerMessage(Uint8Array.from(bytes.subarray(start, end)))
    if (message.type !== 'edits') return
    const nowMs = performance.now()
    for (const { chunk, cells } of message.groups) {
      const { x, y } = chunkOrigin(chunk)
      for (const cell of cells) seenMs.set((y + (cell >>> 8)) * SIDE + x + (cell & 0xff), nowMs)
    }
    settle()
  })
  const [cookie] = await from.cookies(1)
  const painter = await connectLive(
    from.port,
    `/api/boards/${BOARD}/live?chunks=65535`,
    cookie,
    (bytes, start, end) => {
      const message = decodeServerMessage(Uint8Array.from(bytes.subarray(start, end)))
      if (message.type !== 'judged') return
      const nowMs = performance.now()
      for (let i = 0; i < SHOWN_A_FRAME; i++) acknowledgedMs.set(message.request * SHOWN_A_FRAME + i, nowMs)
      answers += 1
      settle()
    },
  )
  const startMs = performance.now()
  const timer = setInterval(() => {
    const due = Math.min(frames, ((performance.now() - startMs) / 1000) * (SHOWN_RATE / SHOWN_A_FRAME))
    for (; at < due; at++) {
      const edits = Array.from({ length: SHOWN_A_FRAME }, (_, i) => {
        const cell = at * SHOWN_A_FRAME + i
        return { x: cell % SIDE, y: Math.floor(cell / SIDE), color: 1 + (cell % (COLORS - 1)) }
      })
      painter.write(maskedFrame(encodeClientMessage({ type: 'edit', request: at, edits })).bytes)
    }
  }, 1)
  await done.promise
  clearInterval(timer)
  painter.destroy()
  viewer.destroy()
  return [...acknowledgedMs].map(([cell, ms]) => Math.max(0, (seenMs.get(cell) ?? Number.NaN) - ms))
}

await bench(async (run) => {
  const broker = findServiceUrl('kafka')
  if (broker === undefined) {
    run.skip('no broker runs (npm run services -- up kafka)')
    return
  }
  const log = (): string => `kafka://${broker}/${ownPrefix(run, broker)}?partitions=4`
  const embedded = await ingest(run, {})
  const kafka = await ingest(run, envOf(log()))
  run.row({
    name: `kafka: ${SOCKETS} sockets that watch, ${EDITS_A_FRAME} edits a frame`,
    value: kafka.perSecond,
    unit: 'edits/s',
    rival: 'the embedded log',
    rivalValue: embedded.perSecond,
    target: { atLeast: 50_000 },
  })
  run.row({
    name: `kafka: ack p99 at ${run.size(25_000, 1000)} edits/s`,
    value: kafka.p99Ms,
    unit: 'ms',
    rival: 'the embedded log',
    rivalValue: embedded.p99Ms,
  })
  const env = envOf(log())
  const first = await BenchServer.start(run, env)
  const second = await BenchServer.start(run, env)
  await first.createBoard(BOARD, SIDE)
  while ((await fetch(`${second.url}/api/boards/${BOARD}`)).status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const delays = await shown(first, second, run.size(8, 1))
  run.row({
    name: `kafka: a second server shows an acknowledged edit, p99 at ${SHOWN_RATE}/s`,
    value: percentile(delays, 0.99),
    unit: 'ms',
    rival: 'p50',
    rivalValue: percentile(delays, 0.5),
    target: { atMost: 150 },
  })
  await first.end()
  await second.end()
})
