import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fields, unescaped } from './fields.ts'

function split(line: string): string[] | number {
  const bytes = Buffer.from(line)
  const fields = new Fields()
  const count = fields.split(bytes, 0, bytes.length)
  if (count === 0 || count > 5) return count
  return Array.from({ length: count }, (_, i) => {
    const from = fields.start[i]!
    const to = fields.end[i]!
    return Buffer.from(
      fields.escaped[i] === 0 ? bytes.subarray(from, to) : unescaped(bytes, from, to),
    ).toString()
  })
}

const BROKEN_QUOTES = 0

test('[I5] fields are bare or quoted, a quoted one may hold commas and doubled quotes', () => {
  assert.deepEqual(split('a,b,c'), ['a', 'b', 'c'])
  assert.deepEqual(split('a,"1,2",c'), ['a', '1,2', 'c'])
  assert.deepEqual(split('"say ""hi""","",""""'), ['say "hi"', '', '"'])
  assert.deepEqual(split(',a,'), ['', 'a', ''])
  assert.deepEqual(split('"a",'), ['a', ''])
})

test('[I5] a quote within a bare field, after a quoted one, or never closed is broken', () => {
  for (const line of ['a"b,c', 'a,"b"c', 'a,"b', '"', '"""', 'a,"b"",c'])
    assert.equal(split(line), BROKEN_QUOTES, line)
})

test('[I5] more fields than any format has are too many, not an error', () => {
  assert.deepEqual(split('1,2,3,4,5'), ['1', '2', '3', '4', '5'])
  assert.equal(split('1,2,3,4,5,'), 6)
  assert.equal(split(','.repeat(4000)), 6)
})

test('[I5] what is quoted by the rules comes back as it was', () => {
  const field = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('"', ',', 'a', ' ', 'é') }))
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), (fields) => {
      assert.deepEqual(split(fields.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')), fields)
    }),
    { numRuns: 1000 },
  )
})
