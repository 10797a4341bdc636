import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { columnsOfLevel } from '../address.ts'
import { ALL_LEVELS, type Level } from '../calendar.ts'
import { addressOf, groupOf, hashId, namesOf, placeOf } from './keys.ts'

const anyTree = fc.record({
  sheet: fc.integer({ min: 2, max: 2001 }),
  kind: fc.constantFrom(0, 1, 2, 3, 4),
  index: fc.integer({ min: 0, max: 71_582_788 }),
  at: fc.integer({ min: 0, max: 2 ** 26 }),
})
const anyColumn = fc.record({
  sheet: fc.integer({ min: 2, max: 2001 }),
  kind: fc.constantFrom(...ALL_LEVELS).map((level) => columnsOfLevel(level)),
  index: fc.integer({ min: 0, max: 136 }),
  at: fc.integer({ min: 0, max: 2 ** 14 }),
})

test('[M40] every value has a place of its own', () => {
  fc.assert(
    fc.property(fc.oneof(anyTree, anyColumn), (address) => {
      const { id, field } = placeOf(address)
      assert.deepEqual(addressOf(id, field), { ...address })
    }),
  )
})

test('[M40] hashes are named in the order of sheet, kind and time, and later buckets are in no earlier hash', () => {
  const anyId = fc.tuple(fc.nat(2001), fc.nat(13), fc.nat(2 ** 32 - 1))
  fc.assert(
    fc.property(anyId, anyId, (a, b) => {
      const first = a.findIndex((part, i) => part !== b[i])
      const isBefore = first !== -1 && (a[first] ?? 0) < (b[first] ?? 0)
      assert.equal(hashId(...a) < hashId(...b), isBefore)
    }),
  )
  for (const level of ALL_LEVELS) {
    const kind = columnsOfLevel(level as Level)
    const groups = Array.from({ length: 1000 }, (_, bucket) => groupOf(kind, bucket))
    assert.deepEqual(
      groups,
      groups.toSorted((a, b) => a - b),
    )
  }
})

test('[M40] all names of a space have one hash tag, which no other space has', () => {
  const tagOf = (name: string): string | undefined => /^\{([^}]*)\}/.exec(name)?.[1]
  const tags = ['meters', 'board/1', 'board/10'].map((space) => {
    const { meta, cleared, of } = namesOf('spate', space)
    const { facts, factNames, factEnds, hashes, hash } = of(3)
    const all = [meta, cleared, facts, factNames, factEnds, hashes, hash(hashId(4, 0, 0))]
    assert.equal(new Set(all).size, all.length)
    assert.equal(new Set(all.map(tagOf)).size, 1)
    return tagOf(meta)
  })
  assert.equal(new Set(tags).size, 3)
})
