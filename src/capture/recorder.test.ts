import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/support/clock.ts'
import { diskIsFull, FailingLog } from '../../test/support/failing-log.ts'
import { SpateError } from '../base/errors.ts'
import { START } from '../log/port.ts'
import { Batch } from './batch.ts'
import { decodeCaptureRecord } from './codec.ts'
import { MAX_WAITING_BYTES, Recorder } from './recorder.ts'
import { type CaptureRecord, CaptureRecordType, type RawMessage } from './records.ts'

const STREAM = 'capture/a'
const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

function recording() {
  const log = new FailingLog()
  const clock = new ManualClock()
  const errors: unknown[] = []
  const stops: unknown[] = []
  const recorder = new Recorder({
    log,
    stream: STREAM,
    clock,
    random: () => 0.5,
    onError: (error) => errors.push(error),
    onStopped: (reason) => stops.push(reason),
  })
  const kept = async () =>
    (await log.read(STREAM, START, ALL)).map(({ type, body }) => {
      const record = decodeCaptureRecord(type, body)
      return record.type === CaptureRecordType.messages
        ? record.body.map(({ bytes }) => Buffer.from(bytes).toString())
        : record.type
    })
  return { log, clock, recorder, errors, stops, kept }
}

const message = (text: string): RawMessage => ({
  connection: 1,
  channel: 0,
  isBinary: false,
  arrivedMs: 1,
  bytes: new TextEncoder().encode(text),
})
const OPENED: CaptureRecord = {
  type: CaptureRecordType.opened,
  body: { connection: 1, channel: 0, subprotocol: '' },
}
const REBASED: CaptureRecord = {
  type: CaptureRecordType.rebased,
  body: { canvas: 0, fromMs: 1, timestampMs: 2, cells: 1 },
}

test('[K1] messages that come while an append is under way share the next record, in their order', async () => {
  const { recorder, kept } = recording()
  const first = recorder.message(message('a'))
  await first
  void recorder.message(message('b'))
  void recorder.now(OPENED)
  void recorder.message(message('c'))
  await recorder.message(message('d'))
  assert.deepEqual(await kept(), [['a'], ['b'], CaptureRecordType.opened, ['c', 'd']])
})

test('[K1] what may go later goes with the next messages, or after 25 ms', async () => {
  const { log, clock, recorder, kept } = recording()
  const appends: number[] = []
  log.failure = (_stream, records) => {
    appends.push(records.length)
    return undefined
  }
  void recorder.later(REBASED)
  await clock.advance(24)
  assert.deepEqual(appends, [])
  void recorder.message(message('a'))
  await clock.settle()
  assert.deepEqual(await kept(), [['a'], CaptureRecordType.rebased])
  assert.deepEqual(appends, [2])
  assert.equal(clock.pending, 0)
  const alone = recorder.later(REBASED)
  await clock.advance(10)
  void recorder.later(REBASED)
  await clock.advance(15)
  await alone
  assert.deepEqual(appends, [2, 2])
})

test('[K1] a batch is one record of all that came until it is taken up, up to a limit', async () => {
  const { log, clock, recorder } = recording()
  const records: number[][] = []
  const batch = new Batch<number>(recorder, 3, (items) => {
    records.push([...items])
    return REBASED
  })
  for (const item of [1, 2, 3, 4]) void batch.add(item)
  await clock.advance(20)
  const last = batch.add(5)
  assert.deepEqual(records, [])
  await clock.advance(5)
  await last
  assert.deepEqual(records, [
    [1, 2, 3],
    [4, 5],
  ])
  log.failure = diskIsFull
  void batch.add(6)
  await clock.advance(30)
  void batch.add(7)
  log.failure = () => undefined
  await clock.advance(10_000)
  assert.deepEqual(records.slice(2), [[6], [7]], 'what was taken up stays what it is')
  log.failure = () => new SpateError('forbidden', 'no')
  const refused = assert.rejects(batch.add(8), { code: 'forbidden' })
  await clock.advance(30)
  await refused
  await assert.rejects(batch.add(9), { code: 'forbidden' })
})

test('[K16] on a full disk messages wait and keep their order, before all else', async () => {
  const { log, clock, recorder, errors, kept } = recording()
  log.failure = diskIsFull
  let isLaterDone = false
  void recorder.message(message('a'))
  void recorder.later(REBASED).then(() => {
    isLaterDone = true
  })
  await clock.settle()
  void recorder.message(message('b'))
  await clock.advance(1000)
  assert.ok(log.failures > 1)
  assert.equal(recorder.isHealthy, false)
  const types: number[] = []
  log.failure = (_stream, records) => {
    types.push(...records.map(({ type }) => type))
    return undefined
  }
  await clock.advance(10_000)
  assert.deepEqual(await kept(), [['a', 'b'], CaptureRecordType.rebased])
  assert.equal(isLaterDone, true)
  assert.equal(recorder.isHealthy, true)
  assert.equal(errors.length, log.failures)
})

test('[K16] messages for which there is no room are refused, until there is', async () => {
  const { log, clock, recorder } = recording()
  log.failure = diskIsFull
  const large = { ...message(''), bytes: new Uint8Array(4 << 20) }
  let taken = 0
  while (recorder.message(large) !== undefined) taken += 1
  assert.equal(taken, MAX_WAITING_BYTES / large.bytes.length - 1)
  let hasRoom = false
  void recorder.room.then(() => {
    hasRoom = true
  })
  await clock.advance(20_000)
  // Of a second connection.
  assert.equal(recorder.message(large), undefined)
  assert.equal(hasRoom, false)
  log.failure = () => undefined
  await clock.advance(20_000)
  assert.equal(hasRoom, true)
  assert.equal(recorder.waitingBytes, 0)
  await recorder.message(message('a'))
})

test('[K32] messages without a byte take room, too', async () => {
  const { log, recorder } = recording()
  log.failure = diskIsFull
  const empty = message('')
  let taken = 0
  while (taken < 200_000 && recorder.message(empty) !== undefined) taken += 1
  assert.ok(taken < 150_000, `${taken} messages`)
})

test('[K16] what no retry can help ends the recording, and says why', async () => {
  const { log, clock, recorder, stops } = recording()
  const reason = new SpateError('forbidden', 'no')
  log.failure = () => reason
  const first = assert.rejects(recorder.now(OPENED), reason)
  const later = assert.rejects(recorder.later(REBASED), reason)
  await clock.settle()
  await Promise.all([first, later])
  assert.equal(recorder.stopped, reason)
  assert.deepEqual(stops, [reason])
  await assert.rejects(recorder.now(OPENED), reason)
})

test('[K14] who closes it waits for what was given, but not for a disk', async () => {
  const { log, clock, recorder, kept } = recording()
  void recorder.message(message('a'))
  void recorder.later(REBASED)
  await recorder.close()
  assert.deepEqual(await kept(), [['a'], CaptureRecordType.rebased])
  await assert.rejects(recorder.now(OPENED), { code: 'unavailable' })
  const full = recording()
  full.log.failure = diskIsFull
  const waiting = assert.rejects(full.recorder.now(OPENED), { code: 'storage-full' })
  await full.clock.settle()
  await full.recorder.close()
  await waiting
  assert.equal(log.failures, 0)
  assert.equal(clock.pending, 0)
})
