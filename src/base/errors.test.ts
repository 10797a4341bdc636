import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as asserts, unreachable } from './assert.ts'
import { messageOf, SpateError } from './errors.ts'

test('an error says whether the same call can succeed later', () => {
  assert.equal(new SpateError('storage-full', 'x').retryable, true)
  assert.equal(new SpateError('corrupt', 'x').retryable, false)
  const cause = new Error('why')
  const error = new SpateError('limited', 'slow down', { cause, retryAfterMs: 50 })
  assert.deepEqual(
    [error.name, error.message, error.cause, error.retryAfterMs],
    ['SpateError', 'slow down', cause, 50],
  )
})

test('an error brings what a program may want to know besides', () => {
  assert.deepEqual(new SpateError('gone', 'x', { details: { nearest: null } }).details, { nearest: null })
  assert.equal(new SpateError('gone', 'x').details, undefined)
})

test('whatever was thrown has words', () => {
  assert.equal(messageOf(new Error('a')), 'a')
  assert.equal(messageOf('b'), 'b')
  assert.equal(messageOf(undefined), 'undefined')
})

test('what only a bug can break is no SpateError', () => {
  asserts(true, 'fine')
  assert.throws(
    () => asserts(false, 'order'),
    (error) => !(error instanceof SpateError) && messageOf(error) === 'assertion failed: order',
  )
  assert.throws(() => unreachable(7 as never), /unexpected value 7/)
})
