/** How many placements a second does the log make durable, and what does one cost on disk? */
import { closeSync, fdatasyncSync, mkdirSync, openSync, writevSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { LmdbLog } from '../src/log/lmdb.ts'
import type { NewRecord } from '../src/log/port.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench } from './support/bench.ts'
import { eventCrowd, placedRecords } from './support/crowd.ts'
import { diskBytes } from './support/folder.ts'

const STREAM = 'board/bench'
const RATE_TARGET = { atLeast: 1e6 }
const DISK_TARGET = { atMost: 12 }

interface Case {
  readonly perRecord: number
  /** Records appended in one call, which become one commit. */
  readonly recordsPerCommit: number
  readonly total: number
}

/** Appends one call after the other, each awaited; placements a second. */
async function appendToLog(
  path: string,
  commits: readonly NewRecord[][],
  placements: number,
): Promise<number> {
  await using log = LmdbLog.open(path, systemClock)
  const startMs = performance.now()
  for (const records of commits) await log.append(STREAM, records)
  return (placements / (performance.now() - startMs)) * 1000
}

/** The same bytes at the end of a plain file, synced as often. */
function appendToFile(path: string, commits: readonly NewRecord[][], placements: number): number {
  const file = openSync(path, 'a')
  const startMs = performance.now()
  for (const records of commits) {
    writevSync(
      file,
      records.map(({ body }) => body),
    )
    fdatasyncSync(file)
  }
  const perSecond = (placements / (performance.now() - startMs)) * 1000
  closeSync(file)
  return perSecond
}

function commitsOf({ perRecord, recordsPerCommit, total }: Case): NewRecord[][] {
  const crowd = eventCrowd({ seed: 2, side: 2000, players: 500_000, colors: 16 })
  const commits: NewRecord[][] = []
  for (const { type, body } of placedRecords(crowd, total, perRecord, 0, 0)) {
    const last = commits.at(-1)
    if (last === undefined || last.length >= recordsPerCommit) commits.push([{ type, body }])
    else last.push({ type, body })
  }
  return commits
}

await bench(async (run) => {
  const folder = tempFolder(run)
  const cases: readonly Case[] = [
    { perRecord: 10, recordsPerCommit: 1, total: run.size(40_000, 1000) },
    { perRecord: 50, recordsPerCommit: 1, total: run.size(200_000, 2000) },
    { perRecord: 220, recordsPerCommit: 1, total: run.size(1e6, 20_000) },
    { perRecord: 220, recordsPerCommit: 25, total: run.size(6e6, 100_000) },
    { perRecord: 5000, recordsPerCommit: 1, total: run.size(6e6, 100_000) },
  ]
  run.note(
    'log: every commit synced before the next begins; under load the intake makes records of 220, many a commit',
  )
  for (const { perRecord, recordsPerCommit, total } of cases) {
    const commits = commitsOf({ perRecord, recordsPerCommit, total })
    const name = `${perRecord} a record, ${recordsPerCommit === 1 ? 'a record' : `${recordsPerCommit} records`} a commit`
    const path = join(folder, `${perRecord}-${recordsPerCommit}`)
    mkdirSync(path)
    const floorBefore = appendToFile(join(path, 'floor-1'), commits, total)
    const value = await appendToLog(join(path, 'log'), commits, total)
    const floorAfter = appendToFile(join(path, 'floor-2'), commits, total)
    const batches = perRecord * recordsPerCommit >= 5000
    run.row({
      name: `log: append, ${name}`,
      value,
      unit: 'placements/s',
      rival: 'fdatasync of a plain file',
      rivalValue: (floorBefore + floorAfter) / 2,
      ...(batches ? { target: RATE_TARGET } : {}),
    })
    run.row({
      name: `log: disk, ${name}`,
      value: diskBytes(join(path, 'log')) / total,
      unit: 'B/placement',
      rival: 'plain file',
      rivalValue: commits.flat().reduce((sum, { body }) => sum + body.length, 0) / total,
      target: DISK_TARGET,
    })
  }
})
