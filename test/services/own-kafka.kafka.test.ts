import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answers } from '../../scripts/services/answers.mjs'
import { ownKafka } from '../support/own-kafka.ts'
import { requires } from '../support/requires.ts'

test('a broker that was killed comes back where it was, and goes with the test', {
  skip: requires('kafka'),
}, async (t) => {
  let port = 0
  await t.test('inner', async (t) => {
    const broker = await ownKafka(t)
    port = Number(broker.url.split(':')[1])
    assert.ok(await answers(port))
    await broker.kill()
    assert.ok(!(await answers(port)))
    await broker.start()
    assert.ok(await answers(port))
  })
  assert.ok(!(await answers(port)))
})
