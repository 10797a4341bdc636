/** What does a live frame cost for each viewer it is delivered to, and what do 10,000 viewers hold in memory? */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'
import { Brush } from './support/brush.ts'
import { Generator } from './support/generator.ts'
import { BenchServer } from './support/server.ts'
import { median } from './support/statistics.ts'
import type { ViewerCommands } from './support/viewers.ts'

const BOARD = 'bench'
const SIDE = 1000
/** 61 cells of one chunk make a frame of 202 bytes with its headers. */
const CELLS_A_TICK = 61
const FRAME_BYTES = 202

interface Scene {
  readonly viewers: number
  readonly hz: number
  readonly seconds: number
  readonly rounds: number
}

/** A bare loop of writes; µs of its own CPU a write, round by round. */
async function floor(
  run: Run,
  { viewers, hz, seconds, rounds }: Scene,
): Promise<{ name: string; us: number[] }> {
  const { name, child } = startFloor(run, viewers, hz)
  const lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]()
  const line = async (): Promise<string> => String((await lines.next()).value)
  const port = Number((await line()).slice('port '.length))
  const generator = Generator.start<ViewerCommands>(run, 'viewers.ts')
  await generator.call('drain', { port, count: viewers })
  if ((await line()) !== 'ready') throw new Error('the floor did not start')
  const us: number[] = []
  for (let round = 0; round < rounds; round++) {
    child.stdin?.write(`${seconds}\n`)
    const [writes = 0, shorts = 0, cpuUs = 0] = (await line()).split(' ').map(Number)
    if (shorts > 0) run.note(`fanout: the floor could not write ${shorts} of ${writes + shorts} frames`)
    us.push(cpuUs / writes)
  }
  await generator.end()
  child.kill('SIGKILL')
  return { name, us }
}

function startFloor(run: Run, viewers: number, hz: number): { name: string; child: ChildProcess } {
  const args = [String(viewers), String(FRAME_BYTES), String(hz)]
  const compiled = compile(run)
  const child =
    compiled === undefined
      ? fork(join(import.meta.dirname, 'floor/write-loop.ts'), args, {
          stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
        })
      : spawn(compiled, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  run.after(() => child.kill('SIGKILL'))
  return { name: compiled === undefined ? 'bare socket.write of Node' : 'bare write loop in C', child }
}

function compile(run: Run): string | undefined {
  const program = join(tempFolder(run), 'write-loop')
  try {
    execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'floor/write-loop.c')], {
      stdio: 'ignore',
    })
    return program
  } catch {
    return undefined
  }
}

/** The server's µs of CPU a delivered frame, round by round; every viewer is checked. */
async function spate(
  run: Run,
  { viewers, hz, seconds, rounds }: Scene,
): Promise<{ us: number[]; residentBytes: number }> {
  const server = await BenchServer.start(run)
  await server.createBoard(BOARD, SIDE)
  const generator = Generator.start<ViewerCommands>(run, 'viewers.ts')
  await generator.call('watch', { port: server.port, path: `/api/boards/${BOARD}/live`, count: viewers })
  const [cookie] = await server.cookies(1)
  const brush = await Brush.connect(run, server.port, BOARD, cookie ?? '', CELLS_A_TICK)
  await brush.paint(1, hz)
  const us: number[] = []
  let residentBytes = 0
  let bytes = 0
  let frames = 0
  for (let round = 0; round < rounds; round++) {
    const before = { usage: await server.usage(), report: await generator.call('report', null) }
    await brush.paint(seconds, hz)
    const after = { usage: await server.usage(), report: await generator.call('report', null) }
    const delivered = after.report.frames - before.report.frames
    frames += delivered
    bytes += after.report.bytes - before.report.bytes
    us.push(((after.usage.cpuSeconds - before.usage.cpuSeconds) * 1e6) / delivered)
    residentBytes = Math.max(residentBytes, after.usage.residentBytes)
  }
  await check(server, generator, brush, viewers)
  const ticks = frames / viewers / rounds / seconds
  run.note(
    `fanout: ${viewers} viewers got ${ticks.toFixed(1)} frames/s of ${Math.round(bytes / frames)} bytes each; nothing was lost`,
  )
  await generator.end()
  await server.end()
  return { us, residentBytes }
}

/** Every viewer must have every cell exactly once and be where the board is. */
async function check(
  server: BenchServer,
  generator: Generator<ViewerCommands>,
  brush: Brush,
  viewers: number,
): Promise<void> {
  const position = await server.position(BOARD)
  const deadline = performance.now() + 10_000
  let report = await generator.call('report', null)
  while (report.position.least < position && performance.now() < deadline) {
    report = await generator.call('report', null)
  }
  const { cells, resyncs, closed } = report
  const complete = cells.least === brush.accepted && cells.most === brush.accepted
  if (!complete || report.position.least !== position || resyncs > 0 || closed > 0) {
    throw new Error(
      `${viewers} viewers at ${report.position.least}–${report.position.most} of ${position}, with ${cells.least}–${cells.most} ` +
        `of ${brush.accepted} cells, ${resyncs} resyncs, ${closed} closed`,
    )
  }
}

await bench(async (run) => {
  const scene = { viewers: run.size(3000, 50), hz: 20, seconds: run.size(5, 0.5), rounds: run.size(3, 1) }
  const before = await floor(run, scene)
  const { us } = await spate(run, scene)
  const after = await floor(run, scene)
  run.row({
    name: `fanout: CPU a delivered frame, ${scene.viewers} viewers at ${scene.hz} Hz`,
    value: median(us),
    unit: 'µs',
    rival: before.name,
    rivalValue: median([...before.us, ...after.us]),
    target: { ratioAtMost: 1.5 },
  })
  const crowd = { viewers: run.size(10_000, 100), hz: 5, seconds: run.size(5, 0.5), rounds: run.size(3, 1) }
  const many = await spate(run, crowd)
  run.row({
    name: `fanout: CPU a delivered frame, ${crowd.viewers} viewers at ${crowd.hz} Hz`,
    value: median(many.us),
    unit: 'µs',
    rival: before.name,
    rivalValue: median([...before.us, ...after.us]),
  })
  run.row({
    name: `fanout: server memory, ${crowd.viewers} viewers at ${crowd.hz} Hz`,
    value: many.residentBytes / 1e6,
    unit: 'MB RSS',
    rival: 'the server without viewers',
    rivalValue: await idleMegabytes(run),
    target: { atMost: 250 },
  })
})

async function idleMegabytes(run: Run): Promise<number> {
  const server = await BenchServer.start(run)
  await server.createBoard(BOARD, SIDE)
  const { residentBytes } = await server.usage()
  await server.end()
  return residentBytes / 1e6
}
