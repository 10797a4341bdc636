/** How fast do changes of cells get into tables, and what do jobs cost? */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { postgres } from '../scripts/services/postgres.mjs'
import { jobKind } from '../src/jobs/kind.ts'
import { openJobs } from '../src/jobs/open.ts'
import { JOB_LIMITS } from '../src/jobs/port.ts'
import { openTables } from '../src/store/sql/open.ts'
import { upsertPixels } from '../src/store/sql/pixels.ts'
import type { TablesPlace } from '../src/store/sql/place.ts'
import { TABLE_LIMITS, type Tables } from '../src/store/sql/port.ts'
import type { PixelRow } from '../src/store/sql/schema.ts'
import { ownPostgres, PGLITE } from '../test/support/tables.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'

const ROWS_A_CHANGE = 5000
const WIDTH = 1000
const PLAYERS = 100_000

/** As a capture learns of them: cells anywhere, times that grow, players that return. */
function rowsOf(count: number, colour: number): PixelRow[] {
  let seed = 1
  const below = (limit: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * limit)
  }
  return Array.from({ length: count }, (_, i) => {
    const player = below(PLAYERS)
    return {
      board: 'place',
      x: below(WIDTH),
      y: below(WIDTH),
      modified: 1_648_800_000_000 + i * 3,
      player: `t2_${player.toString(36)}`,
      name: `player_${player}`,
      colour,
    }
  })
}

/** Two changes are under way at a time, so that one is made ready while the other is written. */
async function perSecond(tables: Tables, rows: readonly PixelRow[], rowsAChange: number): Promise<number> {
  const startMs = performance.now()
  let next = 0
  const write = async (): Promise<void> => {
    while (next < rows.length) {
      const start = next
      next += rowsAChange
      await tables.change('upsert', (db) => upsertPixels(db, rows.slice(start, start + rowsAChange)))
    }
  }
  await Promise.all([write(), write()])
  return (rows.length * 1000) / (performance.now() - startMs)
}

async function measureUpserts(
  run: Run,
  where: string,
  tables: Tables,
  count: number,
  target: number | undefined,
): Promise<void> {
  const [fresh, changed] = [rowsOf(count, 1), rowsOf(count, 2)]
  const single = rowsOf(run.size(2000, 20), 1).map((row) => ({ ...row, board: 'single' }))
  // The first statements of a connection are planned and compiled.
  await perSecond(tables, rowsOf(run.size(20_000, 100), 1), ROWS_A_CHANGE)
  await tables.change('empty', (db) => db.deleteFrom('pixels').execute())
  const rivalValue = await perSecond(tables, single, 1)
  for (const [what, rows] of [
    ['new', fresh],
    ['changed', changed],
  ] as const) {
    run.row({
      name: `tables: ${what} rows of pixels into ${where}`,
      value: await perSecond(tables, rows, ROWS_A_CHANGE),
      unit: 'rows/s',
      rival: 'one row a statement',
      rivalValue,
      ...(target !== undefined && what === 'new' && { target: { atLeast: target } }),
    })
  }
}

function residentMb(): number {
  const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return kb === undefined ? process.memoryUsage.rss() / 1e6 : Number(kb) / 1000
}

async function opened(run: Run, place: TablesPlace, folder: string): Promise<Tables> {
  const onDiscarded = (reason: string): void => run.note(`tables: discarded: ${reason}`)
  const tables = openTables(place, folder, { limits: TABLE_LIMITS, onDiscarded })
  await tables.read('open', async () => {})
  return tables
}

/** In a folder that has a database by now. */
async function measureStart(run: Run, folder: string): Promise<void> {
  const firstMs = performance.now()
  await (await opened(run, PGLITE, folder))[Symbol.asyncDispose]()
  const rivalValue = performance.now() - firstMs
  const beforeMb = residentMb()
  const startMs = performance.now()
  await using _tables = await opened(run, PGLITE, folder)
  const value = performance.now() - startMs
  run.row({
    name: 'tables: a later start of PGlite',
    value,
    unit: 'ms',
    rival: 'the first start and stop',
    rivalValue,
  })
  run.note(
    `tables: PGlite is open with ${Math.round(residentMb())} MB in all, ${Math.round(beforeMb)} MB before`,
  )
}

/** Of one core, by everything that the process does. */
async function cpuShare(work: () => Promise<void>): Promise<number> {
  const [before, startMs] = [process.cpuUsage(), performance.now()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 10 / (performance.now() - startMs)
}

async function measureJobs(run: Run, where: string, tables: Tables): Promise<void> {
  const onError = (error: unknown): void => {
    throw error
  }
  const kind = jobKind<{ n: number }>('bench', { concurrency: 8 })
  await using jobs = openJobs(tables, [kind], { limits: JOB_LIMITS, onError })
  let done = 0
  jobs.work(kind, async () => {
    done++
  })
  jobs.start()
  await jobs.counts()
  const seconds = run.size(10, 1)
  const rate = 50
  const idle = await cpuShare(() => delay(seconds * 1000))
  const paced = async (jobsASend: number): Promise<void> => {
    const [startMs, end] = [performance.now(), done + rate * seconds]
    for (let n = 0; n < rate * seconds; n += jobsASend) {
      await jobs.sendMany(
        kind,
        Array.from({ length: jobsASend }, (_, i) => ({ n: n + i })),
      )
      await delay(Math.max(0, startMs + ((n + jobsASend) * 1000) / rate - performance.now()))
    }
    while (done < end) await delay(10)
  }
  for (const jobsASend of [1, 10]) {
    run.row({
      name: `jobs: ${rate} a second in ${where}, ${jobsASend} a send`,
      value: await cpuShare(() => paced(jobsASend)),
      unit: '% of a core',
      rival: 'idle',
      rivalValue: idle,
    })
  }
}

await bench(async (run) => {
  const count = run.size(300_000, 300)
  const folder = tempFolder(run)
  await measureStart(run, folder)
  {
    await using tables = await opened(run, PGLITE, folder)
    await measureUpserts(run, 'PGlite', tables, count / 3, undefined)
    await measureJobs(run, 'PGlite', tables)
  }
  if (!(await postgres.isInstalled())) {
    run.note('tables: no Postgres is installed (npm run services -- install postgres), so it is not measured')
    return
  }
  const { place } = await ownPostgres(run)
  await using tables = await opened(run, place, '')
  await measureUpserts(run, 'Postgres', tables, count, 100_000)
  await measureJobs(run, 'Postgres, without its own processes', tables)
})
