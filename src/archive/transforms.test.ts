import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  bucketsOf,
  fromBuckets,
  fromPlanes,
  fromSteps,
  fromTiles,
  planesOf,
  stepsOf,
  Tiler,
} from './transforms.ts'

const u32 = fc.oneof(
  fc.nat(40),
  fc.nat(70_000),
  fc.nat(2 ** 31 - 1),
  fc.integer({ min: 2 ** 31, max: 2 ** 32 - 1 }),
)
const u32s = fc.array(u32).map((values) => Uint32Array.from(values))
const u16 = fc.oneof(fc.nat(2000), fc.nat(65_535))
const cells = fc
  .array(fc.tuple(u16, u16))
  .map((all) => [Uint16Array.from(all, ([x]) => x), Uint16Array.from(all, ([, y]) => y)] as const)

test('[A2] planes, buckets, steps and tiles are undone exactly', () => {
  const tiler = new Tiler()
  fc.assert(
    fc.property(u32s, cells, (values, [x, y]) => {
      const numbers = new Uint32Array(values.length)
      fromPlanes(planesOf(values), numbers)
      assert.deepEqual(numbers, values)

      const { symbols, bits, m } = bucketsOf(values)
      numbers.fill(7)
      fromBuckets(symbols, bits, m, numbers)
      assert.deepEqual(numbers, values)

      const steps = stepsOf(x)
      fromSteps(steps)
      assert.deepEqual(steps, x)

      const tiles = tiler.split(x, y)
      assert.ok(tiles !== undefined)
      const [xs, ys] = [new Uint16Array(x.length), new Uint16Array(y.length)]
      fromTiles(tiles, xs, ys)
      assert.deepEqual([xs, ys], [x, y])
    }),
  )
})

test('[A2] the most frequent tile comes first, and one split leaves nothing for the next', () => {
  const tiler = new Tiler()
  const x = Uint16Array.of(1, 65, 70, 70)
  const y = Uint16Array.of(0, 0, 1, 2)
  for (let again = 0; again < 2; again++) {
    const split = tiler.split(x, y)
    assert.deepEqual([...(split?.tiles ?? [])], [1, 0])
    assert.deepEqual([...(split?.ranks ?? [])], [1, 0, 0, 0])
  }
})

test('[A2] cells all over a vast board are not named by tiles', () => {
  const x = Uint16Array.from({ length: 5000 }, (_, i) => (i % 100) * 64)
  const y = Uint16Array.from({ length: 5000 }, (_, i) => Math.floor(i / 100) * 64)
  assert.equal(new Tiler().split(x, y), undefined)
})
