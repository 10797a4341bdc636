import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { causeOfCode, causeOfStatus, heard, initText, startText, subscriptionTo } from './dialect.ts'

test('[K6] both protocols are spoken and understood, and none as the older', () => {
  const operation = subscriptionTo('CANVAS', 'AFD2022', '0')
  assert.deepEqual(operation.variables, {
    input: { channel: { teamOwner: 'AFD2022', category: 'CANVAS', tag: '0' } },
  })
  assert.deepEqual(subscriptionTo('CONFIG', 'AFD2022', undefined).variables, {
    input: { channel: { teamOwner: 'AFD2022', category: 'CONFIG' } },
  })
  const typeOf = (text: string) => JSON.parse(text).type
  assert.equal(typeOf(startText('graphql-transport-ws', '1', operation)), 'subscribe')
  assert.equal(typeOf(startText('graphql-ws', '1', operation)), 'start')
  assert.equal(typeOf(startText('', '1', operation)), 'start')
  assert.deepEqual(JSON.parse(initText('t')), {
    type: 'connection_init',
    payload: { Authorization: 'Bearer t' },
  })
  const heardAs = [
    ['{"type":"connection_ack"}', { kind: 'acknowledged' }],
    ['{"type":"ka"}', { kind: 'other' }],
    ['{"type":"pong"}', { kind: 'other' }],
    ['{"type":"ping"}', { kind: 'ping', answer: '{"type":"pong"}' }],
    ['{"type":"data","id":"2","payload":{}}', { kind: 'data', id: '2' }],
    ['{"type":"next","id":"2","payload":{"data":{},"errors":[{}]}}', { kind: 'data', id: '2' }],
    ['{"type":"complete","id":"2"}', { kind: 'complete', id: '2' }],
  ] as const
  for (const [text, expected] of heardAs) assert.deepEqual(heard(text), expected)
})

test('[K8] a refusal is told from an answer, and its cause from its words, code or status', () => {
  const causeOf = (message: object) => {
    const said = heard(JSON.stringify(message))
    return said.kind === 'refused' ? said.cause : said.kind
  }
  const payload = (message: string) => ({ errors: [{ message }] })
  assert.equal(causeOf({ type: 'error', payload: { message: 'Unauthorized' } }), 'unauthorized')
  assert.equal(causeOf({ type: 'connection_error', payload: { message: 'token expired' } }), 'unauthorized')
  assert.equal(causeOf({ type: 'data', payload: payload('Too many requests') }), 'limited')
  assert.equal(causeOf({ type: 'next', payload: { ...payload('no'), data: null } }), 'refused')
  assert.deepEqual([4401, 4403, 4429, 1013, 1006, 1000].map(causeOfCode), [
    'unauthorized',
    'unauthorized',
    'limited',
    'limited',
    'lost',
    'lost',
  ])
  assert.deepEqual([401, 403, 429, 503, 400].map(causeOfStatus), [
    'unauthorized',
    'unauthorized',
    'limited',
    'limited',
    'refused',
  ])
})

test('[K6] whatever is heard is understood or other', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), (text, value) => {
      assert.ok(heard(text).kind)
      for (const type of ['data', 'next', 'error', 'complete', 'ping']) {
        assert.ok(heard(JSON.stringify({ type, id: value, payload: value })).kind)
        assert.ok(heard(JSON.stringify({ type, payload: { errors: value, data: value } })).kind)
      }
    }),
  )
})
