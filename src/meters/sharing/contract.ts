import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { memoryKv } from '../../../test/support/memory-kv.ts'
import { declaration, memoryLog } from '../../../test/support/meters.ts'
import { RemoteStore } from '../../../test/support/shared-meters.ts'
import { SpateError } from '../../base/errors.ts'
import { Random } from '../../base/random.ts'
import type { MemoryLog } from '../../log/memory.ts'
import { type LogRecord, type Position, START } from '../../log/port.ts'
import { MeterFold } from '../fold.ts'
import { LmdbMeterStore } from '../lmdb.ts'
import { METER_STREAM, Meters } from '../meters.ts'
import type { MeterStore } from '../port.ts'
import { encodeMeterRecord, MeterRecordType } from '../records.ts'
import { errorOf } from '../verdicts.ts'
import { columnsOfWrites, type Write } from '../writes.ts'

const T0 = 1_458_061_005
const ALL = { from: 0, to: 2 ** 32 - 2 }
const MOST_TRIES = 100
const SEEDS = process.env.SPATE_TEST_LONG === '1' ? 40 : 3

function add(entity: string, amount: number, second = T0): Write {
  return { kind: 'add', meter: 'points', entity, second, amount }
}

/** Opens the one store that the servers of a test share: empty at first, each time by a connection of its own. */
export type ShareStore = (t: TestContext) => () => Promise<MeterStore>

/** Two servers over one log and one store. */
export async function servers(t: TestContext, log: MemoryLog, seed: number, share: ShareStore) {
  const open = share(t)
  const opened = async (i: number) => {
    const store = new RemoteStore(await open(), new Random(seed * 100 + i))
    const meters = await Meters.open(log, store)
    t.after(() => meters[Symbol.asyncDispose]())
    return { meters, store }
  }
  return Promise.all([opened(0), opened(1)])
}

/** Who notices that the store was lost is told to come again. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof SpateError && error.retryable) || tries > MOST_TRIES) throw error
      await setTimeout(100)
    }
  }
}

function recordsOf(log: MemoryLog): Promise<LogRecord[]> {
  return log.read(METER_STREAM, START, { records: 1e6, bytes: 1e9 })
}

function bodyOf(writes: readonly Write[], key: string): string {
  return hexOf(encodeMeterRecord({ type: MeterRecordType.written, body: columnsOfWrites(writes, key) }))
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** What one server that folds the log alone says of each record, and the bytes that it stores. */
export async function alone(log: MemoryLog) {
  const store = new LmdbMeterStore(memoryKv())
  const fold = await MeterFold.open(store)
  const answers = new Map<Position, string>()
  for (const record of await recordsOf(log)) {
    const { position, refusal } = await fold.fold(record)
    answers.set(record.position, refusal === null ? `${position}` : errorOf(refusal).message)
  }
  await store.commit(fold.take())
  return { answers, digest: await store.digest() }
}

function anyWrites(random: Random, i: number): Write[] {
  return Array.from({ length: random.between(1, 4) }, (_, at): Write => {
    const meter = random.pick(['points', 'points', 'points', 'nothing'])
    const target = { meter: random.chance(0.9) ? 'points' : meter, entity: `e${random.below(12)}` }
    const dimensions = [random.pick(['run', 'walk']), `i${random.below(3)}`]
    // A second of its own for each, so that each record is told from the others.
    const second = T0 + i * 10 + at
    const amount = random.between(1, 100)
    if (random.chance(0.3)) {
      return { kind: 'total', ...target, dimensions, from: second - random.below(900), to: second, amount }
    }
    if (random.chance(0.05)) return { kind: 'add', ...target, second, amount }
    return { kind: 'add', ...target, dimensions, second, amount }
  })
}

/** Several servers over one store. */
export function describeSharing(name: string, share: ShareStore, skip: string | false = false): void {
  test(`[M24] ${name}: servers that share a store count everything once and answer everybody as one alone would`, {
    skip,
  }, async (t) => {
    let conflicts = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new Random(seed)
      const log = memoryLog()
      const all = await servers(t, log, seed, share)
      await all[0].meters.declare(
        declaration('points', { dimensions: ['activity', 'instance'], totalsOver: 1 }),
      )
      const answered = new Map<string, string[]>()
      const write = async (writes: readonly Write[], key: string): Promise<void> => {
        const { meters } = random.pick(all)
        const answer = await meters.write(writes, key).then(String, (error: Error) => error.message)
        const body = bodyOf(writes, key)
        answered.set(body, [...(answered.get(body) ?? []), answer])
      }
      const writer = async (own: number): Promise<void> => {
        const sent: (readonly [Write[], string])[] = []
        for (let i = 0; i < 25; i++) {
          const key = random.chance(0.4) ? `k${own}/${random.below(9)}` : ''
          const next: readonly [Write[], string] = [anyWrites(random, own * 100 + i), key]
          const [writes, used] = random.chance(0.15) ? random.pick([next, ...sent]) : next
          sent.push([writes, used])
          await write(writes, used)
        }
      }
      await Promise.all(Array.from({ length: 12 }, (_, own) => writer(own)))

      const expected = await alone(log)
      const given = new Map<string, string[]>()
      for (const { position, body } of await recordsOf(log)) {
        const bytes = hexOf(body)
        given.set(bytes, [...(given.get(bytes) ?? []), expected.answers.get(position) ?? ''])
      }
      assert.equal([...answered.values()].flat().length, 12 * 25)
      for (const [body, answers] of answered) assert.deepEqual(answers.sort(), given.get(body)?.sort())
      for (const { store } of all) {
        await store.refresh()
        assert.equal(await store.digest(), expected.digest)
        conflicts += store.conflicts
      }
    }
    assert.ok(conflicts > SEEDS, `${conflicts} conflicts`)
  })

  test(`[M24] ${name}: who writes through a server that another one overtakes is answered from the store`, {
    skip,
  }, async (t) => {
    const log = memoryLog()
    const [a, b] = await servers(t, log, 1, share)
    await a.meters.declare(declaration('points'))
    const wrong = { ...add('a', 1), meter: 'nothing' }
    for (let i = 0; i < 20; i++) {
      const answers = await Promise.allSettled([
        a.meters.write([add('a', 1)], `a${i}`),
        b.meters.write([add('b', 1)], `b${i}`),
        a.meters.write([wrong]),
        b.meters.write([wrong]),
      ])
      assert.deepEqual(
        answers.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'rejected', 'rejected'],
      )
    }
    for (const { meters } of [a, b]) assert.equal(await meters.questions.sum('points', undefined, ALL), 40n)
  })

  test(`[M24] ${name}: of two servers that find their store lost both make it anew`, { skip }, async (t) => {
    const log = memoryLog()
    const [a, b] = await servers(t, log, 2, share)
    await a.meters.declare(declaration('points'))
    for (let i = 0; i < 5; i++) await a.meters.write([add('a', 1)])
    await b.store.clear()
    await patiently(() => a.meters.write([add('a', 1)], 'by a'))
    assert.equal(await patiently(() => a.meters.questions.sum('points', 'a', ALL)), 6n)
    await patiently(() => b.meters.write([add('a', 1)], 'by b'))
    assert.equal(await patiently(() => b.meters.questions.sum('points', 'a', ALL)), 7n)
    await a.store.refresh()
    assert.equal((await alone(log)).digest, await a.store.digest())
  })
}
