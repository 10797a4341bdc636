import assert from 'node:assert/strict'
import { SpateError } from '../../src/base/errors.ts'

/** What a rejection has to be. */
export function coded(code: string, message = /./): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof SpateError)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  }
}
