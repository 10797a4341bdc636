import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random, splitmix64 } from './random.ts'

function first(seed: number, count: number): number[] {
  const random = new Random(seed)
  return Array.from({ length: count }, () => random.u32())
}

test('splitmix64 is the published one', () => {
  // https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64
  assert.deepEqual(splitmix64(1_234_567n, 5), [
    6457827717110365317n,
    3203168211198807973n,
    9817491932198370423n,
    4593380528125082431n,
    16408922859458223821n,
  ])
})

test('a seed is the same sequence everywhere, whatever its size or sign', () => {
  assert.deepEqual(first(1, 3), [2_639_600_035, 4_114_870_169, 2_119_465_857])
  assert.deepEqual(first(-5, 3), [1_637_799_600, 3_003_238_318, 2_636_746_373])
  assert.deepEqual(first(Number.MAX_SAFE_INTEGER, 3), [2_114_215_106, 3_880_897_047, 3_698_552_052])
})

test('seeds that are near each other, or large, are different sequences', () => {
  const seeds = Array.from({ length: 20_000 }, (_, i) => i)
  const large = seeds.map((seed) => (seed + 1) * 2 ** 32)
  const heads = [...seeds, ...large].map((seed) => first(seed, 2).join())
  assert.equal(new Set(heads).size, 40_000)
})

test('numbers are spread evenly and keep to their bounds', () => {
  const random = new Random(3)
  const counts = new Array<number>(10).fill(0)
  let sum = 0
  for (let i = 0; i < 100_000; i++) {
    const value = random.next()
    assert.ok(value >= 0 && value < 1)
    sum += value
    const digit = random.between(5, 14) - 5
    counts[digit] = (counts[digit] ?? Number.NaN) + 1
  }
  assert.ok(Math.abs(sum / 100_000 - 0.5) < 0.005)
  assert.ok(counts.every((count) => Math.abs(count - 10_000) < 500))
})

test('waits are those of events that come by chance', () => {
  const random = new Random(4)
  const waits = Array.from({ length: 50_000 }, () => random.waitMs(20))
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
  assert.ok(Math.abs(mean - 50) < 1.5)
  assert.ok(waits.every((wait) => wait >= 0 && Number.isFinite(wait)))
  assert.ok(Math.abs(waits.filter((wait) => wait > 50).length / waits.length - Math.exp(-1)) < 0.01)
})

test('a fork is a sequence of its own', () => {
  const [one, two] = [new Random(9), new Random(9)]
  const fork = one.fork()
  two.fork()
  for (let i = 0; i < 100; i++) fork.next()
  assert.deepEqual(one.u32(), two.u32())
  assert.notDeepEqual(new Random(9).fork().u32(), new Random(9).u32())
})

test('picks and chances', () => {
  const random = new Random(5)
  const picked = new Set(Array.from({ length: 200 }, () => random.pick(['a', 'b', 'c'])))
  assert.deepEqual([...picked].sort(), ['a', 'b', 'c'])
  const hits = Array.from({ length: 10_000 }, () => random.chance(0.25)).filter(Boolean).length
  assert.ok(Math.abs(hits - 2500) < 200)
})
