import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SpateError } from '../base/errors.ts'
import { BodySchema, bodyReader } from './body.ts'

const SCHEMA = new BodySchema('pebble', { thrown: 1, caught: 4 }, 2)

function decode(type: number, bytes: Uint8Array): object {
  return SCHEMA.decode(type, bytes, () => bodyReader(bytes).json())
}

test('a body is its version and what the type says', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
      const bytes = SCHEMA.json(body)
      assert.equal(bytes[0], 2)
      assert.deepEqual(decode(4, bytes), JSON.parse(JSON.stringify(body)))
    }),
  )
  assert.deepEqual(decode(1, Uint8Array.of(1, 0x7b, 0x7d)), {}, 'of an older version')
})

test('a type or version of a later release, and bytes that are none, are told apart', () => {
  const code = (expected: string, words: RegExp) => (error: unknown) =>
    error instanceof SpateError && error.code === expected && words.test(error.message)
  const bytes = SCHEMA.json({ a: 1 })
  assert.throws(
    () => decode(2, bytes),
    code('newer-version', /pebble type 2 \(version 2 of its body\): upgrade Spate/),
  )
  assert.throws(
    () => decode(4, Uint8Array.of(3)),
    code('newer-version', /pebble type 4 \(version 3 of its body\): upgrade Spate/),
  )
  for (const none of [[], [0, 0x7b, 0x7d], [2], [2, 0x7b], [2, 0xff], [2, 0x5b, 0x5d], [2, 0x31]]) {
    assert.throws(
      () => decode(1, Uint8Array.from(none)),
      code('corrupt', /^pebble of type 1: /),
      String(none),
    )
  }
})
