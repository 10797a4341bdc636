import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { measured } from '../../test/support/board-measures.ts'
import { BLANK, Fold, T0 } from '../../test/support/boards.ts'
import { manySteps, STEPS_BOARD, take } from '../../test/support/canvas-steps.ts'
import { MemoryStore, memoryKv } from '../../test/support/memory-kv.ts'
import { TestBoard } from '../../test/support/test-board.ts'
import { SpateError } from '../base/errors.ts'
import type { RestoredCell } from '../boards/canvas/records.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { type BoardHost, boardStream } from '../boards/host.ts'
import { type LogRecord, type Position, START } from '../log/port.ts'
import { LmdbMeterStore } from '../meters/lmdb.ts'
import type { MeterStore } from '../meters/port.ts'
import type { Questions, Span } from '../meters/questions.ts'
import { BoardMeters } from './board-meters.ts'
import { BOARD_METERS, type BoardMeter } from './declarations.ts'
import { Measurer, type Measuring } from './measurer.ts'

const ALL = { records: 1e9, bytes: 1e9 }
const EVER = { from: 0, to: 2 ** 32 - 2 }
const SECOND = T0 / 1000
const UNDO = { cooldown: { kind: 'none' }, undoSeconds: 5, activeZone: null } as const

async function metersOf(
  host: BoardHost,
  storeOf: () => MeterStore,
  head = host.canvas.position,
): Promise<BoardMeters & { close(): Promise<void> }> {
  const stop = new AbortController()
  const reasons: ((reason: SpateError | undefined) => void)[] = []
  const measurer = await Measurer.open(storeOf(), '', stop.signal, (reason) => {
    for (const tell of reasons) tell(reason)
  })
  const meters = await BoardMeters.open(
    host,
    storeOf(),
    (onStall) => {
      reasons.push(onStall)
      return measurer
    },
    head,
    0,
    assert.ifError,
  )
  const close = async (): Promise<void> => {
    stop.abort()
    await meters[Symbol.asyncDispose]()
  }
  return Object.assign(meters, { close })
}

/** Resolves when the meters have taken all up to there. */
async function reached(meters: BoardMeters, position: Position): Promise<void> {
  const there = Promise.withResolvers<void>()
  const look = (): void => {
    if (meters.position >= position) there.resolve()
  }
  const stop = meters.onChange(look)
  look()
  await there.promise
  stop()
}

interface Measured {
  readonly board: TestBoard
  readonly meters: BoardMeters
  readonly state: MemoryStore
  readonly storeOf: () => LmdbMeterStore
  /** All that happened until now is to be seen. */
  settled(): Promise<void>
  sums(meter: BoardMeter, span?: Span): Promise<Record<string, number>>
}

async function boardWithMeters(t: TestContext, rules = STEPS_BOARD.rules): Promise<Measured> {
  const board = await TestBoard.create(t, { ...STEPS_BOARD, rules }, memoryKv(), true)
  const state = new MemoryStore()
  const storeOf = (): LmdbMeterStore => new LmdbMeterStore(state.asKv(), 'board/board')
  const meters = await metersOf(board.host, storeOf)
  t.after(() => meters.close())
  return {
    board,
    meters,
    state,
    storeOf,
    settled: () => reached(meters, board.host.canvas.position),
    sums: (meter, span = EVER) => sumsOf(meters.questions, meter, span),
  }
}

async function sumsOf(questions: Questions, meter: BoardMeter, span: Span): Promise<Record<string, number>> {
  const places = await questions.top(meter, span, 100)
  return Object.fromEntries(places.map(({ entity, sum }) => [entity, Number(sum)]))
}

async function assertAsMeasured(
  questions: Questions,
  records: readonly LogRecord[],
  spans: readonly Span[],
): Promise<void> {
  const model = measured(records)
  for (const meter of BOARD_METERS) {
    const isOf = (event: { meter: string }): boolean => event.meter === meter
    for (const span of spans) {
      assert.deepEqual(await questions.top(meter, span, 100), model.places(span, isOf), meter)
    }
  }
  const ofPlacements = (event: { meter: string }): boolean => event.meter === 'placements'
  for (const span of spans) {
    const byColor = await questions.breakdown('placements', undefined, span, 'color')
    assert.deepEqual(
      new Map(byColor.map(({ value, sum }) => [value, sum])),
      model.breakdown(span, 0, ofPlacements),
    )
  }
}

const CALM = { cooldown: { kind: 'none' }, undoSeconds: 0, activeZone: null } as const

test('[M38] what a board is asked before anything of it was measured is that nothing happened', async (t) => {
  const board = await TestBoard.create(t, STEPS_BOARD, memoryKv(), true)
  const state = new MemoryStore()
  const never: Measuring = { measure: () => new Promise(() => {}) }
  const store = new LmdbMeterStore(state.asKv(), 'board/board')
  const { host } = board
  const meters = await BoardMeters.open(host, store, () => never, host.canvas.position, 0, assert.ifError)
  assert.deepEqual(
    meters.questions.all().map(({ declaration }) => declaration.name),
    BOARD_METERS,
  )
  for (const meter of BOARD_METERS) {
    assert.equal(await meters.questions.sum(meter, undefined, EVER), 0n)
    assert.deepEqual(await meters.questions.top(meter, EVER, 10), [])
  }
  assert.equal(meters.position, START)
})

test('[M33] placements count by player and colour, painted cells too; what is refused or changes nothing does not', async (t) => {
  const { board, settled, sums, meters } = await boardWithMeters(t, CALM)
  await board.place([1, 0, 0, 5], [1, 0, 0, 5], [1, 1, 0, 6], [2, 0, 0, 7], [2, 500, 0, 7])
  await board.paint([3, 0, 0, 7, T0 + 5000], [0, 2, 2, 1, T0 + 6000])
  await settled()
  assert.deepEqual(await sums('placements'), { 1: 2, 2: 1, 3: 1 })
  assert.deepEqual(await sums('placements', { from: SECOND + 5, to: SECOND + 5 }), { 3: 1 })
  assert.equal(await meters.questions.sum('placements', '1', EVER, { color: '6' }), 1n)
})

test('[M33] who takes a placement back has not placed it', async (t) => {
  const { board, settled, sums } = await boardWithMeters(t, UNDO)
  await board.place([1, 0, 0, 5])
  await board.place([2, 0, 0, 6])
  const slot = board.host.canvas.undo.get(2)
  assert.ok(slot !== undefined)
  const cell: RestoredCell = {
    x: 0,
    y: 0,
    expected: { color: 6, player: 2, timeMs: slot.timeMs },
    becomes: slot.before,
  }
  const body = { kind: 'undo', player: 2, reason: '', cells: [cell] } as const
  assert.deepEqual((await board.append({ type: RecordType.restored, body })).verdicts, ['accepted'])
  await settled()
  assert.deepEqual(await sums('placements'), { 1: 1, 2: 0 })
  assert.deepEqual(await sums('colors'), { 5: 1, 6: 0 })
  assert.deepEqual(await sums('surviving'), { 1: 1, 2: 0 })
  assert.deepEqual(await sums('area'), { 5: 1, 6: 0 })
  assert.deepEqual(await sums('cells'), { 1: 1, 2: 1 })
})

test('[M34] cells counts a cell once for each player who painted it, whatever became of it', async (t) => {
  const { board, settled, sums } = await boardWithMeters(t, CALM)
  await board.place([1, 0, 0, 5], [2, 0, 0, 6], [1, 0, 0, 7], [1, 1, 0, 7], [1, -1, 0, 7])
  const body = {
    kind: 'rollback',
    player: 1,
    reason: '',
    cells: [{ x: 0, y: 0, expected: board.host.canvas.cellAt(0, 0), becomes: { ...BLANK, color: 2 } }],
  } as const
  await board.append({ type: RecordType.restored, body })
  await board.place([1, 0, 0, 4])
  await settled()
  assert.deepEqual(await sums('cells'), { 1: 3, 2: 1 })
})

test('[M36] surviving and area sum up to what the board shows, at any moment', async (t) => {
  const { board, settled, sums } = await boardWithMeters(t, CALM)
  await board.place([1, 0, 0, 5], [1, 1, 0, 5], [1, 2, 0, 6])
  await board.clock.advance(2000)
  await board.place([2, 0, 0, 6], [1, 0, 0, 6], [2, 1, 0, 2])
  const now = board.host.canvas.cellAt(2, 0)
  const cells = [{ x: 2, y: 0, expected: now, becomes: { ...BLANK, color: 2 } }]
  await board.append({ type: RecordType.restored, body: { kind: 'rollback', player: 1, reason: '', cells } })
  await settled()
  const before = { from: 0, to: SECOND + 1 }
  assert.deepEqual(await sums('surviving', before), { 1: 3 })
  assert.deepEqual(await sums('area', before), { 5: 2, 6: 1 })
  assert.deepEqual(await sums('surviving'), { 1: 0, 2: 2 })
  assert.deepEqual(await sums('area'), { 2: 1, 5: 0, 6: 1 })
})

test('[M36] who paints a cell in the colour that it has takes it over, and its colour stays what it is', async (t) => {
  const { board, settled, meters } = await boardWithMeters(t, CALM)
  await board.place([1, 0, 0, 5])
  await board.paint([2, 0, 0, 5, T0 + 3000], [2, 0, 0, 5, T0 + 4000])
  await settled()
  const places = async (meter: BoardMeter) =>
    (await meters.questions.top(meter, EVER, 5)).map(({ entity, sum, lastSecond }) => [
      entity,
      Number(sum),
      lastSecond - SECOND,
    ])
  assert.deepEqual(await places('area'), [['5', 1, 0]])
  assert.deepEqual(await places('colors'), [['5', 3, 4]])
  assert.deepEqual(await places('surviving'), [
    ['2', 1, 3],
    ['1', 0, 3],
  ])
})

test('[M37] whatever happens on a board, saved, crashed and restarted: its meters are what brute force gives, and the same bytes', async (t) => {
  const doings = fc.array(fc.constantFrom('fold', 'fold', 'fold', 'save', 'crash', 'measure', 'lose'), {
    maxLength: 60,
  })
  const spans = fc.array(
    fc.tuple(fc.nat(90), fc.nat(90)).map(([a, b]) => ({ from: SECOND - 21 + a, to: SECOND - 21 + a + b })),
    { minLength: 3, maxLength: 3 },
  )
  await fc.assert(
    fc.asyncProperty(manySteps, doings, spans, async (steps, doings, spans) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      const board = await TestBoard.create(t, STEPS_BOARD, memoryKv(), true)
      let host = board.host
      const measures = new MemoryStore().asKv()
      const storeOf = (): LmdbMeterStore => new LmdbMeterStore(measures, 'board/board')
      let meters = await metersOf(host, storeOf)
      const left = fold.records.slice(1)
      for (const doing of [...doings, ...left.map(() => 'fold')]) {
        const next = doing === 'fold' ? left.shift() : undefined
        if (next !== undefined) {
          const { type, timeMs, body } = next
          await board.log.append(boardStream('board'), [{ type, timeMs, body }])
          await board.clock.settle()
        } else if (doing === 'save') await host.save(false)
        else if (doing === 'measure') await reached(meters, host.canvas.position)
        else if (doing !== 'fold') {
          await meters.close()
          if (doing === 'lose') await storeOf().clear()
          const crashed = host
          t.after(() => crashed[Symbol.asyncDispose]())
          host = await board.another(board.kv)
          meters = await metersOf(host, storeOf)
        }
      }
      await reached(meters, host.canvas.position)
      await assertAsMeasured(meters.questions, fold.records, [EVER, ...spans])
      await meters.close()

      const anewKv = memoryKv()
      const anew = (): LmdbMeterStore => new LmdbMeterStore(anewKv, 'board/board')
      const rebuilding = await metersOf(await board.another(memoryKv()), anew)
      await reached(rebuilding, host.canvas.position)
      await rebuilding.close()
      assert.equal(await storeOf().digest(), await anew().digest())
    }),
    { numRuns: 40 },
  )
})

test('[M38] two servers that feed the same store count everything once', async (t) => {
  const { board, meters, storeOf, settled } = await boardWithMeters(t, CALM)
  const otherHost = await board.another(memoryKv())
  t.after(() => otherHost[Symbol.asyncDispose]())
  const other = await metersOf(otherHost, storeOf)
  for (let round = 0; round < 30; round++) {
    await board.place([1, round % 6, 0, round % 16], [2, 0, round % 6, round % 15])
    if (round % 5 === 0) await settled()
  }
  await Promise.all([settled(), reached(other, board.host.canvas.position)])
  await other.close()
  const records = await board.log.read(boardStream('board'), START, ALL)
  await assertAsMeasured(meters.questions, records, [EVER])
})

test('[M38] while the store cannot take more the board goes on, and what waits is counted afterwards', async (t) => {
  const { board, meters, state, settled, sums } = await boardWithMeters(t, CALM)
  await board.place([1, 0, 0, 5])
  await settled()
  const full = new SpateError('storage-full', 'the disk is full')
  state.failure = full
  await board.place([1, 1, 0, 5])
  await board.clock.advance(3000)
  await board.place([1, 2, 0, 5])
  while (meters.stalled === undefined) await setImmediate()
  assert.equal(meters.stalled, full)
  assert.ok(meters.behindMs >= 3000)
  assert.deepEqual(await sums('placements'), { 1: 1 })
  state.failure = undefined
  await settled()
  assert.deepEqual([meters.stalled, meters.behindMs], [undefined, 0])
  assert.deepEqual(await sums('placements'), { 1: 3 })
})

test('[M38] meters that are ahead of the board’s stream are not gone on from', async (t) => {
  const { board, settled, storeOf } = await boardWithMeters(t, CALM)
  await board.place([1, 0, 0, 5])
  await settled()
  await assert.rejects(metersOf(board.host, storeOf, START), { code: 'corrupt' })
})
