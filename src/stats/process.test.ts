import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { created, placed } from '../../test/support/boards.ts'
import { ManualClock } from '../../test/support/clock.ts'
import { coded } from '../../test/support/coded.ts'
import { MemoryStore, memoryKv } from '../../test/support/memory-kv.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { systemClock } from '../base/clock.ts'
import type { SpateError } from '../base/errors.ts'
import { Boards } from '../boards/boards.ts'
import { Canvas } from '../boards/canvas/canvas.ts'
import { Changes } from '../boards/canvas/changes.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { Strokes } from '../boards/canvas/strokes.ts'
import { MemoryLog } from '../log/memory.ts'
import { positionOf, START } from '../log/port.ts'
import { LmdbMeterStore } from '../meters/lmdb.ts'
import { Kv } from '../store/kv.ts'
import { BoardsMeters, spaceOf } from './boards-meters.ts'
import { Measurer } from './measurer.ts'
import type { MeterPlace } from './place.ts'
import { MeterProcess } from './process.ts'

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

function placeOf(t: TestContext): MeterPlace & { readonly kind: 'lmdb' } {
  return { kind: 'lmdb', folder: join(tempFolder(t), 'board-meters') }
}

/** What the meters of the board `a` are, made from its records in one go. */
async function madeAnew(log: MemoryLog): Promise<string> {
  const canvas = new Canvas()
  const strokes = new Strokes(START, 0)
  for (const record of await log.read('board/a', START, ALL)) canvas.apply(record, new Changes(), strokes)
  const store = new LmdbMeterStore(memoryKv(), spaceOf('a'))
  const measurer = await Measurer.open(store, '', new AbortController().signal, assert.ifError)
  await measurer.measure(strokes)
  return store.digest()
}

interface Painted {
  readonly meters: BoardsMeters
  readonly deaths: readonly SpateError[]
  onDeath(listener: () => void): void
  paint(): Promise<void>
  /** Resolves when all that was painted is measured. */
  measured(): Promise<void>
  /** Closes all; what is stored. */
  close(): Promise<string>
}

async function paintedBoard(
  t: TestContext,
  log: MemoryLog,
  place: MeterPlace & { readonly kind: 'lmdb' },
): Promise<Painted> {
  const deaths: SpateError[] = []
  let onDeath = (): void => {}
  let skippedMs = 0
  const fail = (_board: string, error: unknown): void => assert.ifError(error)
  const boards = await Boards.open({
    log,
    kv: new MemoryStore().asKv(),
    clock: systemClock,
    onSnapshotError: fail,
    onStopped: fail,
    keepsStrokes: true,
  })
  await boards.create(created({ id: 'a' }))
  const meters = await BoardsMeters.open({
    boards,
    log,
    place,
    clock: { ...systemClock, elapsedMs: () => systemClock.elapsedMs() + skippedMs },
    onError: fail,
    onDeath: (error) => {
      deaths.push(error)
      // The rest after a death is shown below.
      skippedMs += 60_000
      onDeath()
    },
  })
  const board = boards.get('a')
  let painted = 0
  let closing: Promise<void> | undefined
  const closed = async (): Promise<void> => {
    await meters[Symbol.asyncDispose]()
    await boards[Symbol.asyncDispose]()
  }
  const close = (): Promise<void> => {
    closing ??= closed()
    return closing
  }
  t.after(close)
  return {
    meters,
    deaths,
    onDeath: (listener) => {
      onDeath = listener
    },
    paint: async () => {
      const placements = Array.from(
        { length: 50 },
        (_, x) => [1 + (x % 7), x, painted % 90, painted % 16] as const,
      )
      painted += 1
      await board.append([{ type: RecordType.placed, body: placed(...placements) }])
    },
    measured: async () => {
      const source = meters.of('a')
      const there = Promise.withResolvers<void>()
      const look = (): void => {
        if (source.position >= board.canvas.position) there.resolve()
      }
      const stop = source.onChange(look)
      look()
      await there.promise
      stop()
    },
    close: async () => {
      await close()
      await using kv = Kv.open(place.folder, 16)
      return new LmdbMeterStore(kv, spaceOf('a')).digest()
    },
  }
}

/** Calls the listener with every process that is about to be started, its environment settled, until the test ends. */
function onStart(t: TestContext, listener: (child: ChildProcess) => void): void {
  // What Node says on this channel.
  const hear = (message: unknown): void => listener((message as { process: ChildProcess }).process)
  subscribe('child_process', hear)
  t.after(() => unsubscribe('child_process', hear))
}

test('[M39] processes that are killed before, after and without storing something are followed by others, with nothing twice and nothing missing', async (t) => {
  const deaths = ['stats.before-commit:1', 'stats.after-commit:1', 'idle']
  const stalls: (string | undefined)[] = []
  process.env.SPATE_CRASH_AT = deaths[0] ?? ''
  t.after(() => {
    delete process.env.SPATE_CRASH_AT
  })
  const log = new MemoryLog(systemClock)
  let meters: BoardsMeters | undefined
  onStart(t, (child) => {
    const death = deaths[stalls.length]
    stalls.push(meters?.states()[0]?.stalled?.message)
    process.env.SPATE_CRASH_AT = deaths[stalls.length] ?? ''
    if (death === 'idle') child.once('message', () => child.kill('SIGKILL'))
  })
  const board = await paintedBoard(t, log, placeOf(t))
  meters = board.meters
  const last = Promise.withResolvers<void>()
  const look = async (): Promise<void> => {
    await board.paint()
    if (board.deaths.length === deaths.length) last.resolve()
  }
  board.onDeath(() => void look())
  await board.paint()
  await last.promise
  await board.measured()
  const ended = 'the process that measures boards ended: SIGKILL'
  assert.deepEqual(stalls.slice(0, 3), [undefined, ended, ended])
  assert.equal(stalls.length, 4)
  assert.deepEqual(
    board.deaths.map(({ message }) => message),
    [ended, ended, ended],
  )
  assert.deepEqual([board.meters.processDeaths, board.meters.states()[0]?.stalled], [3, undefined])
  assert.equal(await board.close(), await madeAnew(log))
})

test('[M39] after each death it is twice as long until another process is begun, unless it lived long', async (t) => {
  const clock = new ManualClock()
  const deaths: SpateError[] = []
  await using measurers = new MeterProcess(placeOf(t), clock, (error) => deaths.push(error))
  const measuring = measurers.measuring('board/a', '', assert.ifError)
  const begun: ChildProcess[] = []
  onStart(t, (child) => begun.push(child))
  const rests: number[] = []
  for (const lifeMs of [0, 0, 60_000, 59_999, 0, 0, 0, 0, 0, 0]) {
    const known = begun.length
    let restMs = 0
    let measured = measuring.measure(new Strokes(START, 0))
    for (; begun.length === known; restMs += 500) {
      await assert.rejects(measured, coded('unavailable', /died/))
      await clock.advance(500)
      measured = measuring.measure(new Strokes(START, 0))
    }
    rests.push(restMs)
    await clock.advance(lifeMs)
    begun.at(-1)?.kill('SIGKILL')
    await assert.rejects(measured, coded('unavailable', /ended: SIGKILL/))
  }
  assert.deepEqual(rests, [0, 1000, 2000, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000])
  assert.deepEqual([begun.length, deaths.length, measurers.deaths], [10, 10, 10])
})

test('[M39] it ends with its server, which the meters outlast; what asks then is refused', async (t) => {
  const place = placeOf(t)
  const measurers = new MeterProcess(place, systemClock, assert.ifError)
  const measuring = measurers.measuring('board/a', '', assert.ifError)
  const strokes = new Strokes(START, 0)
  strokes.close(positionOf(7), 1000)
  assert.equal(await measuring.measure(strokes), 7)
  await measurers[Symbol.asyncDispose]()
  await assert.rejects(measuring.measure(strokes), coded('unavailable', /stopping/))
  await using kv = Kv.open(place.folder, 16)
  assert.equal(new LmdbMeterStore(kv, 'board/a').position, 7)
  assert.equal(measurers.deaths, 0)
})
