import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { declaration } from '../../test/support/meters.ts'
import { SpateError } from '../base/errors.ts'
import { decodeMeterRecord, encodeMeterRecord, type MeterRecord, MeterRecordType } from './records.ts'
import { columnsOfWrites, type Write } from './writes.ts'

const WRITES: readonly Write[] = [
  {
    kind: 'add',
    meter: 'points',
    entity: 'Änn',
    dimensions: ['run', '1001'],
    second: 1_458_061_005,
    amount: -5,
  },
  { kind: 'count', meter: 'signups', entity: '', second: 1_458_061_006 },
  { kind: 'total', meter: 'points', entity: 'Ben', dimensions: ['run', ''], from: 100, to: 200, amount: 50 },
]
const large = (amount: number | bigint): Write[] => [
  { kind: 'add', meter: 'm', entity: 'e', second: 1, amount },
]

/** Stored logs hold these bytes: a change of a hash needs a new version. */
const PINNED: readonly [MeterRecord, sha256: string][] = [
  [
    { type: MeterRecordType.declared, body: declaration('points', { dimensions: ['activity', 'instance'] }) },
    'e0aad0e95986',
  ],
  [
    {
      type: MeterRecordType.declared,
      body: declaration('points', { dimensions: ['instance', 'activity'], totalsOver: 1 }),
    },
    'ad4ad767e47a',
  ],
  [{ type: MeterRecordType.written, body: columnsOfWrites(WRITES, 'key-1') }, '381027faab24'],
  [{ type: MeterRecordType.written, body: columnsOfWrites(large(2 ** 40), '') }, '6ec98fc8c23c'],
  [{ type: MeterRecordType.written, body: columnsOfWrites(large(2n ** 63n - 1n), '') }, '84593bcbd21b'],
]

test('[M11] the records of meters are stored as they ever were', () => {
  for (const [record, sha256] of PINNED) {
    const bytes = encodeMeterRecord(record)
    assert.equal(createHash('sha256').update(bytes).digest('hex').slice(0, 12), sha256)
    assert.deepEqual(decodeMeterRecord(record.type, bytes), record)
  }
})

test('[M11] any writes are read as they were written', () => {
  const anyName = fc.string({ maxLength: 20, unit: 'grapheme' }).filter((name) => name.length <= 128)
  const second = fc.nat(2 ** 32 - 2)
  const most = 2n ** 63n - 1n
  const amount = fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -most, max: most }))
  const target = { meter: anyName, entity: anyName, dimensions: fc.array(anyName, { maxLength: 4 }) }
  const anyWrite: fc.Arbitrary<Write> = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), second, amount, ...target }),
    fc.record({ kind: fc.constant('count' as const), second, amount: fc.integer({ min: 1 }), ...target }),
    fc
      .record({ kind: fc.constant('total' as const), from: second, to: second, amount, ...target })
      .map((write) => ({
        ...write,
        from: Math.min(write.from, write.to),
        to: Math.max(write.from, write.to),
      })),
  )
  fc.assert(
    fc.property(fc.array(anyWrite, { minLength: 1, maxLength: 20 }), anyName, (writes, key) => {
      const body = columnsOfWrites(writes, key)
      const record = { type: MeterRecordType.written, body }
      assert.deepEqual(decodeMeterRecord(record.type, encodeMeterRecord(record)), record)
    }),
  )
})

test('[M11] a later release’s record is refused with the upgrade, and what is none as corrupt', () => {
  const bytes = Buffer.from(
    encodeMeterRecord({ type: MeterRecordType.written, body: columnsOfWrites(WRITES, '') }),
  )
  const coded = (code: string) => (error: unknown) => error instanceof SpateError && error.code === code
  const later = Buffer.from(bytes)
  later[0] = 2
  assert.throws(() => decodeMeterRecord(MeterRecordType.written, later), coded('newer-version'))
  assert.throws(() => decodeMeterRecord(9, bytes), coded('newer-version'))
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(
      () => decodeMeterRecord(MeterRecordType.written, bytes.subarray(0, length)),
      coded('corrupt'),
    )
  }
  assert.throws(
    () => decodeMeterRecord(MeterRecordType.written, Buffer.concat([bytes, bytes])),
    coded('corrupt'),
  )
  assert.throws(() => decodeMeterRecord(MeterRecordType.declared, Buffer.of(1, 123)), coded('corrupt'))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
      try {
        decodeMeterRecord(MeterRecordType.written, Buffer.from([1, ...noise]))
      } catch (error) {
        assert.ok(coded('corrupt')(error))
      }
    }),
  )
})

test('[M4] [M3] what cannot be a write is refused before it is one', () => {
  const invalid = (writes: readonly Write[], key = ''): void =>
    assert.throws(
      () => columnsOfWrites(writes, key),
      (error) => error instanceof SpateError && error.code === 'invalid',
    )
  const target = { meter: 'm', entity: 'e' } as const
  invalid([])
  invalid(Array.from({ length: 10_001 }, () => large(1)[0] as Write))
  invalid(large(1), 'k'.repeat(129))
  for (const amount of [0.5, 2 ** 53, Number.NaN, 2n ** 63n, -(2n ** 63n)]) invalid(large(amount))
  for (const second of [-1, 0.5, 2 ** 32 - 1]) invalid([{ ...target, kind: 'add', second, amount: 1 }])
  invalid([{ ...target, kind: 'count', second: 1, amount: 0 }])
  invalid([{ ...target, kind: 'total', from: 2, to: 1, amount: 0 }])
  invalid([{ ...target, kind: 'add', entity: 'e'.repeat(129), second: 1, amount: 1 }])
  invalid([{ ...target, kind: 'add', entity: '\ud800', second: 1, amount: 1 }])
})
