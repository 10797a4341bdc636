/** What does a live frame cost for each viewer it is delivered to, and what do 10,000 viewers hold in memory? */
import { Audience, type Delivered } from './support/audience.ts'
import { bench, type Run } from './support/bench.ts'
import { BenchServer } from './support/server.ts'
import { median } from './support/statistics.ts'
import { WriteLoop } from './support/write-loop.ts'

/** 61 cells of one chunk make a frame of 202 bytes with its headers. */
const CELLS_A_TICK = 61
const FRAME_BYTES = 202

interface Scene {
  readonly viewers: number
  readonly hz: number
  readonly seconds: number
  readonly rounds: number
}

interface Shown {
  readonly spate: readonly Delivered[]
  readonly floorUs: readonly number[]
  readonly floorName: string
}

/** The floor and the server by turns, so that both meet the same machine. */
async function show(run: Run, { viewers, hz, seconds, rounds }: Scene): Promise<Shown> {
  const floor = await WriteLoop.start(run, { connections: viewers, frameBytes: FRAME_BYTES, hz })
  const audience = await Audience.start(run, { viewers, cellsPerTick: CELLS_A_TICK, hz })
  await audience.round(seconds / 3)
  const spate: Delivered[] = []
  const floorUs: number[] = []
  for (let round = 0; round < rounds; round++) {
    floorUs.push(await floor.round(seconds))
    spate.push(await audience.round(seconds))
  }
  await audience.check()
  await audience.end()
  await floor.end()
  const rate = median(spate.map(({ framesPerSecond }) => framesPerSecond))
  const bytes = median(spate.map(({ frameBytes }) => frameBytes))
  run.note(
    `fanout: ${viewers} viewers, ${rounds} rounds of ${seconds} s: ${rate.toFixed(1)} frames/s of ${Math.round(bytes)} ` +
      `bytes to each (the tick adapts to the load), nothing lost`,
  )
  return { spate, floorUs, floorName: floor.name }
}

/** The pair of turns with the median ratio speaks for all: noise hits both of a pair. */
function fairest({ spate, floorUs }: Shown): { cpuUs: number; floorUs: number } {
  const pairs = spate.map(({ cpuUs }, i) => ({ cpuUs, floorUs: floorUs[i] ?? Number.NaN }))
  pairs.sort((a, b) => a.cpuUs / a.floorUs - b.cpuUs / b.floorUs)
  return pairs[Math.floor((pairs.length - 1) / 2)] ?? { cpuUs: Number.NaN, floorUs: Number.NaN }
}

async function emptyServerBytes(run: Run): Promise<number> {
  const server = await BenchServer.start(run)
  const { residentBytes } = await server.usage()
  await server.end()
  return residentBytes
}

await bench(async (run) => {
  const few: Scene = {
    viewers: run.size(3000, 50),
    hz: 20,
    seconds: run.size(4, 0.5),
    rounds: run.size(5, 1),
  }
  const many: Scene = {
    viewers: run.size(10_000, 100),
    hz: 5,
    seconds: run.size(4, 0.5),
    rounds: run.size(3, 1),
  }
  for (const scene of [few, many]) {
    const shown = await show(run, scene)
    const { cpuUs, floorUs } = fairest(shown)
    run.row({
      name: `fanout: CPU a delivered frame, ${scene.viewers} viewers at ${scene.hz} Hz`,
      value: cpuUs,
      unit: 'µs',
      rival: shown.floorName,
      rivalValue: floorUs,
      ...(scene === few ? { target: { ratioAtMost: 1.5 } } : {}),
    })
    if (scene !== many) continue
    run.row({
      name: `fanout: server memory, ${scene.viewers} viewers at ${scene.hz} Hz`,
      value: Math.max(...shown.spate.map(({ residentBytes }) => residentBytes)) / 1e6,
      unit: 'MB RSS',
      rival: 'the server without viewers',
      rivalValue: (await emptyServerBytes(run)) / 1e6,
      target: { atMost: 250 },
    })
  }
})
