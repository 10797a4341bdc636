import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../test/support/tmp.ts'
import { positionOf } from '../log/port.ts'
import { Kv } from '../store/kv.ts'
import { Amounts } from './amounts.ts'
import { describeMeterStore } from './contract.ts'
import { LmdbMeterStore } from './lmdb.ts'
import { entitiesOf } from './port.ts'

describeMeterStore('LMDB', async (t) => {
  const kv = Kv.open(join(tempFolder(t), 'state'), 8)
  t.after(() => kv[Symbol.asyncDispose]())
  return async (space) => new LmdbMeterStore(kv, space)
})

test('[M21] all rows are added up in turns with others, as of one commit', async (t) => {
  const kv = Kv.open(join(tempFolder(t), 'state'), 8)
  t.after(() => kv[Symbol.asyncDispose]())
  const store = new LmdbMeterStore(kv)
  const sheet = entitiesOf(1)
  const rows = 400_000
  const commit = (those: Iterable<number>): Promise<void> => {
    const amounts = new Amounts()
    for (const row of those) amounts.add(row, 1000, 1)
    const { position } = store
    return store.commit({
      origin: '',
      after: position,
      position: positionOf(position + 1),
      timeMs: 0,
      facts: new Map(),
      amounts: new Map([[sheet, amounts]]),
      horizons: new Map(),
    })
  }
  await commit(Array.from({ length: rows }, (_, i) => i + 1))
  let turns = 0
  let isCounting = true
  const count = (): void => {
    turns += 1
    if (isCounting) setImmediate(count)
  }
  setImmediate(count)
  await store.tally(sheet, rows, 1000, 1001)
  isCounting = false
  assert.ok(turns >= 2, `${turns} turns`)
  let committing = true
  const commits = (async () => {
    for (let i = 0; i < 20; i++) await commit([1, rows])
    committing = false
  })()
  let tallies = 0
  while (committing) {
    const { sums } = await store.tally(sheet, rows, 1000, 1001)
    assert.equal(sums[1], sums[rows])
    assert.equal(sums[rows / 2], 1)
    tallies += 1
  }
  await commits
  assert.ok(tallies > 1)
  assert.equal((await store.tally(sheet, rows, 1000, 1001)).sums[1], 21)
})
