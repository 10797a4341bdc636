import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import { declaration, memoryLog } from '../../test/support/meters.ts'
import { ask, ownLastingRedis, ownRedis, ownRedisCluster } from '../../test/support/own-redis.ts'
import { requires } from '../../test/support/requires.ts'
import { serviceUrl } from '../../test/support/services.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { SpateError } from '../base/errors.ts'
import { positionOf } from '../log/port.ts'
import { Kv } from '../store/kv.ts'
import { Amounts } from './amounts.ts'
import { describeMeterStore } from './contract.ts'
import { describeAnswers } from './differential/contract.ts'
import { LmdbMeterStore } from './lmdb.ts'
import { METER_STREAM, Meters } from './meters.ts'
import { type Change, type Fact, FREE_STANDING, LAYOUT, type MeterStore } from './port.ts'
import { openRedisMeters, type RedisMeterStore, type RedisMeters, type RedisMetersOptions } from './redis.ts'
import { describeSharing } from './sharing/contract.ts'

const skip = requires('redis')
const SHEET = 4
const T0 = 1_458_061_005
const KILLS = process.env.SPATE_TEST_LONG === '1' ? 25 : 2

/** Spaces under a prefix of the test's own, gone with it. */
function placeAt(t: TestContext, url: string, options: RedisMetersOptions = {}): RedisMeters {
  const prefix = options.prefix ?? `test-${randomUUID()}`
  const redis = openRedisMeters(url, { ...options, prefix })
  const opened = new Map<string, RedisMeterStore>()
  t.after(async () => {
    for (const [space, store] of opened) {
      // Where the server is gone there is nothing to clear; what clearing leaves is where the space stands.
      await store.clear().catch(() => undefined)
      const meta = `{${prefix}:${space}}:meta`
      await ask(Number(new URL(url).port), `UNLINK ${meta}`, '\r\n').catch(() => undefined)
    }
    await redis[Symbol.asyncDispose]()
  })
  return {
    ...redis,
    open: async (space = FREE_STANDING) => {
      const store = await redis.open(space)
      opened.set(space, store)
      return store
    },
  }
}

describeMeterStore('Redis', async (t) => placeAt(t, serviceUrl('redis')).open, { skip })

describeAnswers('Redis', async (t) => placeAt(t, serviceUrl('redis')).open(), skip)

describeSharing(
  'Redis',
  (t) => {
    const prefix = `test-${randomUUID()}`
    return () => placeAt(t, serviceUrl('redis'), { prefix }).open()
  },
  skip,
)

let clusterUrl = ''
const ends: (() => unknown)[] = []
before(async () => {
  if (skip === false) clusterUrl = (await ownRedisCluster({ after: (end) => ends.push(end) })).url
})
after(async () => {
  for (const end of ends.toReversed()) await end()
})

describeMeterStore('Redis cluster', async (t) => placeAt(t, clusterUrl).open, { skip })

function changeOf(store: MeterStore, count: number, facts: Record<string, Fact> = {}): Change {
  const amounts = new Amounts()
  for (let i = 0; i < count; i++) amounts.add(1 + (i % 50), T0 + i * 7, 1)
  return {
    origin: '',
    after: store.position,
    position: positionOf(store.position + 1),
    timeMs: 0,
    facts: new Map(Object.entries(facts)),
    amounts: new Map([[SHEET, amounts]]),
    horizons: new Map(),
  }
}

const coded = (code: string, message = /./) => ({ name: 'SpateError', code, message })

test('[M40] the same amounts make the same bytes as in LMDB', { skip }, async (t) => {
  const kv = Kv.open(join(tempFolder(t), 'state'), 8)
  t.after(() => kv[Symbol.asyncDispose]())
  const stores = [new LmdbMeterStore(kv), await placeAt(t, serviceUrl('redis')).open()]
  const digests: string[] = []
  for (const store of stores) {
    const facts = {
      a: { value: Uint8Array.of(1), untilMs: 5 },
      b: { value: Uint8Array.of(2) },
      c: { value: null },
    }
    await store.commit(changeOf(store, 6000, facts))
    const horizons = new Map([[SHEET, [T0 + 7000, T0 + 7000 - ((T0 + 7000) % 60), 0, 0, 0, 0]]])
    await store.commit({ ...changeOf(store, 20), timeMs: 9, horizons })
    digests.push(await store.digest())
  }
  assert.equal(digests[0], digests[1])
})

test('[M40] a commit whose answer was lost can be sent again', { skip }, async (t) => {
  const redis = await ownRedis(t)
  const store = await placeAt(t, redis.url, { timeoutMs: 200 }).open()
  const change = changeOf(store, 100)
  await redis.pause()
  await assert.rejects(store.commit(change), coded('unavailable', /no answer in 200 ms/))
  // A new connection is taken, and says nothing either.
  await untilSaid(() => store.refresh(), /no answer in 200 ms/)
  redis.resume()
  await untilDone(() => store.commit(change))
  await assert.rejects(
    store.commit(changeOf({ ...store, position: positionOf(0) } as MeterStore, 100)),
    coded('conflict'),
  )
  await store.commit(change)
  assert.equal(await store.sum(SHEET, 0, 0, T0 * 2), 100n)
  assert.match(await ask(redis.home.port, 'INFO clients', 'blocked_clients'), /connected_clients:2\r/)
})

test('[M41] Redis that is down is unavailable, and is used again when it is back, with all it had', {
  skip,
}, async (t) => {
  const redis = await ownLastingRedis(t)
  const store = await placeAt(t, redis.url).open()
  await store.commit(changeOf(store, 500))
  await redis.kill()
  for (const ask of [
    () => store.sum(SHEET, 1, 0, T0 * 2),
    () => store.tally(SHEET, 50, 0, T0 * 2),
    () => store.facts(['a']),
    () => store.list('s/', 1),
    () => store.refresh(),
    () => store.commit(changeOf(store, 1)),
  ]) {
    await assert.rejects(ask, coded('unavailable'))
  }
  await redis.start()
  await untilDone(() => store.refresh())
  assert.equal(await store.sum(SHEET, 0, 0, T0 * 2), 500n)
  await store.commit(changeOf(store, 500))
  assert.equal(await store.sum(SHEET, 0, 0, T0 * 2), 1000n)
})

test('[M41] Redis that lost what it held gives no sums until the store looks again', { skip }, async (t) => {
  const redis = await ownRedis(t)
  const place = placeAt(t, redis.url)
  const [store, other] = [await place.open(), await place.open()]
  let losses = 0
  store.onLost(() => (losses += 1))
  await store.commit(changeOf(store, 500))
  await other.refresh()
  await redis.kill()
  await redis.start()
  await untilDone(async () => {
    await assert.rejects(store.sum(SHEET, 1, 0, T0 * 2), coded('unavailable', /lost what it held/))
  })
  await assert.rejects(store.tally(SHEET, 50, 0, T0 * 2), coded('unavailable'))
  await assert.rejects(store.facts(['a']), coded('unavailable'))
  await assert.rejects(store.commit(changeOf(store, 1)), coded('conflict'))
  assert.equal(losses, 3)
  await store.refresh()
  assert.equal(store.position, 0)
  await store.commit(changeOf(store, 20))
  assert.equal(await store.sum(SHEET, 0, 0, T0 * 2), 20n)
  // The other one stood there before it was lost, and there is no telling the two apart but by what is there now.
  assert.equal(await other.sum(SHEET, 0, 0, T0 * 2), 20n)
})

test('[M41] Redis that is killed again and again while meters are written neither loses anything nor has it twice', {
  skip,
}, async (t) => {
  const redis = await ownLastingRedis(t)
  const log = memoryLog()
  const store = await placeAt(t, redis.url).open()
  const meters = await Meters.open(log, store)
  t.after(() => meters[Symbol.asyncDispose]())
  await meters.declare(declaration('points'))
  const write = (): Promise<unknown> =>
    meters.write([{ kind: 'add', meter: 'points', entity: 'a', second: T0, amount: 1 }])
  let refused = 0
  for (let kills = 0; kills < KILLS; kills++) {
    const writing = Promise.allSettled(Array.from({ length: 40 }, write))
    await redis.kill()
    refused += (await writing).filter(({ status }) => status === 'rejected').length
    await redis.start()
    await untilDone(async () => void (await write()))
  }
  assert.ok(refused > 0, 'it was killed in the middle')
  const head = await log.head(METER_STREAM)
  // What was appended counts, whatever its writer was told; the first record declares.
  assert.equal(await meters.questions.sum('points', 'a', { from: 0, to: T0 }), BigInt(head - 1))
  const digest = await store.digest()
  await store.clear()
  await meters[Symbol.asyncDispose]()
  const again = await Meters.open(log, store)
  t.after(() => again[Symbol.asyncDispose]())
  assert.equal(await store.digest(), digest)
})

test('[M6] [M41] what was refused while Redis was killed may count; sent again with its key it counts once', {
  skip,
}, async (t) => {
  const redis = await ownLastingRedis(t)
  const log = memoryLog()
  const meters = await Meters.open(log, await placeAt(t, redis.url).open())
  t.after(() => meters[Symbol.asyncDispose]())
  await meters.declare(declaration('points'))
  let refused = 0
  const written = async (key: string): Promise<void> => {
    const isWritten = await meters
      .write([{ kind: 'add', meter: 'points', entity: 'a', second: T0, amount: 1 }], key)
      .then(
        () => true,
        (error: unknown) => {
          assert.equal(error instanceof SpateError && error.code, 'unavailable')
          return false
        },
      )
    if (isWritten) return
    refused += 1
    await untilDone(() =>
      meters
        .write([{ kind: 'add', meter: 'points', entity: 'a', second: T0, amount: 1 }], key)
        .then(() => undefined),
    )
  }
  const keys = Array.from({ length: 20 * KILLS }, (_, i) => `key-${i}`)
  for (let kills = 0; kills < KILLS; kills++) {
    const writing = Promise.all(keys.slice(kills * 20, kills * 20 + 20).map(written))
    await redis.kill()
    await redis.start()
    await writing
  }
  assert.ok(refused > 0, 'it was killed in the middle')
  assert.ok((await log.head(METER_STREAM)) > keys.length + 1, 'what was refused is in the log')
  assert.equal(await meters.questions.sum('points', 'a', { from: 0, to: T0 }), BigInt(keys.length))
})

test('[M41] what Redis lost is made again from the log once a question finds it gone, though nobody writes', {
  skip,
}, async (t) => {
  const redis = await ownRedis(t)
  const meters = await Meters.open(memoryLog(), await placeAt(t, redis.url).open())
  t.after(() => meters[Symbol.asyncDispose]())
  await meters.declare(declaration('points'))
  for (let i = 0; i < 3; i++) {
    await meters.write([{ kind: 'add', meter: 'points', entity: 'a', second: T0, amount: 1 }])
  }
  await ask(redis.home.port, 'FLUSHALL', '\r\n')
  const again = Promise.withResolvers<void>()
  meters.onChange(() => meters.position === 4 && again.resolve())
  await assert.rejects(meters.questions.sum('points', 'a', { from: 0, to: T0 }), coded('unavailable'))
  await again.promise
  assert.equal(await meters.questions.sum('points', 'a', { from: 0, to: T0 }), 3n)
})

test('[M41] where Redis has no memory left nothing is stored, and it goes on once there is some', {
  skip,
}, async (t) => {
  const redis = await ownRedis(t)
  const store = await placeAt(t, redis.url).open()
  await store.commit(changeOf(store, 500))
  const before = await store.digest()
  await ask(redis.home.port, 'CONFIG SET maxmemory 1mb', '\r\n')
  await assert.rejects(store.commit(changeOf(store, 500)), coded('storage-full'))
  assert.equal(await store.sum(SHEET, 0, 0, T0 * 2), 500n)
  assert.equal(await store.digest(), before)
  await ask(redis.home.port, 'CONFIG SET maxmemory 0', '\r\n')
  await store.commit(changeOf(store, 500))
  assert.equal(await store.sum(SHEET, 0, 0, T0 * 2), 1000n)
})

test('[M41] Redis that drops keys when its memory is full is not used', { skip }, async (t) => {
  const redis = await ownRedis(t, '--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru')
  await assert.rejects(placeAt(t, redis.url).open(), coded('storage-failed', /noeviction/))
})

test('[M41] what something else or a newer release wrote is left alone', { skip }, async (t) => {
  const redis = await ownRedis(t)
  const place = placeAt(t, redis.url, { prefix: 'p' })
  const store = await place.open()
  await store.commit(changeOf(store, 5, { a: { value: Uint8Array.of(1) } }))
  const { port } = redis.home
  await ask(port, 'RENAME {p:meters}:0:facts other', '\r\n')
  await ask(port, 'SET {p:meters}:0:facts 1', '\r\n')
  await assert.rejects(store.facts(['a']), coded('corrupt'))
  const facts = { b: { value: Uint8Array.of(1) } }
  await assert.rejects(store.commit(changeOf(store, 5, facts)), coded('corrupt', /WRONGTYPE/))
  assert.equal(await store.sum(SHEET, 0, 0, T0 * 2), 5n)
  await ask(port, 'RENAME other {p:meters}:0:facts', '\r\n')
  await store.commit(changeOf(store, 5, facts))
  assert.equal(await store.sum(SHEET, 0, 0, T0 * 2), 10n)
  await ask(port, `HSET {p:meters}:meta layout ${LAYOUT + 1}`, '\r\n')
  await assert.rejects(place.open(), coded('newer-version', /upgrade/))
  await assert.rejects(store.sum(SHEET, 0, 0, T0 * 2), coded('newer-version'))
  await assert.rejects(store.commit(changeOf(store, 5)), coded('newer-version'))
  await ask(port, 'HSET {p:meters}:meta layout x', '\r\n')
  await assert.rejects(place.open(), coded('corrupt'))
})

test('[M12] what an older release stored otherwise counts as nothing and goes', { skip }, async (t) => {
  const redis = await ownRedis(t)
  const place = placeAt(t, redis.url, { prefix: 'p' })
  const store = await place.open()
  await store.commit(changeOf(store, 500, { a: { value: Uint8Array.of(1) } }))
  const { port } = redis.home
  await ask(port, 'HSET {p:meters}:meta layout 1', '\r\n')
  const anew = await place.open()
  assert.deepEqual([anew.position, await anew.facts(['a'])], [0, [undefined]])
  assert.match(await ask(port, 'DBSIZE', '\r\n'), /^:1\r/)
  await assert.rejects(store.sum(SHEET, 0, 0, T0 * 2), coded('unavailable'))
  await anew.commit(changeOf(anew, 5))
  assert.equal(await anew.sum(SHEET, 0, 0, T0 * 2), 5n)
})

test('[M12] meters in Redis that were made from another log are not gone on from', { skip }, async (t) => {
  const place = placeAt(t, serviceUrl('redis'))
  const [log, other] = [memoryLog(), memoryLog({ now: () => 1000 })]
  for (const each of [log, other]) {
    await using meters = await Meters.open(
      each,
      await (each === log ? place : placeAt(t, serviceUrl('redis'))).open(),
    )
    await meters.declare(declaration('points'))
  }
  await assert.rejects(
    Meters.open(other, await place.open()),
    coded('corrupt', /another log: give them another prefix/),
  )
  await using again = await Meters.open(log, await place.open())
  assert.equal(again.questions.all().length, 1)
})

test('[M40] deployments whose prefixes differ share a Redis', { skip }, async (t) => {
  const redis = await ownRedis(t)
  const [one, other] = await Promise.all(
    ['?prefix=one', '?prefix=other'].map((search) => placeAt(t, `${redis.url}/0${search}`).open()),
  )
  assert.ok(one !== undefined && other !== undefined)
  await one.commit(changeOf(one, 7))
  await other.refresh()
  assert.deepEqual([one.position, other.position], [1, 0])
  assert.equal(await other.sum(SHEET, 0, 0, T0 * 2), 0n)
  assert.throws(() => openRedisMeters(`${redis.url}?prefix=%7B`), coded('invalid'))
})

test('[M41] no error tells the password', { skip }, async (t) => {
  const redis = await ownRedis(t)
  const { port } = redis.home
  await ask(port, 'CONFIG SET requirepass secret', '\r\n')
  const urls = [
    `redis://:wrong-secret@127.0.0.1:${port}`,
    'redis://:wrong-secret@127.0.0.1:1',
    'http://:wrong-secret@a',
  ]
  for (const [i, url] of urls.entries()) {
    const error = await (async () => placeAt(t, url).open())().then(
      () => undefined,
      (error: unknown) => error,
    )
    assert.ok(error instanceof SpateError)
    assert.equal(error.code, ['storage-failed', 'unavailable', 'invalid'][i])
    assert.doesNotMatch(inspect(error, { depth: 9 }), /wrong-secret/)
  }
  await placeAt(t, `redis://:secret@127.0.0.1:${port}`).open()
})

/** Until an attempt is made that fails in this way; those before it come too early to be made at all. */
async function untilSaid(run: () => Promise<void>, message: RegExp): Promise<void> {
  for (;;) {
    const error = await run().then(
      () => undefined,
      (error: unknown) => error,
    )
    assert.ok(error instanceof SpateError && error.code === 'unavailable')
    if (message.test(error.message)) return
    await setTimeout(error.retryAfterMs ?? 10)
  }
}

/** Until the connection is made again, which is tried ever more seldom. */
async function untilDone(run: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      const isAway = error instanceof SpateError && error.code === 'unavailable'
      if (!isAway) throw error
      await setTimeout(error.retryAfterMs ?? 10)
    }
  }
}
