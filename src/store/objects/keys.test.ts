import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { isKey, isPrefix } from './keys.ts'

const CHARACTER = fc.constantFrom(...'ab09._-/A %~\\\0')
const ANY = fc.string({ unit: CHARACTER, maxLength: 12 })

test('[T8] a key stays below its folder and is written in one way only', () => {
  let keys = 0
  fc.assert(
    fc.property(ANY, (text) => {
      if (!isKey(text)) return
      keys++
      assert.ok(posix.join('/root', text).startsWith('/root/'))
      assert.equal(posix.normalize(text), text)
      assert.equal(encodeURI(text), text)
    }),
    { numRuns: 2000 },
  )
  assert.ok(keys > 20, `${keys} keys seen`)
})

test('[T8] every beginning of a key that ends a name or lies within one is a prefix, and only those', () => {
  const key = 'ab/c-d/e.f'
  for (let length = 0; length <= key.length; length++) assert.ok(isPrefix(key.slice(0, length)))
  fc.assert(fc.property(ANY, (text) => isPrefix(text) === (isKey(`${text}a`) && !/^[._-]/.test(text))))
})
