import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bearerIn, bearerOf, decodePlaceMessage, requestIn, withoutRepetition } from './dialects.ts'

const REQUEST = { query: '{configuration{canvasWidth}}', operationName: undefined, variables: {} }

test('[S41] the two vocabularies are told apart by their words', () => {
  const payload = { query: REQUEST.query, variables: null, extensions: {} }
  assert.deepEqual(decodePlaceMessage(JSON.stringify({ id: '1', type: 'start', payload })), {
    type: 'start',
    id: '1',
    dialect: 'graphql-ws',
    request: REQUEST,
  })
  assert.deepEqual(decodePlaceMessage(JSON.stringify({ id: 7, type: 'subscribe', payload })), {
    type: 'start',
    id: 7,
    dialect: 'graphql-transport-ws',
    request: REQUEST,
  })
  assert.deepEqual(decodePlaceMessage('{"type":"stop","id":"1"}'), {
    type: 'stop',
    id: '1',
    dialect: 'graphql-ws',
  })
  assert.deepEqual(decodePlaceMessage('{"type":"complete","id":"1"}'), {
    type: 'stop',
    id: '1',
    dialect: 'graphql-transport-ws',
  })
})

test('[S52] whatever the bytes are, they are a message or malformed', () => {
  const known = fc.constantFrom('connection_init', 'start', 'subscribe', 'stop', 'complete', 'ping', 'pong')
  const near = fc.record(
    { type: known, id: fc.jsonValue(), payload: fc.jsonValue() },
    { requiredKeys: ['type'] },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        near.map((m) => JSON.stringify(m)),
      ),
      (text) => {
        assert.ok(typeof decodePlaceMessage(text).type === 'string')
      },
    ),
  )
  const nested = `{"type":"ping","payload":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
  for (const text of [nested, '', 'null', '[]', '{}', '{"type":"start"}', '{"type":"start","id":""}'])
    assert.equal(decodePlaceMessage(text).type, 'malformed', text.slice(0, 40))
})

test('[S42] what is no request says why', () => {
  assert.equal(requestIn(undefined), 'expected a query')
  assert.equal(requestIn({ query: 1 }), 'expected a query')
  assert.equal(requestIn({ query: '', operationName: 1 }), 'expected a name of an operation')
  assert.equal(requestIn({ query: '', variables: [] }), 'expected variables by name')
})

test('[S40] a token is found wherever a client puts it, and other schemes are none', () => {
  for (const payload of [
    { Authorization: 'Bearer abc' },
    { authorization: 'bearer abc' },
    { headers: { Authorization: 'Bearer abc' } },
  ])
    assert.equal(bearerIn(payload), 'abc')
  for (const payload of [undefined, null, 'Bearer abc', {}, { Authorization: 7 }, { token: 'Bearer abc' }])
    assert.equal(bearerIn(payload), undefined)
  assert.equal(bearerOf('Basic abc'), undefined)
})

test('[S41] a protocol that is offered twice is offered once, in its first place', () => {
  assert.equal(
    withoutRepetition('graphql-ws, graphql-transport-ws, graphql-ws'),
    'graphql-ws, graphql-transport-ws',
  )
  assert.equal(withoutRepetition('graphql-transport-ws,graphql-ws'), 'graphql-transport-ws, graphql-ws')
})
