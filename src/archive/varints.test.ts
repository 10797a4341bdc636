import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VarintReader, VarintWriter } from './varints.ts'

const number = fc.oneof(fc.nat(300), fc.maxSafeNat())
const signed = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -(2 ** 51), max: 2 ** 51 }))

test('[A2] numbers of any size and sign are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(number), fc.array(signed), (numbers, signeds) => {
      const writer = new VarintWriter()
      for (const value of numbers) writer.push(value)
      for (const value of signeds) writer.pushSigned(value)
      const reader = new VarintReader(Uint8Array.from(writer.bytes))
      assert.deepEqual(
        numbers.map(() => reader.next()),
        numbers,
      )
      assert.deepEqual(
        signeds.map(() => reader.nextSigned() + 0),
        signeds.map((value) => value + 0),
      )
      reader.end()
    }),
  )
})

test('[A4] bytes that are no numbers are corrupt', () => {
  for (const bytes of [[], [128], Array.from({ length: 12 }, () => 255)]) {
    assert.throws(() => new VarintReader(Uint8Array.from(bytes)).next(), { code: 'corrupt' })
  }
})
