import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExactly } from './exact-json.ts'

test('no number is rounded: what is not whole, or too large to be exact, stays as it was written', () => {
  const json = '{"a":[1,-2,9007199254740993,1.0,1e3,1.00000000000000000001,-0.5],"b":"9","c":null}'
  assert.deepEqual(parseExactly(json), {
    a: [1, -2, '9007199254740993', '1.0', '1e3', '1.00000000000000000001', '-0.5'],
    b: '9',
    c: null,
  })
  assert.throws(() => parseExactly('{'), SyntaxError)
})
