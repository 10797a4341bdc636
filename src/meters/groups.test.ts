import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryStore } from '../../test/support/memory-kv.ts'
import { MeterModel } from '../../test/support/meter-model.ts'
import { declaration } from '../../test/support/meters.ts'
import { type Position, positionOf } from '../log/port.ts'
import { MeterFold } from './fold.ts'
import { LmdbMeterStore } from './lmdb.ts'
import { Questions } from './questions.ts'
import { MAX_GROUP } from './rows.ts'
import { MAX_IN_FORCE } from './totals.ts'
import { columnsOfWrites, type Write } from './writes.ts'

const DIMENSIONS = ['instance', 'activity'] as const
const INSTANCES = ['i1', 'i2'] as const
const ACTIVITIES = ['run', 'walk', 'ride'] as const
const ENTITIES = ['a', 'b'] as const

interface Group {
  readonly entity: string
  readonly instance: string
}

/** One meter whose totals are about the instance, whatever the activity, over a store that is committed to now and then. */
class Grouped {
  readonly #store = new LmdbMeterStore(new MemoryStore().asKv())
  readonly model = new MeterModel({ points: 1 })
  #fold: MeterFold | undefined
  #position = 0

  async write(writes: readonly Write[], isCommitted = false) {
    this.#fold ??= await this.#opened()
    const refusal = await this.#fold.apply(this.#next(), 0, columnsOfWrites(writes, ''))
    if (refusal === null) for (const write of writes) this.model.write(write)
    if (isCommitted) await this.#store.commit(this.#fold.take())
    return refusal
  }

  async #opened(): Promise<MeterFold> {
    const fold = await MeterFold.open(this.#store)
    fold.declare(declaration('points', { dimensions: DIMENSIONS, totalsOver: 1 }))
    return fold
  }

  #next(): Position {
    this.#position += 1
    return positionOf(this.#position)
  }

  async sum({ entity, instance }: Group, from: number, to: number): Promise<bigint> {
    this.#fold ??= await this.#opened()
    await this.#store.commit(this.#fold.take())
    return new Questions(this.#fold, this.#store).sum('points', entity, { from, to }, { instance })
  }
}

const anyGroup = fc.record({ entity: fc.constantFrom(...ENTITIES), instance: fc.constantFrom(...INSTANCES) })
const anyActivity = fc.constantFrom(...ACTIVITIES)
const anyWindow = fc
  .tuple(fc.integer({ min: 10, max: 40 }), fc.integer({ min: 0, max: 20 }))
  .map(([from, length]) => ({ from, to: from + length }))
const anyAmount = fc.integer({ min: -50, max: 50 })
const anyTotal = fc
  .tuple(anyGroup, anyActivity, anyWindow, anyAmount)
  .map(([group, activity, window, amount]): Write => total(group, activity, window, amount))
const anyAdd = fc
  .tuple(anyGroup, anyActivity, fc.integer({ min: 10, max: 60 }), anyAmount)
  .map(([{ entity, instance }, activity, second, amount]): Write => {
    return { kind: 'add', meter: 'points', entity, dimensions: [instance, activity], second, amount }
  })
const anyBatches = fc.array(
  fc.record({
    writes: fc.array(fc.oneof(anyTotal, anyAdd), { minLength: 1, maxLength: 8 }),
    isCommitted: fc.boolean(),
  }),
  { maxLength: 8 },
)

function total(
  { entity, instance }: Group,
  activity: string,
  { from, to }: { readonly from: number; readonly to: number },
  amount: number,
): Write {
  return { kind: 'total', meter: 'points', entity, dimensions: [instance, activity], from, to, amount }
}

test('[M7] what a total says of its group is so, whichever row it names, and said of another row changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyBatches,
      anyGroup,
      anyWindow,
      anyAmount,
      fc.tuple(anyActivity, anyActivity),
      async (batches, group, window, amount, [first, again]) => {
        const own = new Grouped()
        for (const { writes, isCommitted } of batches) await own.write(writes, isCommitted)
        assert.equal(await own.write([total(group, first, window, amount)]), null)
        const { from, to } = window
        assert.equal(await own.sum(group, from, to), BigInt(amount))
        const before = own.model.events.length
        await own.write([total(group, again, window, amount)])
        assert.equal(own.model.events.length, before)
        for (const entity of ENTITIES) {
          for (const instance of INSTANCES) {
            for (const span of [window, { from: 0, to: 100 }, { from: 20, to: 30 }]) {
              const isGroup = (event: { entity: string; dimensions: readonly string[] }): boolean =>
                event.entity === entity && event.dimensions[0] === instance
              const expected = own.model.sum(span, isGroup)
              assert.equal(await own.sum({ entity, instance }, span.from, span.to), expected)
            }
          }
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('[M9] totals of a group that do not contradict each other all hold, whichever rows they name', async () => {
  const anyTruth = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 70, maxLength: 70 })
  const anySaid = fc.record({ window: anyWindow, activity: anyActivity, isCommitted: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      anyTruth,
      fc.array(anySaid, { minLength: 1, maxLength: MAX_IN_FORCE - 1 }),
      anyBatches,
      async (truth, said, others) => {
        const group = { entity: 'a', instance: 'i1' }
        const own = new Grouped()
        for (const { writes } of others) {
          await own.write(writes.map((write) => ({ ...write, entity: 'b' })))
        }
        const sumOf = ({ from, to }: { from: number; to: number }): number =>
          truth.slice(from, to + 1).reduce((a, b) => a + b, 0)
        for (const { window, activity, isCommitted } of said) {
          await own.write([total(group, activity, window, sumOf(window))], isCommitted)
        }
        for (const { window } of said) {
          assert.equal(await own.sum(group, window.from, window.to), BigInt(sumOf(window)))
        }
      },
    ),
    { numRuns: 100 },
  )
})

test('[M7] pointspaced’s totals of an instance, whatever its activity', async () => {
  const own = new Grouped()
  const group = { entity: '1', instance: '1001' }
  await own.write([total(group, '10', { from: 1_458_061_005, to: 1_458_061_005 }, 100)])
  await own.write([total(group, '11', { from: 1_458_061_005, to: 1_458_061_006 }, 105)])
  assert.equal(await own.sum(group, 1_458_061_005, 1_458_061_010), 105n)
  assert.deepEqual(
    own.model.events.map(({ dimensions, second, amount }) => [dimensions[1], second, amount]),
    [
      ['10', 1_458_061_005, 100n],
      ['11', 1_458_061_006, 5n],
    ],
  )
})

test('[M7] a total over more rows than it may be about is refused with its record', async () => {
  const own = new Grouped()
  const group = { entity: 'a', instance: 'i1' }
  const add = (activity: number, amount = 1): Write => {
    const dimensions = ['i1', `x${activity}`]
    return { kind: 'add', meter: 'points', entity: 'a', dimensions, second: 20, amount }
  }
  const window = { from: 10, to: 30 }
  const some = Array.from({ length: MAX_GROUP - 2 }, (_, i) => add(i))
  assert.equal(await own.write(some, true), null)
  assert.equal(await own.write([add(MAX_GROUP - 2), total(group, 'x0', window, 300)]), null)
  const overfull = [total(group, 'x1', window, 1), add(MAX_GROUP - 1), add(MAX_GROUP, 7)]
  assert.deepEqual(await own.write(overfull), { reason: 'too-many-in-total', write: 0 })
  assert.equal(await own.sum(group, 10, 30), 300n)
  assert.equal(await own.write([add(MAX_GROUP - 1), total(group, 'x1', window, 1)]), null)
  assert.equal(await own.sum(group, 10, 30), 1n)
  assert.equal(await own.write([add(MAX_GROUP)]), null)
  assert.deepEqual(await own.write([total(group, 'x1', window, 1)]), {
    reason: 'too-many-in-total',
    write: 0,
  })
})
