import { systemClock } from '../../src/base/clock.ts'
import { Random } from '../../src/base/random.ts'
import { Boards } from '../../src/boards/boards.ts'
import type { Cell } from '../../src/boards/canvas/chunk.ts'
import { type Area, wrap } from '../../src/boards/canvas/geometry.ts'
import { eachCell } from '../../src/boards/history.ts'
import type { BoardHost } from '../../src/boards/host.ts'
import { openSourceFetch } from '../../src/capture/source/fetch.ts'
import { SpateFollower } from '../../src/capture/spate/follower.ts'
import { SPATE_SETTINGS, type SpateSettings } from '../../src/capture/spate/settings.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { type Log, START } from '../../src/log/port.ts'
import { PlayerDirectory } from '../../src/players/directory.ts'
import type { Kv } from '../../src/store/kv.ts'
import { within } from './captures.ts'
import { memoryKv } from './memory-kv.ts'
import type { Lifetime } from './tmp.ts'

const NAME = 'followed'

/** A cell as a board tells it, with its author as a dataset names them. */
export type TestCell = Omit<Cell, 'player'> & { readonly author: string }

/** A follower of another Spate with a board and players of its own, on a log that outlives it. */
export class TestFollower {
  readonly settings: SpateSettings
  readonly kv: Kv = memoryKv()
  readonly log: Log
  readonly errors: unknown[] = []
  boards: Boards | undefined
  players: PlayerDirectory | undefined
  #follower: SpateFollower | undefined

  private constructor(settings: SpateSettings, log: Log) {
    this.settings = settings
    this.log = log
  }

  static async open(t: Lifetime, url: string, log: Log = new MemoryLog(systemClock)): Promise<TestFollower> {
    const quick = { retryFirstMs: 5, retryMostMs: 50 }
    const settings = { ...SPATE_SETTINGS, ...quick, url, board: 'lobby', source: 'there' }
    const follower = new TestFollower(settings, log)
    await follower.start()
    t.after(() => follower.end())
    return follower
  }

  async start(log: Log = this.log): Promise<void> {
    const { kv, settings } = this
    const quiet = { onSnapshotError: () => {}, onStopped: () => {} }
    this.players = await PlayerDirectory.open(log, memoryKv())
    this.boards = await Boards.open({ log, kv: memoryKv(), clock: systemClock, ...quiet })
    this.#follower = await SpateFollower.open(NAME, settings, {
      log,
      kv,
      boards: this.boards,
      players: this.players,
      clock: systemClock,
      random: new Random(3).next,
      fetch: openSourceFetch(),
      freeBytes: async () => Number.POSITIVE_INFINITY,
      onError: (error) => this.errors.push(error),
      onStopped: (error) => this.errors.push(error),
    })
  }

  async end(): Promise<void> {
    await this.#follower?.[Symbol.asyncDispose]()
    await this.boards?.[Symbol.asyncDispose]()
    await this.players?.[Symbol.asyncDispose]()
    this.#follower = undefined
    this.boards = undefined
    this.players = undefined
  }

  get follower(): SpateFollower {
    if (this.#follower === undefined) throw new Error('the follower is closed')
    return this.#follower
  }

  get host(): BoardHost {
    if (this.boards === undefined) throw new Error('the boards are closed')
    return this.boards.get(NAME)
  }

  get holes(): string[] {
    return this.follower.report().canvases[0]?.holes.map(({ causes }) => causes.join(' ')) ?? []
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const reached = Promise.withResolvers<void>()
    const look = (): void => {
      if (condition()) reached.resolve()
    }
    const stop = this.follower.onChange(look)
    look()
    try {
      await within(what, reached.promise)
    } catch (error) {
      throw new Error(
        `${error}\n${JSON.stringify(this.follower.report(), null, 1)}\n${this.errors.join('\n')}`,
      )
    } finally {
      stop()
    }
  }

  /** All that the source has shown is on the board. */
  async reached(source: BoardHost): Promise<void> {
    const { position } = source.canvas
    await this.until(`position ${position}`, () => this.follower.paintedUpTo >= position)
  }

  /** A player here by what they are there. */
  authorOf(number: number): string {
    return number === 0 ? '' : (this.players?.player(number)?.key.replace(/^s:there\//, '') ?? '?')
  }
}

/** What a board shows, cell by cell. */
export function cellsOf(
  { canvas }: BoardHost,
  { left, top, width, height }: Area,
  authorOf: (player: number) => string,
): TestCell[] {
  return Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [left + (i % width), top + Math.floor(i / width)]
    const { player, ...cell } = canvas.cellAt(wrap(x), wrap(y))
    return { ...cell, author: authorOf(player) }
  })
}

/** Cells that were ever set on a board, in order, that of a rollback at its own time. */
export async function historyOf(
  { canvas, history }: BoardHost,
  authorOf: (player: number) => string,
): Promise<string[]> {
  const rows: string[] = []
  for await (const judged of history.records(START, canvas.position)) {
    eachCell(judged, (x, y, { color, player, timeMs }) => {
      const at = 'cells' in judged.record.body ? judged.timeMs : timeMs
      rows.push(`${at} ${x},${y} ${color} ${authorOf(player)}`)
    })
  }
  return rows
}
