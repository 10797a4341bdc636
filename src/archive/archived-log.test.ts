import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { folderObjects, plain } from '../../test/support/archive.ts'
import { ManualClock } from '../../test/support/clock.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { systemClock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { describeLog, record } from '../log/contract.ts'
import { LmdbLog } from '../log/lmdb.ts'
import { MemoryLog } from '../log/memory.ts'
import type { Log, LogRecord, Position, ReadLimit } from '../log/port.ts'
import { positionOf, START } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { ArchivedLog } from './archived-log.ts'
import { ArchiveReader } from './reader.ts'
import { SEAL_LIMITS, Sealer } from './sealer.ts'

const STREAM = 'board/a'
const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

async function sealAll(log: Log, objects: ObjectStore, segmentBytes: number): Promise<void> {
  const services = { log, objects, clock: systemClock, onError: () => {} }
  await using sealer = new Sealer(services, { ...SEAL_LIMITS, segmentBytes })
  await sealer.sealAll()
}

const stores = new WeakMap<Log, ObjectStore>()
const NOTHING_LOST = {
  before: async (log: Log): Promise<void> => {
    const objects = stores.get(log)
    assert.ok(objects !== undefined)
    await sealAll(log, objects, 1)
  },
  found: ['1', '2', '3'],
}

describeLog(
  'archived, over lmdb',
  async (t, clock) => {
    const inner = LmdbLog.open(tempFolder(t), clock)
    const { objects } = folderObjects(t)
    const log = new ArchivedLog(inner, objects)
    stores.set(log, objects)
    t.after(() => log[Symbol.asyncDispose]())
    return log
  },
  NOTHING_LOST,
)

test('[A13] wherever the log was freed, reading and following give every record once, in order', async (t) => {
  const { objects } = folderObjects(t)
  const log = new MemoryLog(new ManualClock())
  const archived = new ArchivedLog(log, objects)
  for (let i = 0; i < 40; i++) await log.append(STREAM, [record(`${i}`)])
  await sealAll(log, objects, 7)
  const all = await log.read(STREAM, START, ALL)
  for (const upTo of [1, 13, 14, 39]) {
    await archived.trim(STREAM, positionOf(upTo))
    await fc.assert(
      fc.asyncProperty(fc.nat(40), async (after) => {
        const rest = plain(all.slice(after))
        let at = positionOf(after)
        const read: LogRecord[] = []
        for (;;) {
          const records = await archived.read(STREAM, at, { records: 7, bytes: 1e9 })
          if (records.length === 0) break
          read.push(...records)
          at = records.at(-1)?.position ?? at
        }
        assert.deepEqual(plain(read), rest)
        if (rest.length === 0) return
        const stop = new AbortController()
        const followed: LogRecord[] = []
        for await (const batch of archived.follow(STREAM, positionOf(after), stop.signal)) {
          followed.push(...batch)
          if (followed.length >= rest.length) stop.abort()
        }
        assert.deepEqual(plain(followed), rest)
      }),
      { numRuns: 12 },
    )
  }
})

test('[A13] a follower that a trim overtakes misses nothing, and goes on with what comes', async (t) => {
  const { objects } = folderObjects(t)
  const archived = new ArchivedLog(LmdbLog.open(tempFolder(t), systemClock), objects)
  t.after(() => archived[Symbol.asyncDispose]())
  // A batch of a follower is 4,096 records: the second one is read after the trim.
  const many = Array.from({ length: 9_000 }, (_, i) => record(`${i}`))
  await archived.append(STREAM, many)
  await sealAll(archived, objects, 10_000)
  const stop = new AbortController()
  const seen: string[] = []
  for await (const batch of archived.follow(STREAM, START, stop.signal)) {
    if (seen.length === 0) await archived.trim(STREAM, positionOf(8_000))
    seen.push(...batch.map(({ body }) => new TextDecoder().decode(body)))
    if (seen.length === many.length) await archived.append(STREAM, [record('new')])
    if (seen.length > many.length) stop.abort()
  }
  assert.deepEqual(seen, [...many.map((_, i) => `${i}`), 'new'])
})

/** The log of a server that has not heard yet of what another one freed. */
class LateLog extends MemoryLog {
  override async read(stream: string, after: Position, limit: ReadLimit): Promise<LogRecord[]> {
    if (after < (await super.trimmed(stream))) throw new SpateError('gone', 'the broker does not have it')
    return super.read(stream, after, limit)
  }

  override async trimmed(): Promise<Position> {
    return START
  }
}

test('[A13] what another server has freed is read from the archive before this one hears of it', async (t) => {
  const { objects } = folderObjects(t)
  const log = new LateLog(new ManualClock())
  const archived = new ArchivedLog(log, objects)
  const texts = Array.from({ length: 30 }, (_, i) => `${i}`)
  for (const text of texts) await log.append(STREAM, [record(text)])
  await sealAll(log, objects, 5)
  await log.trim(STREAM, positionOf(20))
  const read = await archived.read(STREAM, START, ALL)
  assert.equal(read.length, 30)
  const stop = new AbortController()
  const followed: string[] = []
  for await (const batch of archived.follow(STREAM, positionOf(3), stop.signal)) {
    followed.push(...batch.map(({ body }) => new TextDecoder().decode(body)))
    if (followed.length >= 27) stop.abort()
  }
  assert.deepEqual(followed, texts.slice(3))
})

test('[A13] what neither the log nor the archive has is an error, not a gap', async (t) => {
  const { objects } = folderObjects(t)
  const log = new MemoryLog(new ManualClock())
  const archived = new ArchivedLog(log, objects)
  for (let i = 0; i < 4; i++) await log.append(STREAM, [record(`${i}`)])
  await sealAll(log, objects, 1)
  for (let i = 4; i < 8; i++) await log.append(STREAM, [record(`${i}`)])
  // Past the archive's back.
  await log.trim(STREAM, positionOf(6))
  assert.equal((await archived.read(STREAM, START, ALL)).length, 4)
  await assert.rejects(archived.read(STREAM, positionOf(4), ALL), { code: 'gone' })
  assert.equal((await archived.read(STREAM, positionOf(6), ALL)).length, 2)
  const following = archived.follow(STREAM, positionOf(5), new AbortController().signal)
  await assert.rejects(Array.fromAsync(following), { code: 'gone' })
})

test('[A14] only what is sealed is freed', async (t) => {
  const { objects } = folderObjects(t)
  const log = new MemoryLog(new ManualClock())
  const archived = new ArchivedLog(log, objects)
  await log.append(STREAM, [record('1'), record('2')])
  await assert.rejects(archived.trim(STREAM, positionOf(1)), { code: 'conflict' })
  await sealAll(log, objects, 1)
  await log.append(STREAM, [record('3')])
  await assert.rejects(archived.trim(STREAM, positionOf(3)), { code: 'conflict' })
  assert.equal(await log.trimmed(STREAM), START)
  await archived.trim(STREAM, positionOf(2))
  assert.equal((await log.read(STREAM, START, ALL)).length, 1)
  assert.equal((await archived.read(STREAM, START, ALL)).length, 3)
})

test('[A14] a segment that is missing keeps its records in the log', async (t) => {
  const { objects } = folderObjects(t)
  const log = new MemoryLog(new ManualClock())
  const archived = new ArchivedLog(log, objects)
  await log.append(STREAM, [record('1'), record('2'), record('3')])
  await sealAll(log, objects, 1)
  const [, second] = await new ArchiveReader(objects).entries(STREAM)
  assert.ok(second !== undefined)
  await objects.delete(`segments/${second.segment}.seg`)
  await archived.trim(STREAM, positionOf(1))
  await assert.rejects(archived.trim(STREAM, positionOf(2)), { code: 'corrupt' })
  assert.equal(await log.trimmed(STREAM), 1)
})
