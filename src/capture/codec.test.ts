import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { SpateError } from '../base/errors.ts'
import { decodeCaptureRecord, encodeCaptureRecord } from './codec.ts'
import { type Answer, type CaptureRecord, CaptureRecordType, type RawMessage } from './records.ts'

const message = (text: string, connection = 1): RawMessage => ({
  connection,
  channel: 0xffff,
  isBinary: false,
  arrivedMs: 1_648_932_278_612.5,
  bytes: new TextEncoder().encode(text),
})
const ANSWER: Answer = {
  canvas: 1,
  x: -5,
  y: 1999,
  rgb: 0xff4500,
  changeMs: 1_648_932_278_612,
  modifiedMs: 1_648_932_278_590,
  user: { id: 't2_a', name: 'Änn' },
}

/** Stored logs hold these bytes: a change of a hash needs a new version. */
const PINNED: readonly [CaptureRecord, sha256: string][] = [
  [
    {
      type: CaptureRecordType.began,
      body: { kind: 'place', source: 'https://example.org/r/place/', settings: { lines: 2 } },
    },
    '07fa6ce11ed6',
  ],
  [
    { type: CaptureRecordType.opened, body: { connection: 1, channel: 0, subprotocol: 'graphql-ws' } },
    'a164b73c7fd8',
  ],
  [
    { type: CaptureRecordType.closed, body: { connection: 1, channel: 0, cause: 'silent', detail: '10 s' } },
    'baf669e03f99',
  ],
  [{ type: CaptureRecordType.messages, body: [message('{}'), message('', 2)] }, 'b4beb3442b20'],
  [
    {
      type: CaptureRecordType.fetched,
      body: {
        frames: [
          {
            canvas: 0,
            url: 'https://example.org/1-0-f-a.png',
            status: 'missing',
            sha256: '',
            sizeBytes: 0,
            atMs: 5,
            detail: '404',
          },
        ],
      },
    },
    '46d8ac773b7c',
  ],
  [{ type: CaptureRecordType.answered, body: [ANSWER, { ...ANSWER, x: 7, user: null }] }, 'ed18c188258f'],
  [
    {
      type: CaptureRecordType.changed,
      body: { canvas: 0, timestampMs: 2, cells: 3, sha256: 'ab'.repeat(32) },
    },
    '4db0720cf4a0',
  ],
  [
    {
      type: CaptureRecordType.overdue,
      body: {
        canvas: 1,
        toMs: 1_648_932_278_612,
        toCell: 4_294_967_295,
        cells: [
          { x: -5, y: 1999, rgb: 0xff4500, changeMs: 1_648_932_278_611 },
          { x: 7, y: 0, rgb: 0, changeMs: 1_648_932_278_612 },
        ],
      },
    },
    '59bcb9fc89d7',
  ],
  [
    { type: CaptureRecordType.rebased, body: { canvas: 0, fromMs: 1, timestampMs: 2, cells: 3 } },
    '559e87cf7e53',
  ],
  [
    {
      type: CaptureRecordType.applied,
      body: [
        { canvas: 0, timestampMs: 1, previousMs: Number.NaN, cells: 3, asked: 0 },
        { canvas: 1, timestampMs: 2, previousMs: 1, cells: 4, asked: 4 },
      ],
    },
    'f622a1660dbd',
  ],
  [
    { type: CaptureRecordType.coloured, body: { canvas: 0, timestampMs: 1, colors: [0x123456] } },
    '7747ab56c2fe',
  ],
]
const coded = (code: string) => (error: unknown) => error instanceof SpateError && error.code === code

test('[K2] the records of captures are stored as they ever were', () => {
  for (const [record, sha256] of PINNED) {
    const bytes = encodeCaptureRecord(record)
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
    assert.equal(hash, sha256, `type ${record.type}`)
    assert.deepEqual(plain(decodeCaptureRecord(record.type, Buffer.from(bytes))), plain(record))
  }
})

test('[K2] any messages are read byte for byte as they came', () => {
  const anyMessage = fc.record({
    connection: fc.nat(2 ** 32 - 1),
    channel: fc.nat(0xffff),
    isBinary: fc.boolean(),
    arrivedMs: fc.double({ min: 0, max: 2 ** 47, noNaN: true }),
    bytes: fc.uint8Array({ maxLength: 50 }),
  })
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 10 }), (body) => {
      const record: CaptureRecord = { type: CaptureRecordType.messages, body }
      assert.deepEqual(
        plain(decodeCaptureRecord(record.type, Buffer.from(encodeCaptureRecord(record)))),
        plain(record),
      )
    }),
  )
})

test('[K2] a later release’s record is refused with the upgrade, and what is none as corrupt', () => {
  for (const [record] of PINNED) {
    const bytes = Buffer.from(encodeCaptureRecord(record))
    const later = Buffer.from(bytes)
    later[0] = 2
    assert.throws(() => decodeCaptureRecord(record.type, later), coded('newer-version'))
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeCaptureRecord(record.type, bytes.subarray(0, length)), coded('corrupt'))
    }
    assert.throws(() => decodeCaptureRecord(record.type, Buffer.concat([bytes, bytes])), coded('corrupt'))
  }
  assert.throws(() => decodeCaptureRecord(99, Buffer.of(1)), coded('newer-version'))
  fc.assert(
    fc.property(fc.constantFrom(4, 6, 8, 11), fc.uint8Array({ maxLength: 80 }), (type, noise) => {
      try {
        decodeCaptureRecord(type, Buffer.from([1, ...noise]))
      } catch (error) {
        assert.ok(coded('corrupt')(error))
      }
    }),
  )
})

/** Views of bytes as bytes of their own. */
function plain(record: CaptureRecord): CaptureRecord {
  if (record.type !== CaptureRecordType.messages) return record
  return { ...record, body: record.body.map((each) => ({ ...each, bytes: Uint8Array.from(each.bytes) })) }
}
