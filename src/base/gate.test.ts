import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { SpateError } from './errors.ts'
import { Gate } from './gate.ts'

test('[H26] few pass at once, some wait in order, the rest is refused, and a failure gives its place up', async () => {
  const gate = new Gate(2, 2, 'too many')
  const begun: number[] = []
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const passes = ends.map(({ promise }, i) =>
    gate.pass(async () => {
      begun.push(i)
      return promise
    }),
  )
  await assert.rejects(passes[4] ?? Promise.resolve(), (error) => {
    assert.ok(error instanceof SpateError)
    assert.deepEqual([error.code, error.message], ['overloaded', 'too many'])
    return true
  })
  assert.deepEqual(begun, [0, 1])
  ends[1]?.reject(new Error('failed'))
  await assert.rejects(passes[1] ?? Promise.resolve(), { message: 'failed' })
  await setImmediate()
  assert.deepEqual(begun, [0, 1, 2])
  for (const [i, { resolve }] of ends.entries()) resolve(i)
  assert.deepEqual(await Promise.all([passes[0], passes[2], passes[3]]), [0, 2, 3])
  assert.deepEqual(begun, [0, 1, 2, 3])
  assert.equal(await gate.pass(async () => 9), 9)
})
