import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../../test/support/memory-kv.ts'
import { declaration, memoryLog } from '../../test/support/meters.ts'
import { SpateError } from '../base/errors.ts'
import { LmdbMeterStore } from './lmdb.ts'
import { Meters } from './meters.ts'
import { alone, describeSharing, servers } from './sharing/contract.ts'
import type { Write } from './writes.ts'

const T0 = 1_458_061_005
const ALL = { from: 0, to: 2 ** 32 - 2 }

function add(entity: string, amount: number, second = T0): Write {
  return { kind: 'add', meter: 'points', entity, second, amount }
}

function shared(): () => Promise<LmdbMeterStore> {
  const kv = new MemoryStore().asKv()
  return async () => new LmdbMeterStore(kv)
}

describeSharing('LMDB', shared)

test('[M24] what a store has lost is made anew, and nothing is answered from less meanwhile', async (t) => {
  const log = memoryLog()
  const kv = new MemoryStore().asKv()
  const store = new LmdbMeterStore(kv)
  const meters = await Meters.open(log, store)
  t.after(() => meters[Symbol.asyncDispose]())
  await meters.declare(declaration('points'))
  for (let i = 0; i < 5; i++) await meters.write([add('a', 1)])
  await new LmdbMeterStore(kv).clear()
  const answers: Promise<bigint | string>[] = []
  meters.onChange(() => {
    const sum = meters.questions.sum('points', 'a', ALL)
    answers.push(sum.catch((error: SpateError) => error.code))
  })
  await meters.write([add('a', 1)])
  assert.deepEqual(await Promise.all(answers), ['unavailable', 6n])
  assert.equal((await alone(log)).digest, await store.digest())
})

test('[M23] a store that cannot be read for a while stops nothing for good', async (t) => {
  const log = memoryLog()
  const [a] = await servers(t, log, 3, shared)
  await a.meters.declare(declaration('points'))
  await a.meters.write([add('a', 1)])
  a.store.failure = new SpateError('unavailable', 'nobody answers')
  await assert.rejects(a.meters.write([add('new', 1)]), /nobody answers/)
  await assert.rejects(a.meters.questions.sum('points', 'a', ALL), /nobody answers/)
  await assert.rejects(a.meters.write([add('new', 1)]), /nobody answers/)
  a.store.failure = undefined
  const moved = new Promise<void>((resolve) => a.meters.onChange(resolve))
  await moved
  assert.equal(a.meters.stopped, undefined)
  await a.meters.write([add('new', 2)])
  assert.equal(await a.meters.questions.sum('points', 'new', ALL), 3n)
  assert.equal((await alone(log)).digest, await a.store.digest())
})
