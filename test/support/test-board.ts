import type { TestContext } from 'node:test'
import { encodeBody } from '../../src/boards/canvas/codec.ts'
import type { CanvasRecord, Created } from '../../src/boards/canvas/records.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { type VerdictName, verdictName } from '../../src/boards/canvas/verdict.ts'
import { BoardHost, boardStream } from '../../src/boards/host.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Log, Position } from '../../src/log/port.ts'
import type { Kv } from '../../src/store/kv.ts'
import { created, type Painting, type Placement, painted, placed } from './boards.ts'
import { ManualClock } from './clock.ts'
import { memoryKv } from './memory-kv.ts'

/** A board with its host, on a log and a store that outlive it. */
export class TestBoard {
  readonly clock: ManualClock
  readonly log: Log
  readonly kv: Kv
  readonly stops: unknown[] = []
  readonly snapshotErrors: unknown[] = []
  readonly #id: string
  readonly #keepsStrokes: boolean
  #host: BoardHost | undefined

  private constructor(id: string, clock: ManualClock, log: Log, kv: Kv, keepsStrokes: boolean) {
    this.#id = id
    this.#keepsStrokes = keepsStrokes
    this.clock = clock
    this.log = log
    this.kv = kv
  }

  /** Created and open; closed with the test. */
  static async create(
    t: TestContext,
    part: Partial<Created> = {},
    kv = memoryKv(),
    keepsStrokes = false,
  ): Promise<TestBoard> {
    const clock = new ManualClock()
    const body = created(part)
    const board = new TestBoard(body.id, clock, new MemoryLog(clock), kv, keepsStrokes)
    const record: CanvasRecord = { type: RecordType.created, body }
    await board.log.append(boardStream(body.id), [{ type: record.type, body: encodeBody(record) }])
    await board.open()
    t.after(() => board.close())
    return board
  }

  get host(): BoardHost {
    if (this.#host === undefined) throw new Error('the board is closed')
    return this.#host
  }

  async open(): Promise<void> {
    this.#host = await this.another(this.kv)
  }

  /** A host of the same log, with a store of its own. */
  another(kv: Kv = memoryKv(), keepsStrokes = this.#keepsStrokes): Promise<BoardHost> {
    return BoardHost.open(this.#id, {
      log: this.log,
      kv,
      clock: this.clock,
      onSnapshotError: (error) => this.snapshotErrors.push(error),
      onStopped: (reason) => this.stops.push(reason),
      keepsStrokes,
    })
  }

  async close(): Promise<void> {
    await this.#host?.[Symbol.asyncDispose]()
    this.#host = undefined
  }

  async reopen(): Promise<void> {
    await this.close()
    await this.open()
  }

  async append(record: CanvasRecord): Promise<{ position: Position; verdicts: VerdictName[] }> {
    const [outcome] = await this.host.append([record])
    if (outcome === undefined) throw new Error('a record without an outcome')
    return { position: outcome.position, verdicts: Array.from(outcome.verdicts, verdictName) }
  }

  async place(...placements: readonly Placement[]): Promise<VerdictName[]> {
    return (await this.append({ type: RecordType.placed, body: placed(...placements) })).verdicts
  }

  async paint(...paintings: readonly Painting[]): Promise<VerdictName[]> {
    return (await this.append({ type: RecordType.painted, body: painted(...paintings) })).verdicts
  }

  async ban(player: number, shadow = false): Promise<void> {
    const body = { player, untilMs: null, shadow, reason: '' }
    await this.append({ type: RecordType.banned, body })
  }
}
