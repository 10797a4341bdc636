import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TSchema, Type } from 'typebox'
import { invalidInput } from './problem.ts'
import { compileValidator } from './validation.ts'

/** What a client reads of a body; empty where it is taken. */
function wrongWith(schema: TSchema, body: unknown): string {
  const check = compileValidator({ schema, httpPart: 'body', method: 'PUT', url: '/' })
  // As Fastify takes it: what is wrong, or nothing.
  const { error } = check(body) as { error?: Parameters<typeof invalidInput>[0] }
  return error === undefined ? '' : invalidInput(error, 'body').message
}

const DRAWN = Type.Union([
  Type.Object(
    { kind: Type.Literal('line'), length: Type.Integer({ minimum: 1 }) },
    { additionalProperties: false },
  ),
  Type.Object({ kind: Type.Literal('dot') }, { additionalProperties: false }),
])

test('[H2] of a body that a word tells apart, what is wrong is said of that which it names', () => {
  assert.equal(wrongWith(DRAWN, { kind: 'line', length: 2 }), '')
  assert.equal(wrongWith(DRAWN, { kind: 'dot' }), '')
  assert.equal(wrongWith(DRAWN, { kind: 'line', length: 0 }), 'body/length must be >= 1')
  assert.equal(wrongWith(DRAWN, { kind: 'dot', length: 2 }), 'body/length is not expected')
  for (const kind of ['circle', 1, null, {}])
    assert.equal(wrongWith(DRAWN, { kind, length: 2 }), 'body/kind must be one of line, dot')
  assert.equal(wrongWith(DRAWN, {}), 'body must have required properties kind')
  for (const body of [null, 'line', 5, []]) assert.equal(wrongWith(DRAWN, body), 'body must be object')
})

test('[H2] alternatives that nothing tells apart are judged together', () => {
  const either = Type.Union([Type.Object({ a: Type.Integer() }), Type.Object({ b: Type.Integer() })])
  assert.equal(wrongWith(either, { b: 1 }), '')
  assert.match(wrongWith(either, { c: 1 }), /required properties a.*required properties b/)
})

test('[H2] what is no word, may be left out, or is the same of several, tells nothing apart', () => {
  const numbers = Type.Union([
    Type.Object({ n: Type.Literal(1), a: Type.Integer() }),
    Type.Object({ n: Type.Literal(2) }),
  ])
  for (const body of [{ n: '1' }, { n: '2' }, { n: 1 }]) assert.notEqual(wrongWith(numbers, body), '')
  const same = Type.Union([
    Type.Object({ kind: Type.Literal('a'), x: Type.Integer() }),
    Type.Object({ kind: Type.Literal('a'), y: Type.Integer() }),
  ])
  for (const body of [
    { kind: 'a', x: 1 },
    { kind: 'a', y: 1 },
  ])
    assert.equal(wrongWith(same, body), '')
  const optional = Type.Union([
    Type.Object({ kind: Type.Optional(Type.Literal('a')) }),
    Type.Object({ kind: Type.Literal('b') }),
  ])
  assert.equal(wrongWith(optional, {}), '')
})
