/** How long does a start take: a board of 10 M placements folded from its log, and loaded from its snapshot? */
import { join } from 'node:path'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'
import { fillLog, PLAYERS } from './support/board-folder.ts'
import { Generator } from './support/generator.ts'
import type { OpenerCommands } from './support/opener.ts'
import { median } from './support/statistics.ts'

const SIDE = 2000

/** Calls one command in a process that has done nothing else. */
async function fresh<K extends keyof OpenerCommands & string>(
  run: Run,
  command: K,
  dataFolder: string,
): Promise<Awaited<ReturnType<OpenerCommands[K]>>> {
  const opener = Generator.start<OpenerCommands>(run, 'opener.ts')
  const result = await opener.call(command, { dataFolder })
  await opener.end()
  // What the command resolves with.
  return result as Awaited<ReturnType<OpenerCommands[K]>>
}

await bench(async (run) => {
  const total = run.size(10e6, 100_000)
  const rounds = run.size(3, 1)
  run.note(
    `rebuild: ${total} placements by ${PLAYERS} players on ${SIDE}×${SIDE}; each opening in a new process`,
  )
  for (const perRecord of [50, 220]) {
    const folder = join(tempFolder(run), 'data')
    await fillLog(folder, { total, perRecord, side: SIDE })
    const readLogMs = await fresh(run, 'readLog', folder)
    const rebuilt = await fresh(run, 'open', folder)
    // The board's creation counts as one.
    if (rebuilt.cellsFolded !== total + 1) throw new Error(`folded ${rebuilt.cellsFolded} of ${total}`)
    run.row({
      name: `rebuild: from the log, ${perRecord} a record`,
      value: rebuilt.openMs / 1000,
      unit: 's',
      rival: 'reading the log alone',
      rivalValue: readLogMs / 1000,
      target: { atMost: 2 },
    })
    run.note(
      `rebuild: ${Math.round(rebuilt.cpuMs)} ms of CPU; the snapshot after it ${Math.round(rebuilt.closeMs)} ms`,
    )
    if (perRecord !== 220) continue
    const loads: number[] = []
    const reads: number[] = []
    for (let round = 0; round < rounds; round++) {
      reads.push(await fresh(run, 'readState', folder))
      const loaded = await fresh(run, 'open', folder)
      if (loaded.cellsFolded !== 0 || loaded.position !== rebuilt.position)
        throw new Error('not from the snapshot')
      loads.push(loaded.openMs)
    }
    run.row({
      name: 'rebuild: from the snapshot',
      value: median(loads) / 1000,
      unit: 's',
      rival: 'reading the snapshot alone',
      rivalValue: median(reads) / 1000,
      target: { atMost: 0.5 },
    })
  }
})
