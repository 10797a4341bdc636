import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AUTHOR_INVALID, AUTHORS_FULL, Authors, MAX_AUTHOR_BYTES, MAX_AUTHORS } from './authors.ts'

const idOf = (authors: Authors, name: string | Uint8Array) => {
  const bytes = Buffer.from(name)
  return authors.idOf(Buffer.concat([Buffer.from('<'), bytes, Buffer.from('>')]), 1, 1 + bytes.length)
}

test('[I11] the same bytes are the same author, numbered in the order of appearance', () => {
  const authors = new Authors(MAX_AUTHORS)
  const names = ['b', 'a', '', 'b', 'yTrYCd4LUpBn4rIy==', 'a\0', 'é', '', 'yTrYCd4LUpBn4rIy==']
  assert.deepEqual(
    names.map((name) => idOf(authors, name)),
    [0, 1, 2, 0, 3, 4, 5, 2, 3],
  )
  assert.deepEqual(
    Array.from({ length: authors.count }, (_, id) => authors.nameOf(id)),
    ['b', 'a', '', 'yTrYCd4LUpBn4rIy==', 'a\0', 'é'],
  )
})

test('[I11] an author of more than 128 bytes, or of no UTF-8, is none', () => {
  const authors = new Authors(MAX_AUTHORS)
  assert.equal(idOf(authors, 'x'.repeat(MAX_AUTHOR_BYTES + 1)), AUTHOR_INVALID)
  assert.equal(idOf(authors, Uint8Array.of(0x61, 0xff)), AUTHOR_INVALID)
  assert.equal(authors.count, 0)
  assert.equal(idOf(authors, 'x'.repeat(MAX_AUTHOR_BYTES)), 0)
  assert.equal(authors.nameOf(0), 'x'.repeat(MAX_AUTHOR_BYTES))
})

test('[I11] at the bound new authors are refused and known ones still found', () => {
  const authors = new Authors(2)
  assert.deepEqual(
    ['a', 'b', 'c', 'a', 'b'].map((name) => idOf(authors, name)),
    [0, 1, AUTHORS_FULL, 0, 1],
  )
  assert.equal(authors.count, 2)
})

test('[I11] a dictionary is a map of strings to numbers in the order of insertion', () => {
  const name = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('a', '\0'), maxLength: 9 }),
  )
  fc.assert(
    fc.property(fc.array(name, { maxLength: 300 }), (names) => {
      const authors = new Authors(MAX_AUTHORS)
      const expected = new Map<string, number>()
      for (const each of names) {
        if (!expected.has(each)) expected.set(each, expected.size)
        assert.equal(idOf(authors, each), expected.get(each))
      }
      for (const [each, id] of expected) assert.equal(authors.nameOf(id), each)
    }),
  )
})

test('[I11] [I15] 300,000 authors over several pages and growths cost at most their bytes and 41 each', () => {
  const authors = new Authors(MAX_AUTHORS)
  const nameOf = (i: number) => `${i}${'='.repeat(i % 100)}`
  let bytes = 0
  for (let i = 0; i < 300_000; i += 1) {
    assert.equal(idOf(authors, nameOf(i)), i)
    bytes += nameOf(i).length
  }
  for (let i = 0; i < 300_000; i += 997) {
    assert.equal(idOf(authors, nameOf(i)), i)
    assert.equal(authors.nameOf(i), nameOf(i))
  }
  const lastPageBytes = 1 << 20
  assert.ok(
    authors.memoryBytes - lastPageBytes <= bytes + 300_000 * 41,
    `${authors.memoryBytes} for ${bytes}`,
  )
})
