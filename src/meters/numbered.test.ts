import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryKv } from '../../test/support/memory-kv.ts'
import { MeterModel } from '../../test/support/meter-model.ts'
import { declaration } from '../../test/support/meters.ts'
import { Random } from '../base/random.ts'
import { positionOf } from '../log/port.ts'
import { MeterFold } from './fold.ts'
import { LmdbMeterStore } from './lmdb.ts'
import { Questions } from './questions.ts'
import { columnsOfWrites, type Write } from './writes.ts'

const T0 = 1_458_061_005
const ALL = { from: 0, to: 2 ** 32 - 2 }
const NUMBERS = ['0', '1', '15', '16', '4095', '70000', '1000000']
const COLORS = ['0', '7', '254', '255']
const METER = { ...declaration('placements', { dimensions: ['color'] }), isNumbered: true as const }

function someWrites(random: Random): Write[] {
  return Array.from({ length: random.between(1, 40) }, () => ({
    kind: 'add',
    meter: 'placements',
    entity: random.pick(NUMBERS as [string, ...string[]]),
    dimensions: [random.pick(COLORS as [string, ...string[]])],
    second: T0 + random.below(5000),
    amount: random.between(-3, 9),
  }))
}

test('[M33] numbers, however far apart, are rows themselves: every answer is as by name', async () => {
  const kv = memoryKv()
  const random = new Random(11)
  const model = new MeterModel({}, true)
  let fold = await MeterFold.open(new LmdbMeterStore(kv))
  fold.declare(METER)
  for (let round = 1; round <= 40; round++) {
    const writes = someWrites(random)
    for (const write of writes) model.write(write)
    assert.equal(await fold.apply(positionOf(round), T0 * 1000, columnsOfWrites(writes, '')), null)
    if (random.chance(0.5)) continue
    const store = new LmdbMeterStore(kv)
    await store.commit(fold.take())
    fold = await MeterFold.open(store)
  }
  const store = new LmdbMeterStore(kv)
  await store.commit(fold.take())
  const questions = new Questions(await MeterFold.open(store), store)
  assert.deepEqual(
    await questions.top('placements', ALL, 99),
    model.places(ALL, () => true),
  )
  for (const color of COLORS) {
    const isOf = (event: { dimensions: readonly string[] }): boolean => event.dimensions[0] === color
    assert.deepEqual(await questions.top('placements', ALL, 99, { color }), model.places(ALL, isOf))
  }
  for (const entity of NUMBERS) {
    const isOf = (event: { entity: string }): boolean => event.entity === entity
    assert.equal(await questions.sum('placements', entity, ALL), model.sum(ALL, isOf))
    const byColor = await questions.breakdown('placements', entity, ALL, 'color')
    assert.deepEqual(new Map(byColor.map(({ value, sum }) => [value, sum])), model.breakdown(ALL, 0, isOf))
  }
  assert.equal(await questions.sum('placements', '2', ALL), 0n)
  assert.equal(await questions.sum('placements', 'nobody', ALL), 0n)
})

test('[M33] what is no number, or too high, is refused and leaves nothing', async () => {
  const store = new LmdbMeterStore(memoryKv())
  const fold = await MeterFold.open(store)
  fold.declare(METER)
  const write = (entity: string, color: string) => {
    const target = { kind: 'count', meter: 'placements', entity, dimensions: [color], second: T0 } as const
    return fold.apply(
      positionOf(1),
      0,
      columnsOfWrites([{ ...target, entity: '3', dimensions: ['1'] }, target], ''),
    )
  }
  for (const [entity, color] of [
    ['anna', '1'],
    ['-1', '1'],
    ['16777215', '1'],
    ['01', '1'],
    ['1', '256'],
  ] as const) {
    assert.deepEqual(await write(entity, color), { reason: 'too-many-rows', write: 1 })
  }
  assert.equal(fold.waiting, 0)
  assert.equal(await write('16777214', '255'), null)
  await store.commit(fold.take())
  assert.equal(await store.sum(2, 16_777_215, 0, T0 + 1), 1n)
  assert.deepEqual(await new Questions(fold, store).breakdown('placements', '3', ALL, 'color'), [
    { value: '1', sum: 1n },
  ])
})
