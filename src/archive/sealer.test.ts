import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyRecord, folderObjects, plain, WatchedObjects } from '../../test/support/archive.ts'
import { ManualClock } from '../../test/support/clock.ts'
import { SpateError } from '../base/errors.ts'
import { MemoryLog } from '../log/memory.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { positionOf, START } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { ArchiveReader } from './reader.ts'
import { SEAL_LIMITS, Sealer, type SealLimits } from './sealer.ts'
import { verifyArchive } from './verify.ts'

const STREAM = 'board/a'
const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
const SMALL: SealLimits = { ...SEAL_LIMITS, segmentBytes: 1000 }

function sealerOf(log: Log, objects: ObjectStore, clock: ManualClock, limits = SMALL): Sealer {
  const onError = (_stream: string, error: unknown): void => {
    if (!(error instanceof SpateError)) throw error
  }
  return new Sealer({ log, objects, clock, onError }, limits)
}

async function append(log: Log, count: number, bytes = 100): Promise<void> {
  for (let i = 0; i < count; i++) {
    await log.append(STREAM, [{ type: 7, body: new Uint8Array(bytes).fill(i) }])
  }
}

async function archived(objects: ObjectStore, stream = STREAM): Promise<LogRecord[]> {
  return new ArchiveReader(objects).read(stream, START, ALL)
}

async function assertWhole(objects: ObjectStore): Promise<void> {
  assert.deepEqual((await verifyArchive(objects, () => {})).flaws, [])
}

test('[A6] all that the log holds is sealed when asked, of every stream, cut where a segment is full', async (t) => {
  const clock = new ManualClock()
  const log = new MemoryLog(clock)
  const { objects } = folderObjects(t)
  await append(log, 25)
  await log.append('players', [{ type: 1, body: Uint8Array.of(1, 2) }])
  await using sealer = sealerOf(log, objects, clock)
  await sealer.sealAll()
  const reader = new ArchiveReader(objects)
  assert.deepEqual(await reader.streams(), [STREAM, 'players'])
  assert.deepEqual(
    (await reader.entries(STREAM)).map(({ number, first, last, records }) => ({
      number,
      first,
      last,
      records,
    })),
    [
      { number: 1, first: 1, last: 10, records: 10 },
      { number: 2, first: 11, last: 20, records: 10 },
      { number: 3, first: 21, last: 25, records: 5 },
    ],
  )
  assert.deepEqual(plain(await archived(objects)), plain(await log.read(STREAM, START, ALL)))
  await assertWhole(objects)
})

test('[A6] sealing again adds nothing; what came since makes the next segment', async (t) => {
  const clock = new ManualClock()
  const log = new MemoryLog(clock)
  const objects = new WatchedObjects(folderObjects(t).objects)
  await append(log, 3)
  await using sealer = sealerOf(log, objects, clock)
  await sealer.sealAll()
  await sealer.sealAll()
  assert.equal(objects.puts.length, 2)
  await append(log, 2)
  await sealer.sealAll()
  assert.equal((await new ArchiveReader(objects).entries(STREAM)).length, 2)
  assert.equal((await archived(objects)).length, 5)
})

test('[A6] in the background a full segment is sealed with the next look, the rest an hour after it was seen', async (t) => {
  const clock = new ManualClock()
  const log = new MemoryLog(clock)
  const objects = new WatchedObjects(folderObjects(t).objects)
  await append(log, 12)
  await using sealer = sealerOf(log, objects, clock)
  const looked = async (): Promise<void> => {
    // The next look is set when the one before it is over.
    while (clock.pending === 0) await clock.settle()
  }
  sealer.start()
  await looked()
  assert.equal((await archived(objects)).length, 10)
  for (let minute = 1; minute < 60; minute++) {
    await clock.advance(60_000)
    await looked()
  }
  assert.equal((await archived(objects)).length, 10)
  await clock.advance(60_000)
  await looked()
  assert.equal((await archived(objects)).length, 12)
})

test('[A17] in the background it rests for as long as it has worked; who asked does not wait for that', async (t) => {
  const clock = new ManualClock()
  class SlowLog extends MemoryLog {
    override async read(...args: Parameters<MemoryLog['read']>): Promise<LogRecord[]> {
      clock.spend(7)
      return super.read(...args)
    }
  }
  const log = new SlowLog(clock)
  // Four reads of 512 records.
  await log.append(
    STREAM,
    Array.from({ length: 2048 }, (_, i) => ({ type: 7, body: Uint8Array.of(i) })),
  )
  const objects = new WatchedObjects(folderObjects(t).objects)
  const sealed = Promise.withResolvers<void>()
  objects.beforePut = (key) => {
    if (key.endsWith('.json')) sealed.resolve()
  }
  const limits = { ...SMALL, segmentBytes: 2048 }
  {
    await using sealer = sealerOf(log, objects, clock, limits)
    sealer.start()
    let restedMs = 0
    let isSealed = false
    void sealed.promise.then(() => {
      isSealed = true
    })
    while (!isSealed) {
      // Once it rests, one more ms of it.
      if (clock.pending > 0) {
        await clock.advance(1)
        restedMs += 1
      } else await clock.settle()
    }
    assert.equal(restedMs, 4 * 7)
  }
  await log.append(STREAM, [{ type: 7, body: Uint8Array.of(1) }])
  await using sealer = sealerOf(log, objects, clock, limits)
  await sealer.sealAll()
  assert.equal((await archived(objects)).length, 2049)
})

test('[A7] of several sealers one writes each entry, and every record is archived once', async (t) => {
  const clock = new ManualClock()
  const log = new MemoryLog(clock)
  const { objects } = folderObjects(t)
  const limits = [700, 1000, 1500].map((segmentBytes) => ({ ...SMALL, segmentBytes }))
  const sealers = limits.map((limit) => sealerOf(log, objects, clock, limit))
  for (let round = 0; round < 3; round++) {
    await append(log, 20)
    await Promise.all(sealers.map((sealer) => sealer.sealAll()))
  }
  assert.deepEqual(plain(await archived(objects)), plain(await log.read(STREAM, START, ALL)))
  await assertWhole(objects)
  for (const sealer of sealers) await sealer[Symbol.asyncDispose]()
})

test('[A7] what another sealer has sealed meanwhile is not made again', async (t) => {
  const clock = new ManualClock()
  const log = new MemoryLog(clock)
  const { objects } = folderObjects(t)
  const [one, other] = [new WatchedObjects(objects), new WatchedObjects(objects)]
  await append(log, 5)
  await using first = sealerOf(log, one, clock)
  await using second = sealerOf(log, other, clock)
  await first.sealAll()
  await append(log, 4)
  await second.sealAll()
  await append(log, 3)
  await first.sealAll()
  await second.sealAll()
  assert.deepEqual([one.puts.length, other.puts.length], [4, 2])
  assert.equal((await archived(objects)).length, 12)
})

test('[A8] wherever a put fails, or its answer is lost, the next try makes the chain whole', async (t) => {
  const clock = new ManualClock()
  const log = new MemoryLog(clock)
  await append(log, 35)
  const records = plain(await log.read(STREAM, START, ALL))
  for (let failing = 0; failing < 8; failing++) {
    for (const isWritten of [false, true]) {
      const { objects } = folderObjects(t)
      const watched = new WatchedObjects(objects)
      let puts = 0
      watched.beforePut = () => {
        if (puts++ === failing && !isWritten) throw new SpateError('unavailable', 'no answer')
      }
      const put = watched.put.bind(watched)
      watched.put = async (key, body) => {
        await put(key, body)
        if (puts === failing + 1 && isWritten) throw new SpateError('unavailable', 'no answer')
      }
      await using sealer = sealerOf(log, watched, clock)
      await assert.rejects(sealer.sealAll(), { code: 'unavailable' })
      await assertWhole(objects)
      await sealer.sealAll()
      await assertWhole(objects)
      assert.deepEqual(plain(await archived(objects)), records)
    }
  }
})

test('[A8] a sealer that is stopped midway leaves the rest to the next', async (t) => {
  const clock = new ManualClock()
  const log = new MemoryLog(clock)
  await append(log, 35)
  const objects = new WatchedObjects(folderObjects(t).objects)
  const first = sealerOf(log, objects, clock)
  let stopped: Promise<void> | undefined
  objects.beforePut = (key) => {
    if (key.endsWith('00000002.json')) stopped = first[Symbol.asyncDispose]()
  }
  await first.sealAll()
  await stopped
  assert.equal((await new ArchiveReader(objects).entries(STREAM)).length, 2)
  await using second = sealerOf(log, objects, clock)
  await second.sealAll()
  assert.deepEqual(plain(await archived(objects)), plain(await log.read(STREAM, START, ALL)))
})

test('[A9] a stream whose records were freed before they were sealed is not sealed, others are', async (t) => {
  const clock = new ManualClock()
  const log = new MemoryLog(clock)
  const { objects } = folderObjects(t)
  await append(log, 5)
  await log.append('players', [{ type: 1, body: Uint8Array.of(1) }])
  await log.trim(STREAM, positionOf(3))
  const told: [string, unknown][] = []
  await using sealer = new Sealer(
    { log, objects, clock, onError: (stream, error) => told.push([stream, (error as SpateError).code]) },
    SMALL,
  )
  await assert.rejects(sealer.sealAll(), { code: 'gone' })
  assert.deepEqual(told, [[STREAM, 'gone']])
  assert.deepEqual(await new ArchiveReader(objects).streams(), ['players'])
})

test('[A9] the archive of another log is not added to', async (t) => {
  const clock = new ManualClock()
  const { objects } = folderObjects(t)
  const [long, short] = [new MemoryLog(clock), new MemoryLog(clock)]
  await append(long, 5)
  await append(short, 2)
  await using sealer = sealerOf(long, objects, clock)
  await sealer.sealAll()
  await using other = sealerOf(short, objects, clock)
  await assert.rejects(other.sealAll(), { code: 'conflict' })
  await append(short, 9, 101)
  await assert.rejects(other.sealAll(), { code: 'conflict' })
  await append(long, 1)
  await using again = sealerOf(long, objects, clock)
  await again.sealAll()
  assert.equal((await archived(objects)).length, 6)
})

test('[A11] from any position the archive reads as the log does, whatever its cuts', async (t) => {
  const runs = fc.array(anyRecord, { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(
      runs,
      fc.integer({ min: 1, max: 600 }),
      fc.nat(70),
      fc.nat(20),
      async (records, cut, after, most) => {
        const clock = new ManualClock()
        const log = new MemoryLog(clock)
        const { objects } = folderObjects(t)
        for (const record of records) await log.append(STREAM, [record])
        await using sealer = sealerOf(log, objects, clock, { ...SMALL, segmentBytes: cut })
        await sealer.sealAll()
        const reader = new ArchiveReader(objects)
        for (const limit of [
          ALL,
          { records: most + 1, bytes: 1e9 },
          { records: 1000, bytes: most * 20 + 1 },
        ]) {
          assert.deepEqual(
            plain(await reader.read(STREAM, positionOf(after), limit)),
            plain(await log.read(STREAM, positionOf(after), limit)),
          )
        }
      },
    ),
    { numRuns: 25 },
  )
})
