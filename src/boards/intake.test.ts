import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { ManualClock } from '../../test/support/clock.ts'
import { SpateError } from '../base/errors.ts'
import { MemoryLog } from '../log/memory.ts'
import { type NewRecord, type Position, START } from '../log/port.ts'
import { decodeBody } from './canvas/codec.ts'
import { RecordType } from './canvas/records.ts'
import { Intake, type Intent } from './intake.ts'

const STREAM = 'board/b'

/** A log whose appends wait until they are let go. */
class GatedLog extends MemoryLog {
  #gates: PromiseWithResolvers<void>[] = []

  override async append(stream: string, records: readonly NewRecord[]): Promise<Position[]> {
    const gate = Promise.withResolvers<void>()
    this.#gates.push(gate)
    await gate.promise
    return super.append(stream, records)
  }

  get waiting(): number {
    return this.#gates.length
  }

  next(error?: SpateError): void {
    const gate = this.#gates.shift()
    if (gate === undefined) throw new Error('nothing is being appended')
    if (error === undefined) gate.resolve()
    else gate.reject(error)
  }
}

/** Verdicts that say which intent of the record they are for. */
const numbered = async (): Promise<Uint8Array> => Uint8Array.from({ length: 16_384 }, (_, i) => i % 251)

function gated(): { log: GatedLog; intake: Intake } {
  const log = new GatedLog(new ManualClock())
  return { log, intake: new Intake(log, STREAM, numbered) }
}

function intents(count: number, x = 0): Intent[] {
  return Array.from({ length: count }, (_, y) => ({ x, y: y & 0xffff, color: 1 }))
}

/** What the log holds: for each record, its intents as player and x. */
async function appended(log: MemoryLog): Promise<[player: number, x: number][][]> {
  const records = await log.read(STREAM, START, { records: 1e9, bytes: 1e9 })
  return records.map(({ type, body }) => {
    const record = decodeBody(type, body)
    assert.ok(record.type === RecordType.placed)
    const { player, x } = record.body
    return Array.from(player, (who, i) => [who, x[i] ?? 0])
  })
}

test('[B20] intents of one turn share a record; those that come while it is written share the next', async () => {
  const { log, intake } = gated()
  const first = [intake.submit(1, intents(2, 10)), intake.submit(2, intents(1, 20))]
  await setImmediate()
  const second = [intake.submit(3, intents(1, 30)), intake.submit(1, intents(1, 11))]
  await setImmediate()
  assert.equal(log.waiting, 1)
  log.next()
  const outcomes = await Promise.all(first)
  log.next()
  outcomes.push(...(await Promise.all(second)))
  assert.deepEqual(await appended(log), [
    [
      [1, 10],
      [1, 10],
      [2, 20],
    ],
    [
      [3, 30],
      [1, 11],
    ],
  ])
  assert.deepEqual(
    outcomes.map(({ position, verdicts }) => [position, ...verdicts]),
    [
      [1, 0, 1],
      [1, 2],
      [2, 0],
      [2, 1],
    ],
  )
})

test('[B20] intents keep the order in which they were submitted, up to 220 in a record that callers share', async () => {
  const sizes = fc.array(fc.oneof(fc.nat(150), fc.integer({ min: 200, max: 16_384 })), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), async (sizes, pauses) => {
      const log = new MemoryLog(new ManualClock())
      const intake = new Intake(log, STREAM, numbered)
      const outcomes: Promise<unknown>[] = []
      for (const [i, size] of sizes.entries()) {
        outcomes.push(intake.submit(1, intents(size, i)))
        if (pauses[i]) await setImmediate()
      }
      await Promise.all(outcomes)
      const records = await appended(log)
      for (const record of records) {
        const callers = new Set(record.map(([, x]) => x)).size
        assert.ok(record.length <= 220 || callers === 1)
      }
      assert.deepEqual(
        records.flat().map(([, x]) => x),
        sizes.flatMap((size, i) => Array.from({ length: size }, () => i)),
      )
      assert.ok(intake.idle)
    }),
    { numRuns: 20 },
  )
})

test('[B21] when an append fails, all who waited for it hear why, and the next goes on', async () => {
  const { log, intake } = gated()
  const full = new SpateError('storage-full', 'the disk is full')
  const failed = [intake.submit(1, intents(2)), intake.submit(2, intents(16_384))]
  await setImmediate()
  const next = intake.submit(3, intents(1, 7))
  log.next(full)
  for (const outcome of await Promise.allSettled(failed)) {
    assert.deepEqual(outcome, { status: 'rejected', reason: full })
  }
  await setImmediate()
  log.next()
  assert.equal((await next).position, 1)
  assert.deepEqual(await appended(log), [[[3, 7]]])
  assert.ok(intake.idle)
})

test('[B21] when the fold stops, those whose record it did not judge hear why', async (t: TestContext) => {
  const stopped = new SpateError('newer-version', 'upgrade')
  const judged = t.mock.fn(() => Promise.reject(stopped))
  const intake = new Intake(new MemoryLog(new ManualClock()), STREAM, judged)
  await assert.rejects(intake.submit(1, intents(1)), stopped)
  assert.equal(judged.mock.callCount(), 1)
  assert.ok(intake.idle)
})

test('[B22] more than 262,144 waiting intents are refused, and taken again once there is room', async () => {
  const { log, intake } = gated()
  const taken = Array.from({ length: 16 }, () => intake.submit(1, intents(16_384)))
  assert.ok(!intake.idle)
  await assert.rejects(intake.submit(2, intents(1)), { code: 'overloaded', retryable: true })
  await setImmediate()
  log.next()
  await Promise.all(taken)
  const next = intake.submit(2, intents(1))
  await setImmediate()
  log.next()
  assert.equal((await next).position, 17)
})
