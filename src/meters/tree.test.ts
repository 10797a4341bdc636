import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addRange, nodesOf } from './tree.ts'
import { Total } from './vector.ts'

const anySecond = fc.oneof(
  fc.integer({ min: 1_400_000_000, max: 1_800_000_000 }),
  // Edges of units as often.
  fc.tuple(fc.integer({ min: 0, max: 4000 }), fc.constantFrom(60, 3600, 86_400)).map(([n, unit]) => {
    return 1_456_790_400 + n * unit
  }),
)
/** That something is split everywhere. */
const SPLIT = Uint8Array.of(1, 0, 0, 0, 0)

test('[M22] what a sum reads is among the nodes that its cuts can need, which are few', () => {
  fc.assert(
    fc.property(fc.uniqueArray(anySecond, { minLength: 2, maxLength: 6 }), (seconds) => {
      const cuts = seconds.sort((a, b) => a - b)
      const nodes = nodesOf(cuts).map(({ unit, index }) => `${unit}/${index}`)
      assert.equal(new Set(nodes).size, nodes.length)
      assert.ok(nodes.length <= 1 + 4 * cuts.length, `${nodes.length} nodes`)
      const read = new Set<string>()
      for (const [i, end] of cuts.slice(1).entries()) {
        const node = (unit: number, index: number): Uint8Array => {
          read.add(`${unit}/${index}`)
          return unit === 4 ? Uint8Array.of(0, 0, 0, 0, 0) : SPLIT
        }
        addRange(node, cuts[i] ?? end, end, new Total())
      }
      assert.deepEqual(
        [...read].filter((name) => !nodes.includes(name)),
        [],
      )
    }),
  )
})
