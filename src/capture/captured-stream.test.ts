import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/support/clock.ts'
import { memoryKv } from '../../test/support/memory-kv.ts'
import { MemoryLog } from '../log/memory.ts'
import { CapturedStream } from './captured-stream.ts'
import { encodeCaptureRecord } from './codec.ts'
import { type CaptureRecord, CaptureRecordType, captureStream } from './records.ts'

const RECORDS: readonly CaptureRecord[] = [
  { type: CaptureRecordType.began, body: { kind: 'feed', source: 'https://a.org/feed', settings: {} } },
  { type: CaptureRecordType.opened, body: { connection: 1, channel: 0, subprotocol: '' } },
]

test('[K43] a feed that was asked about before it began reports the same as one that was not', async () => {
  const log = new MemoryLog(new ManualClock())
  const services = { log, kv: memoryKv(), onError: (error: unknown) => assert.fail(String(error)) }
  const early = new CapturedStream('river', services)
  assert.deepEqual((await early.report()).canvases, [])
  const records = RECORDS.map((record) => ({ type: record.type, body: encodeCaptureRecord(record) }))
  await log.append(captureStream('river'), records)
  const report = await early.report()
  assert.equal(report.canvases.length, 1)
  assert.deepEqual(report, await new CapturedStream('river', services).report())
})
