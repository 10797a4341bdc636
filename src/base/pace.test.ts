import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from './pace.ts'

test('long work lets others run once its slice is used up', async () => {
  const pace = new Pace(0)
  let ran = false
  setImmediate(() => {
    ran = true
  })
  await pace.turn()
  assert.ok(ran)
})

test('work within its slice is not interrupted', async () => {
  const pace = new Pace(60_000)
  let ran = false
  const other = new Promise<void>((resolve) =>
    setImmediate(() => {
      ran = true
      resolve()
    }),
  )
  for (let i = 0; i < 1000; i++) await pace.turn()
  assert.ok(!ran)
  await other
})
