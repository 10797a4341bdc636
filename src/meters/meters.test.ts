import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { coded } from '../../test/support/coded.ts'
import { MemoryStore } from '../../test/support/memory-kv.ts'
import { clockAt, declaration, memoryLog, openMeters } from '../../test/support/meters.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { SpateError } from '../base/errors.ts'
import { Random } from '../base/random.ts'
import { positionOf } from '../log/port.ts'
import { Kv } from '../store/kv.ts'
import { LmdbMeterStore } from './lmdb.ts'
import { METER_STREAM, Meters } from './meters.ts'
import { LAYOUT } from './port.ts'
import { encodeMeterRecord, MeterRecordType } from './records.ts'
import { columnsOfWrites, type Write } from './writes.ts'

const T0 = 1_458_061_005
const ALL = { from: 0, to: 2 ** 32 - 2 }
const add = (entity: string, amount: number | bigint, second = T0): Write => ({
  kind: 'add',
  meter: 'points',
  entity,
  second,
  amount,
})
const total = (amount: number, from: number, to: number): Write => ({
  kind: 'total',
  meter: 'points',
  entity: 'a',
  from,
  to,
  amount,
})

test('[M1] a meter is declared once, with dimensions that stay', async (t) => {
  const { meters } = await openMeters(t)
  await assert.rejects(meters.write([add('a', 1)]), coded('not-found'))
  await meters.declare(declaration('points', { dimensions: ['activity'] }))
  await assert.rejects(meters.declare(declaration('points')), coded('conflict'))
  await meters.declare(declaration('points', { dimensions: ['activity'], lateSeconds: 5, totalsOver: 1 }))
  const others = declaration('points', { dimensions: ['activity'], totalsOver: 0 })
  await assert.rejects(meters.declare(others), coded('conflict', /totals/))
  await assert.rejects(meters.write([add('a', 1)]), coded('invalid', /dimension/))
  for (const wrong of [
    { name: 'Points' },
    { name: '' },
    { dimensions: ['a', 'b', 'c', 'd', 'e'] },
    { dimensions: ['a', 'a'] },
    { dimensions: ['a'], totalsOver: 2 },
    { totalsOver: -1 },
    { isNumbered: true as const },
    { dimensions: ['a'], totalsOver: 0.5 },
    { retention: [1] },
    { lateSeconds: -1 },
    { futureSeconds: 0.5 },
  ]) {
    await assert.rejects(meters.declare({ ...declaration('other'), ...wrong }), coded('invalid'))
  }
})

test('[M3] amounts are added up exactly to 2^63, and what could go beyond is refused', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('points'))
  const most = 2n ** 63n - 1n
  await meters.write([add('a', most - 10n)])
  await meters.write([{ kind: 'count', meter: 'points', entity: 'b', second: T0 }])
  await meters.write([{ kind: 'count', meter: 'points', entity: 'b', second: T0, amount: 4 }])
  assert.equal(await meters.questions.sum('points', 'a', ALL), most - 10n)
  assert.equal(await meters.questions.sum('points', undefined, ALL), most - 5n)
  await assert.rejects(meters.write([add('c', 3), add('c', -3)]), coded('too-large', /write 1/))
  await assert.rejects(meters.write([total(0, T0, T0)]), coded('too-large'))
  assert.equal(await meters.questions.sum('points', 'a', ALL), most - 10n)
  await meters.write([add('c', 5)])
  assert.equal(await meters.questions.sum('points', undefined, ALL), most)
})

test('[M27] who tells nonsense is refused alone', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('points'))
  const random = new Random(4)
  const anyTotal = (): Write => {
    const from = T0 + random.below(1000)
    return total(random.below(2 ** 50), from, from + random.below(200))
  }
  let taken = 0
  let write = anyTotal()
  let refusal: unknown
  for (; refusal === undefined && taken < 1000; taken++) {
    write = anyTotal()
    refusal = await meters.write([write]).then(
      () => undefined,
      (error: unknown) => error,
    )
  }
  assert.ok(refusal instanceof SpateError)
  assert.deepEqual([refusal.code, /contradict/.test(refusal.message), taken > 32], ['too-large', true, true])
  const sum = await meters.questions.sum('points', undefined, ALL)
  await assert.rejects(meters.write([add('b', 1), write]), coded('too-large', /write 1: .*contradict/))
  assert.equal(await meters.questions.sum('points', undefined, ALL), sum)
  await meters.write([add('a', 5), { ...total(7, T0, T0 + 9), entity: 'b' }, add('b', 2 ** 53 - 1)])
  assert.equal(await meters.questions.sum('points', 'b', ALL), 2n ** 53n + 6n)
})

test('[M4] a batch is written whole or not at all', async (t) => {
  const { meters, store } = await openMeters(t)
  await meters.declare(declaration('points'))
  await meters.write([add('a', 1)])
  const wrong = { ...add('x', 1), meter: 'nothing' }
  await assert.rejects(meters.write([add('new', 7), total(9, T0, T0), wrong]), coded('not-found', /write 2/))
  const most = 2n ** 63n - 1n
  await assert.rejects(meters.write([add('new', 7), total(9, T0, T0), add('b', most)]), coded('too-large'))
  assert.equal(await meters.questions.sum('points', undefined, ALL), 1n)
  assert.deepEqual(await store.facts(['e/1/new', 't/1/1/']), [undefined, undefined])
  await meters.write([add('b', 7), total(9, T0, T0), add('b', 1)])
  assert.deepEqual(await meters.questions.top('points', ALL, 9), [
    { entity: 'a', rank: 1, sum: 9n, lastSecond: T0 },
    { entity: 'b', rank: 2, sum: 8n, lastSecond: T0 },
  ])
})

test('[M5] what lies too far back or ahead, by the stream’s time, is refused', async (t) => {
  const clock = clockAt(T0)
  const { meters } = await openMeters(t, memoryLog(clock))
  await meters.declare(declaration('points', { lateSeconds: 100, futureSeconds: 10 }))
  await meters.write([add('a', 1, T0 - 100), add('a', 1, T0 + 10), total(2, T0 - 100, T0 + 10)])
  await assert.rejects(meters.write([add('a', 1, T0 - 101)]), coded('invalid', /back/))
  await assert.rejects(meters.write([add('a', 1, T0 + 11)]), coded('invalid', /ahead/))
  await assert.rejects(meters.write([total(2, T0 - 101, T0)]), coded('invalid', /back/))
  await clock.advance(1000)
  await assert.rejects(meters.write([add('a', 1, T0 - 100)]), coded('invalid', /back/))
  assert.equal(await meters.questions.sum('points', 'a', ALL), 2n)
})

test('[M6] a key that comes again is answered as the first time; with other writes it is a conflict', async (t) => {
  const clock = clockAt(T0)
  const { meters } = await openMeters(t, memoryLog(clock))
  await meters.declare(declaration('points'))
  const position = await meters.write([add('a', 5)], 'k1')
  assert.equal(await meters.write([add('a', 5)], 'k1'), position)
  const again = await Promise.all([1, 2, 3].map(() => meters.write([add('a', 5)], 'k1')))
  assert.deepEqual(again, [position, position, position])
  await assert.rejects(meters.write([add('a', 6)], 'k1'), coded('conflict'))
  assert.equal(await meters.questions.sum('points', 'a', ALL), 5n)
  const unknown = { ...add('a', 1), meter: 'later' }
  await assert.rejects(meters.write([unknown], 'k2'), coded('not-found'))
  await meters.declare(declaration('later'))
  await assert.rejects(meters.write([unknown], 'k2'), coded('not-found'))
  await meters.write([unknown], 'k3')
  await clock.advance(24 * 3600 * 1000)
  assert.equal(await meters.write([add('a', 5)], 'k1'), position)
  await clock.advance(1)
  assert.notEqual(await meters.write([add('a', 5)], 'k1'), position)
  assert.equal(await meters.questions.sum('points', 'a', ALL), 10n)
})

test('[M9] totals that are sent at once count once', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('points', { dimensions: ['run'] }))
  const run = (each: Write, value: string): Write => ({ ...each, dimensions: [value] })
  const writes = [total(150, 0, 200), total(100, 0, 100), total(100, 0, 100), total(30, 150, 200)]
  await Promise.all(
    writes.flatMap((each) => [
      meters.write([run(each, '1')]),
      meters.write([run(each, '2'), run(each, '1')]),
    ]),
  )
  for (const filter of [{ run: '1' }, { run: '2' }]) {
    const sum = (from: number, to: number) => meters.questions.sum('points', 'a', { from, to }, filter)
    assert.deepEqual(await Promise.all([sum(0, 200), sum(0, 100), sum(150, 200)]), [150n, 100n, 30n])
  }
  assert.equal(await meters.questions.sum('points', 'a', ALL), 300n)
})

test('[M12] whenever it ends and is opened again, nothing counts twice and nothing is missing', async (t) => {
  const log = memoryLog(clockAt(T0))
  const folder = tempFolder(t)
  const random = new Random(4)
  let expected = 0n
  const digests: string[] = []
  for (let round = 0; round < 6; round++) {
    const kv = Kv.open(join(folder, 'state'), 8)
    const meters = await Meters.open(log, new LmdbMeterStore(kv))
    if (round === 0)
      await meters.declare(declaration('points', { retention: [60, 3600, null, null, null, null] }))
    const writes: Promise<unknown>[] = []
    for (let i = 0; i < 40; i++) {
      const amount = random.between(1, 9)
      expected += BigInt(amount)
      const second = T0 - random.pick([0, 30, 600, 90_000])
      writes.push(meters.write([add(`e${random.below(9)}`, amount, second)], `k${round}/${i}`))
    }
    // Some rounds end with folding under way.
    if (round % 2 === 0) await Promise.all(writes)
    await meters[Symbol.asyncDispose]()
    await Promise.allSettled(writes)
    await kv[Symbol.asyncDispose]()
  }
  for (const path of [join(folder, 'state'), join(folder, 'anew')]) {
    const kv = Kv.open(path, 8)
    const store = new LmdbMeterStore(kv)
    const meters = await Meters.open(log, store)
    const years = { from: Date.UTC(2016, 0) / 1000, to: Date.UTC(2017, 0) / 1000 - 1 }
    assert.equal(await meters.questions.sum('points', undefined, years), expected)
    digests.push(await store.digest())
    await meters[Symbol.asyncDispose]()
    await kv[Symbol.asyncDispose]()
  }
  assert.equal(digests[0], digests[1])
})

test('[M12] a store that is ahead of its log is not gone on from', async (t) => {
  const { meters, store } = await openMeters(t)
  await meters.declare(declaration('points'))
  await assert.rejects(Meters.open(memoryLog(), store), coded('corrupt'))
})

test('[M12] a store that was made from another log is not gone on from, however long that log is', async (t) => {
  const { meters, store, log } = await openMeters(t)
  const other = memoryLog(clockAt(T0))
  await using others = await Meters.open(other, new LmdbMeterStore(new MemoryStore().asKv()))
  for (const each of [meters, others]) {
    await each.declare(declaration('points'))
    await each.write([add('a', 1)])
  }
  await assert.rejects(Meters.open(other, store), coded('corrupt', /another log: give them another prefix/))
  await using again = await Meters.open(log, store)
  assert.equal(await again.questions.sum('points', 'a', ALL), 1n)
})

test('[M12] what an older release stored otherwise is made anew from the log, and goes', async (t) => {
  const log = memoryLog()
  const { meters } = await openMeters(t, log)
  await meters.declare(declaration('points'))
  await meters.write([add('a', 1)])
  const kv = new MemoryStore().asKv()
  const older = new LmdbMeterStore(kv)
  const facts = new Map([['n/1/1', { value: Uint8Array.of(97) }]])
  const change = { origin: '', after: older.position, position: positionOf(2), timeMs: 5, facts }
  await older.commit({ ...change, amounts: new Map(), horizons: new Map() })
  await kv.commit('visible', (changes) => {
    changes.put(kv.table('meter-meta'), 1, Buffer.from(JSON.stringify({ position: 2, timeMs: 5 })))
  })
  const store = new LmdbMeterStore(kv)
  assert.equal(store.position, 0)
  await using again = await Meters.open(log, store)
  assert.equal(await again.questions.sum('points', 'a', ALL), 1n)
  await again.write([add('a', 1)])
  assert.deepEqual([...kv.table('meter-facts').keys({ start: [1], end: [2] })], [])
  await kv.commit('visible', (changes) => {
    changes.put(kv.table('meter-meta'), 2, Buffer.from(JSON.stringify({ layout: LAYOUT + 1 })))
  })
  assert.throws(() => new LmdbMeterStore(kv), coded('newer-version'))
})

test('[M23] a write is seen by every question as soon as it is answered', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('points'))
  for (let i = 1; i <= 20; i++) {
    const answers = await Promise.all([meters.write([add('a', 1)]), meters.write([add('b', 1)])])
    assert.ok(answers.every((position) => position <= meters.position))
    assert.equal(await meters.questions.sum('points', undefined, ALL), BigInt(2 * i))
  }
})

test('[M23] who listens is told of each commit, with what it brought to be seen', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('points'))
  const heard: Promise<bigint>[] = []
  const stop = meters.onChange(() => heard.push(meters.questions.sum('points', 'a', ALL)))
  await meters.write([add('a', 1)])
  await meters.write([add('a', 1)])
  stop()
  await meters.write([add('a', 1)])
  assert.deepEqual(await Promise.all(heard), [1n, 2n])
})

test('[M23] while the store has no room writes are told why, and nothing is lost', async (t) => {
  const log = memoryLog()
  const state = new MemoryStore()
  const meters = await Meters.open(log, new LmdbMeterStore(state.asKv()))
  t.after(() => meters[Symbol.asyncDispose]())
  await meters.declare(declaration('points'))
  state.failure = new SpateError('storage-full', 'full')
  await assert.rejects(meters.write([add('a', 1)]), coded('storage-full'))
  await assert.rejects(meters.write([add('a', 2)]), coded('storage-full'))
  assert.equal(await meters.questions.sum('points', 'a', ALL), 0n)
  state.failure = undefined
  const other = await Meters.open(log, new LmdbMeterStore(new MemoryStore().asKv()))
  t.after(() => other[Symbol.asyncDispose]())
  await other.write([add('a', 4)])
  assert.equal(await other.questions.sum('points', 'a', ALL), 5n)
})

test('[M23] a record that cannot be read stops the fold, and what is known can be asked for', async (t) => {
  const { meters, log } = await openMeters(t)
  await meters.declare(declaration('points'))
  await meters.write([add('a', 1)])
  await log.append(METER_STREAM, [{ type: 9, body: Uint8Array.of(1) }])
  await assert.rejects(meters.write([add('a', 2)]), coded('newer-version', /upgrade/))
  assert.equal(meters.stopped?.code, 'newer-version')
  assert.equal(await meters.questions.sum('points', 'a', ALL), 1n)
})

test('[M23] what lies before a record that cannot be read counts', async (t) => {
  const { meters, log } = await openMeters(t)
  await meters.declare(declaration('points'))
  const body = encodeMeterRecord({
    type: MeterRecordType.written,
    body: columnsOfWrites([add('a', 5)], ''),
  })
  const changed = new Promise<void>((resolve) => meters.onChange(resolve))
  await log.append(METER_STREAM, [
    { type: MeterRecordType.written, body },
    { type: MeterRecordType.written, body: Uint8Array.of(1, 9) },
    { type: MeterRecordType.written, body },
  ])
  await changed
  assert.equal(await meters.questions.sum('points', 'a', ALL), 5n)
  assert.equal(meters.position, 2)
  await assert.rejects(meters.write([add('a', 2)]), coded('corrupt'))
  assert.equal(await meters.questions.sum('points', 'a', ALL), 5n)
})

test('[M3] an entity may be called anything', async (t) => {
  const { meters } = await openMeters(t)
  await meters.declare(declaration('points', { dimensions: ['with'] }))
  const names = [
    '',
    ' ',
    '/',
    '1/2',
    '\0',
    '\0\0',
    'a\0',
    '\u0001',
    '\uffff',
    'Ä',
    'A\u0308',
    '😀',
    '€'.repeat(128),
  ]
  const writes = names.map((name, i): Write => ({ ...add(name, i + 1), dimensions: [name] }))
  await meters.write(writes)
  await meters.write(writes)
  for (const [i, name] of names.entries()) {
    assert.equal(
      await meters.questions.sum('points', name, ALL, { with: name }),
      BigInt(2 * i + 2),
      JSON.stringify(name),
    )
  }
  const top = await meters.questions.top('points', ALL, 20)
  assert.deepEqual(
    top.map(({ entity }) => entity),
    names.toReversed(),
  )
})
