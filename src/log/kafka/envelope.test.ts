import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SpateError } from '../../base/errors.ts'
import { positionOf } from '../port.ts'
import { decodeMessage, encodeMessage, encodeTrimmed, Kind } from './envelope.ts'

const origin = { writer: '0123456789abcdef', sequence: 0x0102_0304_0506 }
const at = positionOf(7)

test('[L16] a message names its writer and sequence; its bytes are those of PROTOCOL.md', () => {
  const record = encodeMessage(origin, { type: 9, body: Buffer.from('ab') }, 0x0a0b_0c0d)
  assert.equal(record.toString('hex'), '01000123456789abcdef060504030201' + '0109' + '0d0c0b0a0000' + '6162')
  const decoded = decodeMessage(at, record)
  assert.deepEqual(decoded, {
    kind: Kind.record,
    ...origin,
    record: { position: at, timeMs: 0x0a0b_0c0d, type: 9, body: Buffer.from('ab') },
  })
  const trimmed = encodeTrimmed(origin, positionOf(0x0102_0304))
  assert.equal(trimmed.toString('hex'), '01010123456789abcdef060504030201' + '040302010000')
  assert.deepEqual(decodeMessage(at, trimmed), { kind: Kind.trimmed, ...origin, upTo: 0x0102_0304 })
})

test('[L16] a message of a later release names the upgrade; other bytes are no message', () => {
  const record = encodeMessage(origin, { type: 1, body: new Uint8Array(0) }, 5)
  const code = (change: (bytes: Buffer) => void): string => {
    const bytes = Buffer.from(record)
    change(bytes)
    try {
      decodeMessage(at, bytes)
    } catch (error) {
      return error instanceof SpateError ? error.code : String(error)
    }
    return 'read'
  }
  assert.equal(
    code((bytes) => bytes.writeUInt8(2, 0)),
    'newer-version',
  )
  assert.equal(
    code((bytes) => bytes.writeUInt8(2, 1)),
    'newer-version',
  )
  assert.equal(
    code((bytes) => bytes.writeUInt8(0, 0)),
    'corrupt',
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeMessage(at, Buffer.from(bytes))
      } catch (error) {
        assert.ok(error instanceof SpateError, String(error))
      }
    }),
  )
})
