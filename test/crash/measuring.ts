/**
 * A process that runs a board with its meters on a data folder and paints: `node measuring.ts FOLDER RECORDS`. It ends
 * when the meters have taken all; a crash point may end it before.
 */
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { Boards } from '../../src/boards/boards.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { BoardsMeters } from '../../src/stats/boards-meters.ts'
import { Kv } from '../../src/store/kv.ts'
import { created, placed } from '../support/boards.ts'

const PLAYERS = 5
const TABLES = 16

const folder = process.argv[2] ?? ''
const records = Number(process.argv[3])
const fail = (_board: string, error: unknown): void => {
  throw error
}

await using log = LmdbLog.open(join(folder, 'log'), systemClock)
await using kv = Kv.open(join(folder, 'state'), TABLES)
await using boards = await Boards.open({
  log,
  kv,
  clock: systemClock,
  onSnapshotError: fail,
  onStopped: fail,
  keepsStrokes: true,
})
if (!boards.has('board')) await boards.create(created())
const board = boards.get('board')
await using meters = await BoardsMeters.open({
  boards,
  log,
  place: { kind: 'lmdb', folder: join(folder, 'board-meters') },
  clock: systemClock,
  onError: fail,
  // What measures dies, and with it all.
  onDeath: () => process.kill(process.pid, 'SIGKILL'),
})
const source = meters.of('board')

async function measured(): Promise<void> {
  const there = Promise.withResolvers<void>()
  const look = (): void => {
    if (source.position >= board.canvas.position) there.resolve()
  }
  const stop = source.onChange(look)
  look()
  await there.promise
  stop()
}

for (let i = 0; i < records; i++) {
  const at = board.canvas.position + i
  const placements = Array.from(
    { length: 20 },
    (_, j) => [1 + ((at + j) % PLAYERS), (at * 7 + j) % 100, (at * 13) % 100, (at + j) % 16] as const,
  )
  await board.append([{ type: RecordType.placed, body: placed(...placements) }])
  if (i % 4 === 3) await measured()
  if (i % 8 === 7) await board.save(false)
}
await measured()
