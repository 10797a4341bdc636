import assert from 'node:assert/strict'
import { Random } from '../../src/base/random.ts'
import { encodeBody } from '../../src/boards/canvas/codec.ts'
import { type Area, chunksOf, wrap } from '../../src/boards/canvas/geometry.ts'
import type { CanvasRecord } from '../../src/boards/canvas/records.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import type { Cooldown } from '../../src/boards/canvas/rules.ts'
import { Digests } from '../../src/boards/digest.ts'
import { boardStream } from '../../src/boards/host.ts'
import { planReinstate, planRollback, restoredRecords } from '../../src/boards/restore.ts'
import { MAX_EDITS_A_FRAME } from '../../src/live/protocol.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { type Log, START } from '../../src/log/port.ts'
import { area, created, folded } from '../support/boards.ts'
import { ManualClock } from '../support/clock.ts'
import { NEWCOMER, SimServer } from './server.ts'
import { SimViewer } from './viewer.ts'

const BOARD = 'simulated'
const ALL = { records: 1e9, bytes: 1e9 }
/** How long a quiet world may take until everybody shows the same. */
const SETTLE_MS = 120_000
const STEP_MS = 500

/** What a run did: proof that it tried something. */
export interface Account {
  readonly position: number
  readonly digest: string
  readonly fromMemory: number
  readonly fromLog: number
  readonly resyncs: number
  readonly skips: number
  readonly reloads: number
  readonly reconnects: number
  readonly hidden: number
  readonly mostHeldBytes: number
}

/** One log, as each of the servers reaches it. */
export interface RealLog {
  readonly clock: ManualClock
  readonly logs: readonly Log[]
  /** Lets what is outside get on; nothing there waits for the simulated time. */
  turn(): Promise<void>
}

interface Watching {
  readonly viewer: SimViewer
  /** undefined: everything. */
  chunks: ReadonlySet<number> | undefined
}

/**
 * Several servers of one board on one log, and viewers on connections that stall, drop and go elsewhere. All
 * that happens is drawn from the seed; a run of the same seed is the same run.
 */
export class World {
  readonly clock: ManualClock
  readonly #log: Log
  readonly #outside: () => Promise<void>
  readonly #random: Random
  readonly #servers: readonly [SimServer, ...SimServer[]]
  readonly #watching: Watching[] = []
  #extent: Area
  #colors = 16
  #lockCount = 0
  #reconnects = 0

  /** @param real a log outside of the simulation: runs are no longer the same then, but they end alike */
  constructor(seed: number, real?: RealLog) {
    this.#random = new Random(seed)
    this.clock = real?.clock ?? new ManualClock()
    this.#outside = real?.turn ?? (async () => {})
    const [log = new MemoryLog(this.clock), ...others] = real?.logs ?? []
    this.#log = log
    const server = (at: Log): SimServer => new SimServer(BOARD, at, this.clock, this.#random.fork())
    const more = Array.from({ length: this.#random.below(3) }, (_, i) => server(others[i] ?? log))
    this.#servers = [server(log), ...more]
    this.#extent = this.#random.pick([
      area(0, 0, 300, 200),
      area(-120, -60, 400, 300),
      area(500, 250, 40, 40),
    ])
  }

  async run(): Promise<Account> {
    const random = this.#random
    const record = { type: RecordType.created, body: created({ id: BOARD, extent: this.#extent }) } as const
    await this.#log.append(boardStream(BOARD), [{ type: record.type, body: encodeBody(record) }])
    await this.#whileTimePasses(Promise.all(this.#servers.map((server) => server.start())))
    const viewers = random.between(2, 6)
    for (let i = 0; i < viewers; i++) this.#join()
    const perSecond = random.pick([5, 20, 60])
    await this.clock.advance(500)
    for (let actions = random.between(40, 160); actions > 0; actions--) {
      await this.clock.advance(random.waitMs(perSecond))
      await this.#outside()
      this.#act()
    }
    await this.#settle()
    return await this.#check()
  }

  /** Something that needs timers to end. */
  async #whileTimePasses(work: Promise<unknown>): Promise<void> {
    let done = false
    const ended = work.then(() => {
      done = true
    })
    while (!done) {
      await this.clock.advance(10)
      await this.#outside()
    }
    await ended
  }

  #act(): void {
    const random = this.#random
    const one = random.below(100)
    if (one < 45) this.#place(random.between(1, 8))
    else if (one < 50) this.#place(random.between(100, MAX_EDITS_A_FRAME))
    else if (one < 53) this.#paint(random.between(1, 30))
    else if (one < 55) this.#paint(random.between(130, 150))
    else if (one < 64) this.#administer()
    else if (one < 68) random.pick(this.#some()).viewer.undo()
    else if (one < 74) random.pick(this.#some()).viewer.stall()
    else if (one < 81) random.pick(this.#some()).viewer.resume()
    else if (one < 84) random.pick(this.#some()).viewer.connection.drop()
    else if (one < 87) random.pick(this.#some()).viewer.kill()
    else if (one < 95) this.#watch(random.pick(this.#some()))
    else if (one < 97) this.#comeAndGo()
    else void random.pick(this.#servers).restart(random.chance(0.5), random.between(1, 3_000))
  }

  #some(): [Watching, ...Watching[]] {
    // At least two have joined, and one is always left.
    return this.#watching as [Watching, ...Watching[]]
  }

  #join(): void {
    const random = this.#random
    const chunks = random.chance(0.4) ? undefined : new Set(this.#chunks())
    const viewer = new SimViewer(
      BOARD,
      this.#servers,
      this.clock,
      random.fork(),
      random.between(1, NEWCOMER),
      chunks === undefined ? undefined : [...chunks],
    )
    viewer.connection.ready.catch(() => {})
    this.#watching.push({ viewer, chunks })
  }

  #comeAndGo(): void {
    if (this.#watching.length < 8) {
      this.#join()
      return
    }
    const [gone] = this.#watching.splice(this.#random.below(this.#watching.length), 1)
    this.#reconnects += gone?.viewer.connection.reconnects ?? 0
    gone?.viewer.connection.close()
  }

  #watch(one: Watching): void {
    const chunks = this.#chunks()
    one.chunks = new Set(chunks)
    one.viewer.watch(chunks)
  }

  /** Some of what the board has and had. */
  #chunks(): number[] {
    const share = this.#random.next()
    return [...new Set([...chunksOf(this.#extent), 0, 1, 256])].filter(() => this.#random.chance(share))
  }

  #cell(): { x: number; y: number; color: number } {
    const random = this.#random
    const { left, top, width, height } = this.#extent
    // A little outside of the board and its palette, too; and mostly where others paint.
    const spread = random.chance(0.7) ? 12 : Math.max(width, height) + 4
    return {
      x: left + random.below(Math.min(spread, width + 4)) - 2,
      y: top + random.below(Math.min(spread, height + 4)) - 2,
      color: random.below(this.#colors + 1),
    }
  }

  #place(count: number): void {
    const cells = Array.from({ length: count }, () => this.#cell())
    this.#random.pick(this.#some()).viewer.place(cells)
  }

  /** A square that somebody imports. */
  #paint(side: number): void {
    const { left, top } = this.#extent
    const count = side * side
    const at = this.#random.below(20)
    const colors = this.#random.between(1, 3)
    this.#append({
      type: RecordType.painted,
      body: {
        count,
        player: new Uint32Array(count).fill(this.#random.between(1, 9)),
        x: Uint16Array.from({ length: count }, (_, i) => wrap(left + at + (i % side))),
        y: Uint16Array.from({ length: count }, (_, i) => wrap(top + at + Math.floor(i / side))),
        color: Uint8Array.from({ length: count }, (_, i) => (i * 7 + side) % (colors + 1)),
        timeMs: new Float64Array(count).fill(this.clock.now()),
      },
    })
  }

  /** Appends by some server that is up. */
  #append(...records: readonly CanvasRecord[]): void {
    const host = this.#random.pick(this.#servers).running?.host
    host?.append(records).catch(() => {})
  }

  #administer(): void {
    const random = this.#random
    const player = random.between(1, NEWCOMER - 1)
    const one = random.below(11)
    if (one === 0) this.#resize()
    else if (one === 1) this.#repaint()
    else if (one < 5) this.#ban(player, one < 4)
    else if (one < 7) this.#append({ type: RecordType.unbanned, body: { player } })
    else if (one === 7) void this.#rollBack(player)
    else if (one === 8) this.#lock()
    else if (one === 9) this.#unlock()
    else this.#rule()
  }

  #repaint(): void {
    this.#colors = Math.min(256, this.#colors + this.#random.below(3))
    const palette = Array.from({ length: this.#colors }, () => this.#random.below(0x1000000))
    this.#append({ type: RecordType.repainted, body: { palette } })
  }

  #ban(player: number, shadow: boolean): void {
    const untilMs = this.#random.chance(0.2) ? this.clock.now() + this.#random.below(5_000) : null
    this.#append({ type: RecordType.banned, body: { player, untilMs, shadow, reason: '' } })
  }

  #lock(): void {
    const { left, top } = this.#extent
    const width = this.#random.between(1, 9)
    const lock = { ...area(left, top, width, 5), id: `lock${this.#lockCount++}`, reason: '' }
    this.#append({ type: RecordType.locked, body: { lock } })
  }

  #unlock(): void {
    this.#append({
      type: RecordType.unlocked,
      body: { id: `lock${this.#random.below(this.#lockCount + 1)}` },
    })
  }

  #resize(): void {
    const random = this.#random
    const { left, top, width, height } = this.#extent
    const extent = area(
      left - random.below(60) + 20,
      top - random.below(60) + 20,
      Math.max(20, width + random.below(80) - 20),
      Math.max(20, height + random.below(80) - 20),
    )
    this.#extent = extent
    this.#append({ type: RecordType.resized, body: { extent } })
  }

  #rule(): void {
    const random = this.#random
    const cooldown: Cooldown = random.pick<Cooldown>([
      { kind: 'none' },
      { kind: 'stack', seconds: 0.5, blankSeconds: 0.1, stack: 20, activity: null },
      { kind: 'window', windowSeconds: 2, budget: 500, cost: 5, blankCost: 2 },
    ])
    const { left, top } = this.#extent
    const activeZone = random.chance(0.2) ? area(left, top, 10, 10) : null
    this.#append({
      type: RecordType.ruled,
      body: { rules: { cooldown, undoSeconds: random.below(4), activeZone } },
    })
  }

  async #rollBack(player: number): Promise<void> {
    const random = this.#random
    const host = random.pick(this.#servers).running?.host
    if (host === undefined) return
    const { left, top } = this.#extent
    const filter = random.chance(0.5)
      ? { player }
      : { area: area(left, top, 9, 9), fromMs: this.clock.now() - 900 }
    const kind = random.chance(0.7) ? 'rollback' : 'reinstate'
    try {
      const cells =
        kind === 'rollback' ? await planRollback(host, filter) : await planReinstate(host, { player })
      await host.append(restoredRecords(kind, player, '', cells))
    } catch {
      // The server has ended meanwhile.
    }
  }

  /** Nothing happens any more; connections are good again. */
  async #settle(): Promise<void> {
    for (let passedMs = 0; passedMs < SETTLE_MS; passedMs += STEP_MS) {
      for (const { viewer } of this.#watching) viewer.resume()
      await this.clock.advance(STEP_MS)
      await this.#outside()
      if (passedMs >= 4 * STEP_MS && (await this.#isQuiet())) return
    }
    assert.fail(`not quiet after ${SETTLE_MS} ms`)
  }

  async #isQuiet(): Promise<boolean> {
    const head = await this.#log.head(boardStream(BOARD))
    return (
      this.#servers.every(({ running }) => running !== undefined && running.host.canvas.position === head) &&
      this.#servers.every(({ running }) => running?.host.idle === true && running.room.stats.behind === 0) &&
      this.#watching.every(({ viewer }) => viewer.isQuiet)
    )
  }

  async #check(): Promise<Account> {
    const records = await this.#log.read(boardStream(BOARD), START, ALL)
    const rebuilt = folded(records)
    const digest = new Digests(rebuilt).get()
    for (const { running } of this.#servers) assert.deepEqual(running?.digests.get(), digest)
    for (const { viewer, chunks } of this.#watching) viewer.compare(rebuilt, chunks)
    const viewers = this.#watching.map(({ viewer }) => viewer)
    for (const { connection } of viewers) connection.close()
    await this.#whileTimePasses(Promise.all(this.#servers.map((server) => server.stop())))
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
    return {
      position: digest.position,
      digest: digest.state,
      fromMemory: sum(this.#servers.map(({ catchUps }) => catchUps.fromMemory)),
      fromLog: sum(this.#servers.map(({ catchUps }) => catchUps.fromLog)),
      resyncs: sum(this.#servers.map(({ catchUps }) => catchUps.resyncs)),
      skips: sum(this.#servers.map(({ catchUps }) => catchUps.skips)),
      reloads: sum(viewers.map(({ reloads }) => reloads)),
      reconnects: this.#reconnects + sum(viewers.map(({ connection }) => connection.reconnects)),
      hidden: sum(viewers.map(({ hiddenFrames }) => hiddenFrames)),
      mostHeldBytes: Math.max(...viewers.map(({ mostHeldBytes }) => mostHeldBytes)),
    }
  }
}
