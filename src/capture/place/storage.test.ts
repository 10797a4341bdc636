import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestCapture } from '../../../test/support/captures.ts'
import { diskIsFull, FailingLog } from '../../../test/support/failing-log.ts'
import { FakePlace } from '../../../test/support/fake-place.ts'
import { memoryKv } from '../../../test/support/memory-kv.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { SpateError } from '../../base/errors.ts'
import { FolderObjects } from '../../store/objects/folder.ts'
import { CaptureRecordType } from '../records.ts'
import { reportText } from '../report.ts'

async function assertWhole(source: FakePlace, capture: TestCapture): Promise<void> {
  await source.tick(0)
  await capture.settled()
  assert.deepEqual(capture.holes(), [])
  assert.deepEqual(await capture.wrongFrames(), [])
  assert.deepEqual(capture.shown(), source.colors(source.frames.at(-1)!))
  assert.deepEqual(capture.stops, [])
}

test('[K16] with little of the disk left messages are kept, and the rest waits and goes on', async (t) => {
  const source = await FakePlace.open(t)
  const capture = await TestCapture.open(t, source)
  await capture.connected()
  await source.tick(0)
  await capture.settled()
  capture.freeBytes = 1000
  const before = (await capture.recordsOf(CaptureRecordType.fetched)).length
  for (let i = 0; i < 5; i++) await source.tick(0)
  await capture.until('the messages', () => capture.canvas()?.counts.diffs === 6)
  assert.equal(capture.canvas()?.waiting, 5)
  assert.equal((await capture.recordsOf(CaptureRecordType.fetched)).length, before)
  assert.deepEqual(
    capture.holes().map(([, , ...causes]) => causes),
    [['pending']],
  )
  assert.equal(capture.collector.waiting.isStalled, true)
  capture.freeBytes = Number.POSITIVE_INFINITY
  await assertWhole(source, capture)
})

test('[K16] an object store that is full is waited for, without using up tries', async (t) => {
  const source = await FakePlace.open(t)
  const objects = FolderObjects.open(tempFolder(t))
  const put = objects.put.bind(objects)
  let isFull = false
  objects.put = (key, body) => (isFull ? Promise.reject(diskIsFull()) : put(key, body))
  const capture = await TestCapture.open(t, source, { downloadTries: 1 }, { objects })
  await capture.connected()
  await source.tick(0)
  await capture.settled()
  isFull = true
  const failed = capture.errors.length
  for (let i = 0; i < 3; i++) await source.tick(0)
  await capture.until('the messages', () => capture.canvas()?.counts.diffs === 4)
  await capture.failed('the store', () => capture.errors.length >= failed + 6)
  assert.equal(capture.canvas()?.waiting, 3)
  isFull = false
  await assertWhole(source, capture)
})

test('[K16] a log that is full loses nothing while there is room for messages in memory', async (t) => {
  const source = await FakePlace.open(t)
  const log = new FailingLog()
  const capture = await TestCapture.open(t, source, {}, { log })
  await capture.connected()
  await source.tick(0)
  await capture.settled()
  log.failure = diskIsFull
  for (let i = 0; i < 5; i++) await source.tick(0)
  await capture.failed('the log', () => log.failures >= 4)
  assert.equal(capture.canvas()?.counts.diffs, 1)
  log.failure = () => undefined
  await assertWhole(source, capture)
  log.failure = (stream) => (stream.startsWith('board/') ? diskIsFull() : undefined)
  const failures = log.failures
  await source.tick(0)
  await capture.failed('the board', () => log.failures >= failures + 3)
  log.failure = () => undefined
  await assertWhole(source, capture)
})

test('[K16] a log that takes nothing any more, however often it is tried, ends the capture, which says why', async (t) => {
  const source = await FakePlace.open(t)
  const log = new FailingLog()
  const capture = await TestCapture.open(t, source, {}, { log })
  await capture.connected()
  const broken = new SpateError('corrupt', 'the log is broken')
  log.failure = () => broken
  await source.tick(0)
  await capture.until('the end', () => capture.collector.stopped === broken)
  assert.deepEqual(capture.stops, [broken])
  await source.until(() => source.subscribers(0).length === 0)
})

test('[K16] a board that cannot be painted holds up nothing else, and is painted after the next start', async (t) => {
  const source = await FakePlace.open(t)
  const log = new FailingLog()
  const capture = await TestCapture.open(t, source, {}, { log })
  await capture.connected()
  await source.tick(0)
  await capture.settled()
  const reason = new SpateError('forbidden', 'no')
  log.failure = (stream) => (stream.startsWith('board/') ? reason : undefined)
  await source.tick(0)
  await capture.failed('the board', () => capture.errors.includes(reason))
  await source.tick(0)
  await capture.until('the frames', () => capture.canvas()?.counts.stored === 5)
  assert.equal(capture.collector.boardStopped, reason)
  assert.equal(capture.canvas()?.waiting, 2)
  assert.deepEqual(capture.stops, [])
  await capture.close()
  log.failure = () => undefined
  await capture.start()
  await capture.settled()
  assert.deepEqual(capture.holes(), [])
  assert.deepEqual(await capture.wrongFrames(), [])
})

test('[K18] after a stop it goes on where it was, with or without its saved state', async (t) => {
  const source = await FakePlace.open(t)
  const capture = await TestCapture.open(t, source)
  await capture.connected()
  for (let i = 0; i < 5; i++) await source.tick(0)
  await capture.settled()
  for (const kv of [capture.kv, memoryKv()]) {
    const before = capture.collector.report()
    await capture.close()
    capture.kv = kv
    const last = source.frames.at(-1)!
    const missed = await source.tick(0)
    await capture.start()
    await capture.connected()
    const after = await source.tick(0)
    await capture.settled()
    assert.deepEqual(capture.holes().at(-1), [last.timestampMs, missed.timestampMs, 'restarted'])
    assert.equal(after.previousMs, missed.timestampMs)
    assert.equal(capture.collector.report().counts.starts, before.counts.starts + 1)
    const fetched = (await capture.recordsOf(CaptureRecordType.fetched)).flatMap(({ body }) => body.frames)
    assert.equal(new Set(fetched.map(({ url }) => url)).size, fetched.length)
  }
  assert.deepEqual(await capture.wrongFrames(), [])
})

test('[K15] the report says what is covered, what is not and why, and how late things were', async (t) => {
  const source = await FakePlace.open(t)
  const capture = await TestCapture.open(t, source)
  await capture.connected()
  const first = await source.tick(0)
  await capture.settled()
  await source.tick(0, { heard: () => false })
  const after = await source.tick(0)
  await capture.settled()
  const canvas = capture.canvas()!
  assert.deepEqual(canvas.seen, { fromMs: source.frames[0]?.timestampMs, toMs: after.timestampMs })
  assert.equal(canvas.holeMs, after.timestampMs - first.timestampMs)
  assert.equal(canvas.coveredShare, 1 - canvas.holeMs / (after.timestampMs - canvas.seen!.fromMs))
  assert.ok(canvas.messageLag.p50Ms > 0 && canvas.boardLag.p99Ms >= canvas.boardLag.p50Ms)
  assert.equal(canvas.connections, 2)
  const text = reportText(capture.collector.report(), 'place')
  const moment = (ms: number) => new Date(ms).toISOString()
  assert.ok(text.includes(`hole ${moment(first.timestampMs)} to ${moment(after.timestampMs)}`), text)
  assert.match(text, /\(\d+ ms\): skipped/)
  assert.match(text, /canvas 0 at 0,0: \d+\.\d{3} % covered, 1 holes/)
  assert.ok(!JSON.stringify(capture.collector.report()).includes(source.token))
})
