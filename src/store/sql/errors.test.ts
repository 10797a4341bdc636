import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { SpateError } from '../../base/errors.ts'
import { sqlError } from './errors.ts'

/** As drivers make them: with the connection, and so the password, hanging on. */
function driverError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, client: { password: 's3cret' } })
}

for (const [code, meaning] of [
  ['08006', 'unavailable'],
  ['40P01', 'unavailable'],
  ['53300', 'unavailable'],
  ['57014', 'unavailable'],
  ['57P01', 'unavailable'],
  ['25006', 'unavailable'],
  ['25P03', 'unavailable'],
  ['55P03', 'unavailable'],
  ['EPIPE', 'unavailable'],
  ['ECONNREFUSED', 'unavailable'],
  ['53100', 'storage-full'],
  ['ENOSPC', 'storage-full'],
  ['58030', 'storage-failed'],
  ['XX000', 'storage-failed'],
  ['EROFS', 'storage-failed'],
  ['XX001', 'corrupt'],
  ['XX002', 'corrupt'],
  ['28P01', 'unauthorized'],
  ['42501', 'forbidden'],
  ['3D000', 'invalid'],
] as const) {
  test(`[D19] ${code} of a database is ${meaning}, and nothing of the driver's error is taken along`, () => {
    const error = sqlError('cannot read', driverError(code, 'what it says'))
    assert.ok(error instanceof SpateError)
    assert.equal(error.code, meaning)
    assert.match(error.message, /^cannot read: /)
    assert.ok(!inspect(error, { depth: 9 }).includes('s3cret'))
  })
}

test('[D2] a statement that is wrong, and what is no error of a database, stay bugs', () => {
  const wrong = sqlError('cannot read', driverError('42P01', 'relation "x" does not exist'))
  assert.ok(wrong instanceof Error && !(wrong instanceof SpateError))
  assert.equal(wrong.message, 'cannot read: relation "x" does not exist (SQLSTATE 42P01)')
  const own = new TypeError('of the caller')
  assert.equal(sqlError('cannot read', own), own)
  const said = new SpateError('gone', 'of the caller')
  assert.equal(sqlError('cannot read', said), said)
})
