import { SpateError } from '../../base/errors.ts'
import { decodeRecord, encodeRecord } from '../codec.ts'
import { type LogRecord, type NewRecord, type Position, positionOf } from '../port.ts'

/**
 * What a Kafka message holds; its key is the stream's name.
 *
 *     version u8 = 1 | kind u8 | writer 8 bytes | sequence u48 little-endian | by kind:
 *     record (0): the stored form of a record (codec.ts)    trimmed (1): position u48
 *
 * A writer is one run of one server; the sequence grows with each of its messages to the stream. So whoever reads
 * tells a message that was sent twice from two that are equal.
 */
const VERSION = 1
const HEADER_BYTES = 16
export const Kind = { record: 0, trimmed: 1 } as const

/** 16 hexadecimal digits. */
export type Writer = string

export interface Origin {
  readonly writer: Writer
  readonly sequence: number
}

export type KafkaMessage = Origin &
  (
    | { readonly kind: typeof Kind.record; readonly record: LogRecord }
    | { readonly kind: typeof Kind.trimmed; readonly upTo: Position }
  )

function header(kind: number, { writer, sequence }: Origin): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES)
  bytes[0] = VERSION
  bytes[1] = kind
  bytes.write(writer, 2, 8, 'hex')
  bytes.writeUIntLE(sequence, 10, 6)
  return bytes
}

export function encodeMessage(origin: Origin, record: NewRecord, timeMs: number): Buffer {
  return Buffer.concat([header(Kind.record, origin), encodeRecord(record, timeMs)])
}

export function encodeTrimmed(origin: Origin, upTo: Position): Buffer {
  const bytes = Buffer.allocUnsafe(6)
  bytes.writeUIntLE(upTo, 0, 6)
  return Buffer.concat([header(Kind.trimmed, origin), bytes])
}

/** Errors: `newer-version`, `corrupt`. */
export function decodeMessage(position: Position, bytes: Buffer): KafkaMessage {
  const version = bytes[0]
  const kind = bytes[1]
  if (version === undefined || version === 0 || bytes.length < HEADER_BYTES) {
    throw new SpateError('corrupt', `the message at position ${position} is not one of Spate’s`)
  }
  if (version > VERSION || kind === undefined || kind > Kind.trimmed) {
    throw new SpateError(
      'newer-version',
      `the message at position ${position} has version ${version}, kind ${kind}; this release reads up to ${VERSION}, ${Kind.trimmed}: upgrade Spate`,
    )
  }
  const writer = bytes.toString('hex', 2, 10)
  const sequence = bytes.readUIntLE(10, 6)
  const rest = bytes.subarray(HEADER_BYTES)
  if (kind === Kind.record) return { kind, writer, sequence, record: decodeRecord(position, rest) }
  if (rest.length < 6) throw new SpateError('corrupt', `the mark at position ${position} is cut short`)
  return { kind: Kind.trimmed, writer, sequence, upTo: positionOf(rest.readUIntLE(0, 6)) }
}
