import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, SteadyClock } from '../../src/base/clock.ts'
import { Boards } from '../../src/boards/boards.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { FREE_RULES } from '../../src/boards/canvas/rules.ts'
import { type VerdictName, verdictName } from '../../src/boards/canvas/verdict.ts'
import { Digests } from '../../src/boards/digest.ts'
import { type BoardHost, boardStream } from '../../src/boards/host.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { type Log, START } from '../../src/log/port.ts'
import { created, folded, T0 } from '../support/boards.ts'
import { ManualClock } from '../support/clock.ts'
import { memoryKv } from '../support/memory-kv.ts'
import { tempFolder } from '../support/tmp.ts'

const HOUR_MS = 3_600_000
const COOLDOWN_MS = 10_000
const BAN_MS = 60_000
const BOARD = 'board'
const PAINTER = 1
const BANNED = 2
const ALL = { records: 1000, bytes: 1 << 20 }
const RULES = {
  ...FREE_RULES,
  cooldown: { kind: 'stack', seconds: 10, blankSeconds: 10, stack: 1, activity: null },
} as const

type OpenLog = (folder: string, clock: Clock) => Log

const openLmdb: OpenLog = (folder, clock) => LmdbLog.open(folder, clock)

const LOGS: Readonly<Record<string, OpenLog>> = {
  memory: (_folder, clock) => new MemoryLog(clock),
  lmdb: openLmdb,
}

/** What a start of a server puts together, on a machine whose clock cannot be trusted. */
class Running {
  readonly log: Log
  readonly clock: SteadyClock
  readonly host: BoardHost
  readonly #boards: Boards

  private constructor(log: Log, clock: SteadyClock, boards: Boards, host: BoardHost) {
    this.log = log
    this.clock = clock
    this.#boards = boards
    this.host = host
  }

  static async start(openLog: OpenLog, folder: string, machine: Clock): Promise<Running> {
    const clock = new SteadyClock(machine)
    const log = openLog(folder, clock)
    const boards = await Boards.open({
      log,
      kv: memoryKv(),
      clock,
      onSnapshotError: assert.fail,
      onStopped: assert.fail,
    })
    for (const { canvas } of boards.all()) clock.notBefore(canvas.timeMs)
    const host = boards.has(BOARD)
      ? boards.get(BOARD)
      : await boards.create(created({ id: BOARD, rules: RULES }))
    return new Running(log, clock, boards, host)
  }

  /** Tries another cell at each call. */
  async place(player: number): Promise<VerdictName> {
    const at = this.host.canvas.position
    const { verdicts } = await this.host.submit(player, [{ x: at, y: player, color: 1 }])
    return verdictName(verdicts[0] ?? 0)
  }

  /** Times of all records, from the first on. */
  async timesMs(): Promise<number[]> {
    return (await this.log.read(boardStream(BOARD), START, ALL)).map(({ timeMs }) => timeMs)
  }

  async stop(): Promise<void> {
    await this.#boards[Symbol.asyncDispose]()
    await this.log[Symbol.asyncDispose]()
  }
}

for (const [name, openLog] of Object.entries(LOGS)) {
  test(`[O6] cooldowns and bans last as long as they should though the clock is set back: ${name}`, async (t) => {
    const machine = new ManualClock()
    const running = await Running.start(openLog, tempFolder(t), machine)
    t.after(() => running.stop())
    const { host, clock } = running
    const untilMs = clock.now() + BAN_MS
    await host.append([
      { type: RecordType.banned, body: { player: BANNED, untilMs, shadow: false, reason: '' } },
    ])
    assert.equal(await running.place(PAINTER), 'accepted')

    machine.wallMs -= HOUR_MS
    assert.equal(await running.place(PAINTER), 'coolingDown')
    assert.equal(host.canvas.nextMs(PAINTER, clock.now()) - clock.now(), COOLDOWN_MS)
    await machine.advance(COOLDOWN_MS - 1)
    assert.equal(await running.place(PAINTER), 'coolingDown')
    await machine.advance(1)
    assert.equal(await running.place(PAINTER), 'accepted')
    await machine.advance(BAN_MS - COOLDOWN_MS - 1)
    assert.equal(await running.place(BANNED), 'banned')
    await machine.advance(1)
    assert.equal(await running.place(BANNED), 'accepted')

    assert.deepEqual(
      (await running.timesMs()).map((timeMs) => timeMs - T0),
      [0, 0, 0, 0, COOLDOWN_MS - 1, COOLDOWN_MS, BAN_MS - 1, BAN_MS],
    )
    const replayed = folded(await running.log.read(boardStream(BOARD), START, ALL))
    assert.deepEqual(new Digests(replayed).get(), new Digests(host.canvas).get())
  })
}

test('[O6] a cooldown goes on over a restart after which the clock is behind the log', async (t) => {
  const folder = tempFolder(t)
  const machine = new ManualClock()
  const before = await Running.start(openLmdb, folder, machine)
  assert.equal(await before.place(PAINTER), 'accepted')
  await before.stop()

  machine.wallMs -= HOUR_MS
  const after = await Running.start(openLmdb, folder, machine)
  t.after(() => after.stop())
  assert.equal(await after.place(PAINTER), 'coolingDown')
  await machine.advance(COOLDOWN_MS)
  assert.equal(await after.place(PAINTER), 'accepted')
  assert.deepEqual(
    (await after.timesMs()).map((timeMs) => timeMs - T0),
    [0, 0, 0, COOLDOWN_MS],
  )
})
