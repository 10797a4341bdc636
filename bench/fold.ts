/** How many placements a second does the fold judge and apply, in memory, from encoded records? */
import { type BoardInfo, Canvas } from '../src/boards/canvas/canvas.ts'
import { Changes } from '../src/boards/canvas/changes.ts'
import { decodeBody, encodeBody } from '../src/boards/canvas/codec.ts'
import { CLASSIC_PALETTE } from '../src/boards/canvas/palettes.ts'
import { RecordType } from '../src/boards/canvas/records.ts'
import { type Cooldown, FREE_RULES, type Rules } from '../src/boards/canvas/rules.ts'
import { Strokes } from '../src/boards/canvas/strokes.ts'
import { type LogRecord, positionOf, START } from '../src/log/port.ts'
import { bench } from './support/bench.ts'
import { type Crowd, type CrowdOptions, eventCrowd, placedRecords, uniformCrowd } from './support/crowd.ts'
import { median } from './support/statistics.ts'

/** The board that a first start makes, and one that no cache of this machine holds. */
const LOBBY_SIDE = 1000
const LARGE_SIDE = 2000
const PLAYERS = 500_000
const START_MS = 1_700_000_000_000
/** As many as a host gathers between two snapshots. */
const STROKES_A_RUN = 50_000
const TARGET = { atLeast: 20e6 }
/** 1,640 placements a second, the peak of r/place 2022. */
const PLACEMENT_EVERY_MS = 1000 / 1640

const LOBBY: Cooldown = { kind: 'window', windowSeconds: 10, budget: 50, cost: 5, blankCost: 2 }
const REDDIT: Cooldown = { kind: 'stack', seconds: 300, blankSeconds: 300, stack: 1, activity: null }

function canvasOf(side: number, rules: Rules): Canvas {
  const info: Omit<BoardInfo, 'locks'> = {
    id: 'bench',
    extent: { left: 0, top: 0, width: side, height: side },
    palette: CLASSIC_PALETTE,
    background: 0,
    rules,
  }
  const canvas = new Canvas()
  const body = encodeBody({ type: RecordType.created, body: info })
  canvas.apply({ position: positionOf(1), timeMs: START_MS, type: RecordType.created, body }, new Changes())
  return canvas
}

/**
 * The time this thread has had a processor since the call, ms, which another program's load does not stretch. What is
 * too short for the system's count of it is measured by the clock.
 */
function threadClock(): () => number {
  const startMs = performance.now()
  const start = process.threadCpuUsage()
  return () => {
    const { user, system } = process.threadCpuUsage(start)
    return (user + system) / 1000 || performance.now() - startMs
  }
}

/** Placements a second, and the share that was accepted. */
function fold(
  records: readonly LogRecord[],
  side: number,
  rules: Rules,
  isTold: boolean,
): { perSecond: number; accepted: number } {
  const canvas = canvasOf(side, rules)
  const changes = new Changes()
  let strokes = isTold ? new Strokes(START, 0) : undefined
  let cells = 0
  let accepted = 0
  const elapsedMs = threadClock()
  for (const record of records) {
    changes.clear()
    cells += canvas.apply(record, changes, strokes).length
    if (strokes !== undefined && strokes.count > STROKES_A_RUN)
      strokes = new Strokes(record.position, record.timeMs)
    accepted += changes.count
  }
  return { perSecond: (cells / elapsedMs()) * 1000, accepted: accepted / cells }
}

/** The same cells written to flat columns without asking anything. */
function writeOnly(records: readonly LogRecord[], side: number): number {
  const colors = new Uint8Array(side * side)
  const players = new Uint32Array(side * side)
  const timesMs = new Float64Array(side * side)
  let cells = 0
  const elapsedMs = threadClock()
  for (const { type, body, timeMs } of records) {
    const decoded = decodeBody(type, body)
    if (decoded.type !== RecordType.placed) continue
    const { count, player, x, y, color } = decoded.body
    for (let i = 0; i < count; i++) {
      const at = (y[i] ?? 0) * side + (x[i] ?? 0)
      colors[at] = color[i] ?? 0
      players[at] = player[i] ?? 0
      timesMs[at] = timeMs
    }
    cells += count
  }
  return (cells / elapsedMs()) * 1000
}

interface Case {
  readonly name: string
  readonly crowd: (options: CrowdOptions) => Crowd
  readonly side: number
  readonly perRecord: number
  readonly rules: Rules
  /** Whether what happened to the cells is gathered for the meters. */
  readonly isTold?: boolean
}

await bench(async (run) => {
  const total = run.size(4e6, 1e5)
  const rounds = run.size(5, 2)
  const lobby = { ...FREE_RULES, cooldown: LOBBY }
  const reddit = { ...FREE_RULES, cooldown: REDDIT, undoSeconds: 5 }
  const cases: readonly Case[] = [
    {
      name: 'event crowd, 500 a record',
      crowd: eventCrowd,
      side: LOBBY_SIDE,
      perRecord: 500,
      rules: FREE_RULES,
    },
    {
      name: 'event crowd, 500 a record',
      crowd: eventCrowd,
      side: LARGE_SIDE,
      perRecord: 500,
      rules: FREE_RULES,
    },
    {
      name: 'event crowd, 500 a record, told to meters',
      crowd: eventCrowd,
      side: LARGE_SIDE,
      perRecord: 500,
      rules: FREE_RULES,
      isTold: true,
    },
    {
      name: 'event crowd, 50 a record',
      crowd: eventCrowd,
      side: LARGE_SIDE,
      perRecord: 50,
      rules: FREE_RULES,
    },
    {
      name: 'uniform, 500 a record',
      crowd: uniformCrowd,
      side: LARGE_SIDE,
      perRecord: 500,
      rules: FREE_RULES,
    },
    {
      name: 'event crowd, sephsplace’s limit',
      crowd: eventCrowd,
      side: LOBBY_SIDE,
      perRecord: 500,
      rules: lobby,
    },
    {
      name: 'event crowd, 5 min cooldown, undo',
      crowd: eventCrowd,
      side: LARGE_SIDE,
      perRecord: 500,
      rules: reddit,
    },
  ]
  run.note(
    `fold: ${total} placements of ${PLAYERS} players, median of ${rounds} folds, in the thread's own time`,
  )
  for (const { name, crowd, side, perRecord, rules, isTold = false } of cases) {
    const next = crowd({ seed: 1, side, players: PLAYERS, colors: CLASSIC_PALETTE.length })
    const records = [...placedRecords(next, total, perRecord, START_MS, perRecord * PLACEMENT_EVERY_MS)].map(
      (record, i) => ({ ...record, position: positionOf(i + 2) }),
    )
    const folds: ReturnType<typeof fold>[] = []
    const writes: number[] = []
    for (let round = 0; round <= rounds; round++) {
      writes.push(writeOnly(records, side))
      folds.push(fold(records, side, rules, isTold))
    }
    // The first round compiles.
    const accepted = folds[1]?.accepted ?? 0
    run.row({
      name: `fold: ${name}, ${side}×${side} (${Math.round(accepted * 100)} % accepted)`,
      value: median(folds.slice(1).map(({ perSecond }) => perSecond)),
      unit: 'placements/s',
      rival: 'writes without rules',
      rivalValue: median(writes.slice(1)),
      target: TARGET,
    })
  }
})
