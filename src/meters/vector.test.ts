import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Total } from './vector.ts'

test('[M3] numbers and bigints add up exactly, however large', () => {
  const most = 2n ** 63n - 1n
  const near = fc.integer({ min: -3, max: 3 }).map((by) => 2 ** 52 + by)
  const anyAmount = fc.oneof(
    fc.maxSafeInteger(),
    near,
    near.map((amount) => -amount),
    fc.integer(),
    fc.bigInt({ min: -most, max: most }),
  )
  fc.assert(
    fc.property(fc.array(anyAmount), (amounts) => {
      const total = new Total()
      for (const amount of amounts) total.add(amount)
      assert.equal(
        total.value,
        amounts.reduce<bigint>((sum, amount) => sum + BigInt(amount), 0n),
      )
    }),
    { numRuns: 1000 },
  )
  const total = new Total()
  for (const amount of [2 ** 52 - 1, Number.MAX_SAFE_INTEGER]) total.add(amount)
  assert.equal(total.value, 2n ** 52n + 2n ** 53n - 2n)
})
