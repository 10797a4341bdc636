import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyRun, folderObjects, plain, WatchedObjects } from '../../test/support/archive.ts'
import { type LogRecord, positionOf, START } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { encodeEntry, entryFor, keyOf, type StoredEntry, segmentKey, storedAs } from './manifest.ts'
import { ArchiveReader } from './reader.ts'
import { SegmentWriter } from './segment-writer.ts'

const STREAM = 'board/a'

/** An archive of these runs, a segment each. */
async function seal(objects: ObjectStore, runs: readonly (readonly LogRecord[])[]): Promise<void> {
  let last: StoredEntry | undefined
  for (const run of runs) {
    const writer = new SegmentWriter()
    for (const record of run) await writer.add(record)
    const segment = await writer.finish(STREAM)
    const entry = entryFor(STREAM, last, segment)
    last = storedAs(entry, encodeEntry(entry))
    await objects.put(segmentKey(segment.sha256), segment.bytes)
    await objects.put(keyOf(STREAM, entry.number), encodeEntry(entry))
  }
}

function run(count: number, from: number, bodyBytes: number): LogRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ position: positionOf(from + i), timeMs: 1000 + from + i, type: 9 },
    body: new Uint8Array(bodyBytes).map((_, k) => Math.imul(i + 1, k + 7) >>> 3),
  }))
}

test('[A11] of a segment only the blocks that are asked for are fetched, and those just read not again', async (t) => {
  const objects = new WatchedObjects(folderObjects(t).objects)
  const records = run(4000, 1, 1000)
  await seal(objects, [records])
  const reader = new ArchiveReader(objects)
  const limit = { records: 5, bytes: 1e9 }
  const read = await reader.read(STREAM, positionOf(3000), limit)
  assert.deepEqual(plain(read), plain(records.slice(3000, 3005)))
  const [entry] = await reader.entries(STREAM)
  const fetched = objects.rangeBytes
  assert.ok(fetched < 64 * 1024 + 600_000 && fetched < (entry?.bytes ?? 0) / 2, `${fetched} bytes`)
  await reader.read(STREAM, positionOf(3005), limit)
  assert.equal(objects.rangeBytes, fetched)
})

test('[A12] where a stream was at a time is where the fold was: the last record before the first later one', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyRun, fc.nat(), fc.nat(), async (records, cut, when) => {
      const objects = folderObjects(t).objects
      const at = 1 + (cut % records.length)
      await seal(
        objects,
        [records.slice(0, at), records.slice(at)].filter((part) => part.length > 0),
      )
      const reader = new ArchiveReader(objects)
      const times = records.map(({ timeMs }) => timeMs)
      const picked = times[when % times.length] ?? 0
      for (const atMs of [picked - 1, picked, 0, Number.MAX_SAFE_INTEGER]) {
        const later = times.findIndex((timeMs) => timeMs > atMs)
        const before = later === -1 ? records.at(-1) : records[later - 1]
        assert.equal(await reader.positionAt(STREAM, atMs), before?.position ?? START)
      }
    }),
    { numRuns: 25 },
  )
})

test('[A11] what is sealed meanwhile is read, too; a stream without entries is empty', async (t) => {
  const { objects } = folderObjects(t)
  const reader = new ArchiveReader(objects)
  const limit = { records: 100, bytes: 1e9 }
  assert.deepEqual(await reader.read(STREAM, START, limit), [])
  await seal(objects, [run(3, 1, 5)])
  assert.equal((await reader.read(STREAM, START, limit)).length, 3)
  assert.equal(await reader.sealedUpTo(STREAM), 3)
  const blocks = await Array.fromAsync(reader.blocks(STREAM, positionOf(1), positionOf(2)))
  assert.deepEqual(
    blocks.flat().map(({ position }) => position),
    [2],
  )
})
