/** A process that opens a board once, as a server does when it starts, and says how long it took. */
import { systemClock } from '../../src/base/clock.ts'
import { BoardHost, boardStream } from '../../src/boards/host.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { START } from '../../src/log/port.ts'
import { Kv } from '../../src/store/kv.ts'
import { BOARD, logFolder, stateFolder } from './board-folder.ts'
import { serve } from './generator.ts'

const TABLES = 16

export interface Opening {
  /** Opening the stores and the board, until it has folded all that the log holds. */
  readonly openMs: number
  readonly cpuMs: number
  readonly cellsFolded: number
  readonly position: number
  /** The last snapshot, after it. */
  readonly closeMs: number
  /** While it is open. */
  readonly residentBytes: number
}

const commands = {
  /** Opens and closes the board: from the snapshot if there is one, else from the log. */
  async open({ dataFolder }: { dataFolder: string }): Promise<Opening> {
    const cpu = process.cpuUsage()
    const startMs = performance.now()
    await using log = LmdbLog.open(logFolder(dataFolder), systemClock)
    await using kv = Kv.open(stateFolder(dataFolder), TABLES)
    const host = await BoardHost.open(BOARD, {
      log,
      kv,
      clock: systemClock,
      onSnapshotError: (error) => {
        throw error
      },
      onStopped: (reason) => {
        throw reason
      },
    })
    const openMs = performance.now() - startMs
    const { user, system } = process.cpuUsage(cpu)
    if (host.stopped !== undefined) throw host.stopped
    const { cellsFolded } = host
    const { position } = host.canvas
    const residentBytes = process.memoryUsage.rss()
    const closingMs = performance.now()
    await host[Symbol.asyncDispose]()
    const closeMs = performance.now() - closingMs
    return { openMs, cpuMs: (user + system) / 1000, cellsFolded, position, closeMs, residentBytes }
  },

  /** The floor of a rebuild: every record read, none looked at. */
  async readLog({ dataFolder }: { dataFolder: string }): Promise<number> {
    const startMs = performance.now()
    await using log = LmdbLog.open(logFolder(dataFolder), systemClock)
    const head = await log.head(boardStream(BOARD))
    const stop = new AbortController()
    for await (const batch of log.follow(boardStream(BOARD), START, stop.signal)) {
      if ((batch.at(-1)?.position ?? 0) >= head) stop.abort()
    }
    return performance.now() - startMs
  },

  /** The floor of a start from a snapshot: every value of the store read, none looked at. */
  async readState({ dataFolder }: { dataFolder: string }): Promise<number> {
    const startMs = performance.now()
    await using kv = Kv.open(stateFolder(dataFolder), TABLES)
    let bytes = 0
    for (const { value } of kv.table('snapshots').range({})) bytes += value.length
    if (bytes === 0) throw new Error('there is no snapshot')
    return performance.now() - startMs
  },
}

export type OpenerCommands = typeof commands
serve(commands)
