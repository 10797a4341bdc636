import { SpateError } from '../base/errors.ts'
import type { LogRecord, NewRecord, Position } from './port.ts'

/**
 * The stored form of a record, for adapters whose store keeps bytes:
 *
 *     envelope version u8 = 1 | type u8 | time u48 little-endian, ms | body
 */
const ENVELOPE_VERSION = 1
const HEADER_BYTES = 8

export function encodeRecord(record: NewRecord, timeMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + record.body.length)
  bytes[0] = ENVELOPE_VERSION
  bytes[1] = record.type
  bytes.writeUIntLE(timeMs, 2, 6)
  bytes.set(record.body, HEADER_BYTES)
  return bytes
}

/** Errors: `newer-version` for an envelope of a later release, `corrupt` for bytes that are none. */
export function decodeRecord(position: Position, bytes: Buffer): LogRecord {
  const version = bytes[0]
  const type = bytes[1]
  if (version === undefined || type === undefined || version === 0 || bytes.length < HEADER_BYTES) {
    throw new SpateError('corrupt', `record ${position} is not a record`)
  }
  if (version > ENVELOPE_VERSION) {
    throw new SpateError(
      'newer-version',
      `record ${position} has envelope version ${version}, this release reads up to ${ENVELOPE_VERSION}: upgrade Spate`,
    )
  }
  return { position, timeMs: bytes.readUIntLE(2, 6), type, body: bytes.subarray(HEADER_BYTES) }
}
