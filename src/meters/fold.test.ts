import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../../test/support/memory-kv.ts'
import { declaration } from '../../test/support/meters.ts'
import { type LogRecord, positionOf } from '../log/port.ts'
import { MeterFold } from './fold.ts'
import { LmdbMeterStore } from './lmdb.ts'
import { Questions } from './questions.ts'
import { encodeMeterRecord, MeterRecordType } from './records.ts'
import type { Outcome } from './verdicts.ts'
import { columnsOfWrites } from './writes.ts'

const T0 = 1_458_061_005
const ALL = { from: 0, to: 2 ** 32 - 2 }

function placed(entity: string, amount: number, second = T0) {
  return columnsOfWrites([{ kind: 'add', meter: 'placements', entity, second, amount }], '')
}

test('[M12] what another stream feeds is stored with its position and with what the feeder keeps', async () => {
  const kv = new MemoryStore().asKv()
  const store = new LmdbMeterStore(kv)
  const fold = await MeterFold.open(store)
  fold.declare(declaration('placements'))
  assert.equal(await fold.apply(positionOf(7), T0 * 1000, placed('1', 2)), null)
  fold.set('cells/1', Uint8Array.of(1, 2))
  fold.set('cells/2', Uint8Array.of(3))
  const opened = (): Promise<MeterFold> => MeterFold.open(new LmdbMeterStore(kv))
  assert.equal(await (await opened()).fact('cells/1'), undefined)
  assert.deepEqual([...((await fold.fact('cells/1')) ?? [])], [1, 2])
  await store.commit(fold.take())

  fold.set('cells/1', null)
  assert.deepEqual(
    (await fold.facts(['cells/2', 'cells/1', 'cells/3'])).map((bytes) => bytes && [...bytes]),
    [[3], undefined, undefined],
  )
  fold.advance(positionOf(9), 0)
  await store.commit(fold.take())
  const again = await opened()
  assert.deepEqual([again.position, again.timeMs], [9, T0 * 1000])
  assert.equal(await again.fact('cells/1'), undefined)
  assert.equal(await new Questions(again, store).sum('placements', '1', ALL), 2n)
})

test('[M4] what another stream feeds is written whole or refused whole', async () => {
  const store = new LmdbMeterStore(new MemoryStore().asKv())
  const fold = await MeterFold.open(store)
  assert.deepEqual(await fold.apply(positionOf(1), 0, placed('1', 1)), { reason: 'unknown-meter', write: 0 })
  fold.declare(declaration('placements', { lateSeconds: 10 }))
  assert.deepEqual(await fold.apply(positionOf(2), T0 * 1000, placed('1', 1, 5)), {
    reason: 'too-late',
    write: 0,
  })
  assert.equal(await fold.apply(positionOf(3), T0 * 1000, placed('2', 1)), null)
  await store.commit(fold.take())
  assert.deepEqual(await new Questions(fold, store).top('placements', ALL, 5), [
    { entity: '2', rank: 1, sum: 1n, lastSecond: T0 },
  ])
})

test('[M6] keys that are read ahead are judged as those that are not', async () => {
  const kv = new MemoryStore().asKv()
  const records = ['a', 'b', 'a', '', 'b', 'c', 'a'].map((key, i): LogRecord => {
    const amount = key === 'b' ? i : 1
    const body = columnsOfWrites([{ kind: 'add', meter: 'placements', entity: key, second: T0, amount }], key)
    const bytes = encodeMeterRecord({ type: MeterRecordType.written, body })
    return { position: positionOf(i + 1), timeMs: T0 * 1000, type: MeterRecordType.written, body: bytes }
  })
  const outcomes = async (isAhead: boolean) => {
    const store = new LmdbMeterStore(kv, isAhead ? 'ahead' : 'one-by-one')
    const fold = await MeterFold.open(store)
    fold.declare(declaration('placements'))
    let reads = 0
    const read = store.facts.bind(store)
    store.facts = (keys) => {
      reads += keys.filter((key) => key.startsWith('k/')).length > 0 ? 1 : 0
      return read(keys)
    }
    const found: Outcome[] = []
    for (const half of [records.slice(0, 3), records.slice(3)]) {
      if (isAhead) await fold.prefetch(half)
      for (const record of half) found.push(await fold.fold(record))
      await store.commit(fold.take())
    }
    return { found, reads, digest: await store.digest() }
  }
  const [ahead, oneByOne] = [await outcomes(true), await outcomes(false)]
  assert.deepEqual(ahead.found, oneByOne.found)
  assert.equal(ahead.digest, oneByOne.digest)
  assert.deepEqual(
    ahead.found.map(({ position, refusal }) => refusal?.reason ?? position),
    [1, 2, 1, 4, 'key-conflict', 6, 1],
  )
  assert.deepEqual([ahead.reads, oneByOne.reads], [2, 5])
})
