import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type LogRecord, positionOf } from '../../log/port.ts'
import { encodeCaptureRecord } from '../codec.ts'
import { type CaptureRecord, CaptureRecordType, CONFIG_CHANNEL, type RawMessage } from '../records.ts'
import { CaptureFold } from './fold.ts'

const URL_OF = (timestampMs: number, kind: string) => `https://e.org/${timestampMs}-0-${kind}-abcdefgh.png`

function stored(records: readonly CaptureRecord[]): LogRecord[] {
  return records.map((record, i) => ({
    position: positionOf(i + 1),
    timeMs: 10_000 + i,
    type: record.type,
    body: encodeCaptureRecord(record),
  }))
}

function folded(records: readonly CaptureRecord[]): CaptureFold {
  const fold = new CaptureFold()
  for (const record of stored(records)) fold.apply(record)
  return fold
}

function messages(channel: number, ...data: object[]): CaptureRecord {
  const body = data.map(
    (each, i): RawMessage => ({
      connection: 1,
      channel,
      isBinary: false,
      arrivedMs: 9000 + i,
      bytes: new TextEncoder().encode(
        JSON.stringify({ type: 'data', payload: { data: { subscribe: { data: each } } } }),
      ),
    }),
  )
  return { type: CaptureRecordType.messages, body }
}

const BEGAN: CaptureRecord = {
  type: CaptureRecordType.began,
  body: { kind: 'place', source: 'https://e.org/', settings: {} },
}
const CONFIG = messages(CONFIG_CHANNEL, {
  canvasConfigurations: [{ index: 0, dx: 10, dy: -5 }],
  canvasWidth: 20,
  canvasHeight: 10,
})
const full = (timestamp: number) => messages(0, { name: URL_OF(timestamp, 'f'), timestamp })
const diff = (previousTimestamp: number, currentTimestamp: number) =>
  messages(0, { name: URL_OF(currentTimestamp, 'd'), currentTimestamp, previousTimestamp })
const fetched = (
  timestampMs: number,
  kind: string,
  status: 'stored' | 'missing' = 'stored',
): CaptureRecord => ({
  type: CaptureRecordType.fetched,
  body: {
    frames: [
      {
        canvas: 0,
        url: URL_OF(timestampMs, kind),
        status,
        sha256: 'ab',
        sizeBytes: 9,
        atMs: 9500,
        detail: '',
      },
    ],
  },
})
const applied = (timestampMs: number, previousMs = Number.NaN, cells = 1, asked = 0): CaptureRecord => ({
  type: CaptureRecordType.applied,
  body: [{ canvas: 0, timestampMs, previousMs, cells, asked }],
})
const closed = (cause: 'lost' | 'silent' | 'served'): CaptureRecord => ({
  type: CaptureRecordType.closed,
  body: { connection: 1, channel: 0, cause, detail: '' },
})
const START: readonly CaptureRecord[] = [BEGAN, CONFIG, full(1000), fetched(1000, 'f'), applied(1000)]

test('[K7] a frame that comes on two connections is one', () => {
  const fold = folded([BEGAN, CONFIG, full(1000), full(1000), diff(1000, 1100), diff(1000, 1100)])
  assert.equal(fold.takeFresh().length, 2)
  assert.equal(fold.chains.get(0)?.counts.duplicates, 2)
  assert.deepEqual(fold.takeFresh(), [])
})

test('[K9] the hole’s cause is what befell the connections before the chain goes on', () => {
  const causes = (...records: CaptureRecord[]) => {
    const { holes } = folded([...START, ...records])
      .chains.get(0)
      ?.report() ?? { holes: [] }
    return holes.map((hole) => [hole.fromMs, hole.toMs, ...hole.causes])
  }
  const after = [diff(1200, 1300), fetched(1300, 'd'), applied(1300, 1200)]
  assert.deepEqual(causes(...after), [[1000, 1300, 'skipped']])
  assert.deepEqual(causes(closed('silent'), ...after), [[1000, 1300, 'silent']])
  assert.deepEqual(causes(closed('served'), ...after), [[1000, 1300, 'skipped']])
  assert.deepEqual(causes(BEGAN, ...after), [[1000, 1300, 'restarted']])
  assert.deepEqual(causes(diff(1000, 1100), fetched(1100, 'd', 'missing')), [[1000, 1100, 'missing']])
  assert.deepEqual(causes(diff(1000, 1100), fetched(1100, 'd')), [[1000, 1100, 'pending']])
  assert.deepEqual(causes(diff(1100, 1200), applied(1200, 1100), diff(1000, 1100), applied(1100, 1000)), [
    [1000, 1200, 'late'],
  ])
})

test('[K9] a break in the chain asks for a full frame until one is on its way', () => {
  const isWhole = (...records: CaptureRecord[]) => folded([...START, ...records]).chains.get(0)?.isWhole
  assert.equal(isWhole(), true)
  assert.equal(isWhole(diff(1000, 1100)), true)
  assert.equal(isWhole(diff(1100, 1200)), false)
  assert.equal(isWhole(diff(1100, 1200), diff(1000, 1100)), true)
  assert.equal(isWhole(diff(1100, 1200), full(1200)), true)
  assert.equal(isWhole(diff(1100, 1200), full(1150)), true)
  assert.equal(isWhole(diff(1100, 1200), full(1200), fetched(1200, 'f', 'missing')), false)
  assert.equal(isWhole(diff(1000, 1100), fetched(1100, 'd', 'missing'), diff(1100, 1200)), false)
})

test('[K9] a full frame older than the board makes whole what links lead to from it', () => {
  const { covered, holes } = folded([
    ...START,
    diff(1200, 1300),
    applied(1300, 1200),
    full(1250),
    applied(1250),
  ])
    .chains.get(0)!
    .report()
  assert.deepEqual(
    covered.map(({ fromMs, toMs }) => [fromMs, toMs]),
    [
      [1000, 1000],
      [1300, 1300],
    ],
  )
  assert.deepEqual(holes, [{ fromMs: 1000, toMs: 1300, causes: ['skipped'] }])
})

test('[K13] authors are owed for the asked changes of a frame, each once', () => {
  const answer = (x: number): CaptureRecord => ({
    type: CaptureRecordType.answered,
    body: [{ canvas: 0, x, y: 1, rgb: 0, changeMs: 1100, modifiedMs: 1090, user: null }],
  })
  const frame = [diff(1000, 1100), fetched(1100, 'd'), applied(1100, 1000, 2, 2)]
  const open = (...records: CaptureRecord[]) =>
    folded([...START, ...frame, ...records]).chains.get(0)?.openAsks
  assert.equal(open()?.get(1100)?.left, 2)
  assert.equal(open(answer(5))?.get(1100)?.left, 1)
  assert.equal(open(answer(5), answer(5))?.get(1100)?.left, 1)
  assert.equal(open(answer(5), answer(6))?.size, 0)
})

test('[K18] from its stored state it goes on as if it had folded everything', () => {
  const records = [
    ...START,
    diff(1000, 1100),
    closed('lost'),
    diff(1200, 1300),
    fetched(1100, 'd'),
    fetched(1300, 'd', 'missing'),
    applied(1100, 1000, 3, 3),
    BEGAN,
    full(1400),
    fetched(1400, 'f'),
    applied(1400),
  ]
  fc.assert(
    fc.property(fc.nat(records.length), (cut) => {
      const all = stored(records)
      const first = new CaptureFold()
      for (const record of all.slice(0, cut)) first.apply(record)
      const continued = CaptureFold.load(JSON.parse(JSON.stringify(first)))
      assert.ok(continued !== undefined)
      for (const record of all.slice(cut)) continued.apply(record)
      assert.deepEqual(JSON.stringify(continued), JSON.stringify(folded(records)))
    }),
  )
})

test('[K10] a frame that was given up is wanted again when it is told of again, and may make the canvas whole', () => {
  const lost = [BEGAN, CONFIG, full(1000), fetched(1000, 'f', 'missing')]
  const fold = folded(lost)
  assert.deepEqual(
    fold.chains
      .get(0)
      ?.report()
      .holes.map(({ causes }) => causes),
    [['missing']],
  )
  const again = folded([...lost, full(1000)])
  assert.deepEqual(
    again.takeFresh().map(({ url }) => url),
    [URL_OF(1000, 'f'), URL_OF(1000, 'f')],
  )
  const had = folded([...lost, full(1000), fetched(1000, 'f'), applied(1000)])
  assert.deepEqual(had.chains.get(0)?.report().holes, [])
})
