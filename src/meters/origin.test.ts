import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog } from '../../test/support/meters.ts'
import { type LogRecord, type Position, positionOf, START } from '../log/port.ts'
import { checkOrigin, originOf } from './origin.ts'

const record = (fill: number) => ({ type: 1, body: Uint8Array.of(fill) })

test('[M12] a log is known by its first record, and by none where that was given up', async () => {
  const [log, same, other] = [
    memoryLog({ now: () => 5 }),
    memoryLog({ now: () => 5 }),
    memoryLog({ now: () => 6 }),
  ]
  assert.equal(await originOf(log, 'meters'), '')
  for (const each of [log, same, other]) await each.append('meters', [record(1)])
  const origin = await originOf(log, 'meters')
  await log.append('meters', [record(2)])
  assert.equal(await originOf(log, 'meters'), origin)
  assert.equal(await originOf(same, 'meters'), origin)
  assert.throws(() => checkOrigin(origin, 'another'), { code: 'corrupt' })
  assert.notEqual(await originOf(other, 'meters'), origin)
  const [first] = await log.read('meters', START, { records: 1, bytes: 1 })
  await log.trim('meters', positionOf(1))
  const unknown = await originOf(log, 'meters')
  assert.equal(unknown, '')
  checkOrigin(origin, unknown)
  // An archive still has what was given up.
  const read = async (_stream: string, _after: Position): Promise<LogRecord[]> => (first ? [first] : [])
  assert.equal(
    await originOf(Object.assign(Object.create(log), { read, trimmed: async () => 1 }), 'meters'),
    origin,
  )
})
