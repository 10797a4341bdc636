import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { endKey, keyOf, parsedKey, startKey, wholeSpace } from './keys.ts'

const address = fc.record(
  {
    sheet: fc.oneof(fc.nat(20), fc.nat(2001)),
    kind: fc.nat(15),
    index: fc.oneof(fc.nat(100), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    at: fc.oneof(fc.nat(2), fc.nat(2 ** 26)),
  },
  { noNullPrototype: true },
)

test('[M22] names in LMDB say where a value lies, in order', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 24 - 1), address, address, (space, a, b) => {
      assert.deepEqual(parsedKey(keyOf(space, a)), a)
      const [left, right] = [keyOf(space, a), keyOf(space, b)]
      const order = a.sheet - b.sheet || a.kind - b.kind || a.index - b.index || a.at - b.at
      assert.equal(Math.sign(Buffer.compare(Buffer.from(left), Buffer.from(right))), Math.sign(order))
      const { sheet, kind, index } = a
      assert.ok(startKey(space, sheet, kind, index) <= left && left < endKey(space, sheet, kind, index))
      if (order > 0 && index !== b.index) assert.ok(right < startKey(space, sheet, kind, index))
      const { start, end } = wholeSpace(space)
      assert.ok(start <= left && left < end)
      assert.ok(end < keyOf(space + 1, b) || space === 2 ** 24 - 1)
    }),
  )
})
