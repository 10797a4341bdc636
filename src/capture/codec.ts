/**
 * How the records of a stream `capture/<name>` are stored. Little-endian; the first byte of a body is
 * the version of its schema.
 *
 *     messages 1 | count u32 | connection u32 × count | channel u16 × count | binary u8 × count | arrival f64, ms × count
 *                | length u32 × count | bytes
 *     answered 1 | count u32 | canvas u16 × count | x i32 × count | y i32 × count | rgb u32 × count
 *                | change f64, ms × count | modified f64, ms × count | user u32 × count | users: count u32 · (id text
 *                | name text) × count
 *     applied  1 | count u32 | canvas u16 × count | timestamp f64, ms × count | previous f64, ms × count
 *                | cells u32 × count | asked u32 × count
 *     overdue  1 | canvas u16 | to f64, ms | to u32, cell | count u32 | x i32 × count | y i32 × count | rgb u32 × count
 *                | change f64, ms × count
 *     others   1 | JSON in UTF-8
 *
 * text is a u32 byte length, then UTF-8. A pinned hash in codec.test.ts guards each layout.
 */
import { type ByteReader, ByteWriter } from '../base/bytes.ts'
import { BodySchema, bodyReader } from '../log/body.ts'
import {
  type Answer,
  type Applied,
  type CaptureRecord,
  CaptureRecordType,
  type Overdue,
  type RawMessage,
} from './records.ts'

const VERSION = 1
/** A user of `answered` that is none: the cell was never touched. */
const NO_USER = 0xffff_ffff

const SCHEMA = new BodySchema('capture record', CaptureRecordType, VERSION)

export function encodeCaptureRecord(record: CaptureRecord): Uint8Array {
  switch (record.type) {
    case CaptureRecordType.messages:
      return encodeMessages(record.body)
    case CaptureRecordType.answered:
      return encodeAnswers(record.body)
    case CaptureRecordType.applied:
      return encodeApplied(record.body)
    case CaptureRecordType.overdue:
      return encodeOverdue(record.body)
    default:
      return SCHEMA.json(record.body)
  }
}

/** Errors: `newer-version` for a type or version of a later release, `corrupt` for bytes that are none. */
export function decodeCaptureRecord(type: number, bytes: Uint8Array): CaptureRecord {
  return SCHEMA.decode(type, bytes, (known): CaptureRecord => {
    const reader = bodyReader(bytes)
    switch (known) {
      case CaptureRecordType.messages:
        return { type: known, body: reader.whole(decodeMessages) }
      case CaptureRecordType.answered:
        return { type: known, body: reader.whole(decodeAnswers) }
      case CaptureRecordType.applied:
        return { type: known, body: reader.whole(decodeApplied) }
      case CaptureRecordType.overdue:
        return { type: known, body: reader.whole(decodeOverdue) }
      default:
        // Written by a collector of ours; the union is discriminated by type.
        return { type: known, body: reader.json() } as CaptureRecord
    }
  })
}

function encodeMessages(messages: readonly RawMessage[]): Uint8Array {
  const size = messages.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const writer = new ByteWriter(5 + messages.length * 19 + size)
    .u8(VERSION)
    .u32(messages.length)
    .column(Uint32Array.from(messages, ({ connection }) => connection))
    .column(Uint16Array.from(messages, ({ channel }) => channel))
    .column(Uint8Array.from(messages, ({ isBinary }) => (isBinary ? 1 : 0)))
    .column(Float64Array.from(messages, ({ arrivedMs }) => arrivedMs))
    .column(Uint32Array.from(messages, ({ bytes }) => bytes.length))
  for (const { bytes } of messages) writer.bytes(bytes)
  return writer.finish()
}

/** Row by row from the columns where they lie: most records hold few messages. */
function decodeMessages(reader: ByteReader): RawMessage[] {
  const count = reader.u32()
  const columns = viewOf(reader.bytes(count * 19))
  return Array.from({ length: count }, (_, i) => ({
    connection: columns.getUint32(i * 4, true),
    channel: columns.getUint16(count * 4 + i * 2, true),
    isBinary: columns.getUint8(count * 6 + i) === 1,
    arrivedMs: columns.getFloat64(count * 7 + i * 8, true),
    bytes: reader.bytes(columns.getUint32(count * 15 + i * 4, true)),
  }))
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}

function encodeAnswers(answers: readonly Answer[]): Uint8Array {
  const users = new Map<string, { index: number; id: string; name: string }>()
  const indexOf = ({ user }: Answer): number => {
    if (user === null) return NO_USER
    const key = JSON.stringify([user.id, user.name])
    const known = users.get(key) ?? { index: users.size, ...user }
    users.set(key, known)
    return known.index
  }
  const writer = new ByteWriter(64 + answers.length * 40)
    .u8(VERSION)
    .u32(answers.length)
    .column(Uint16Array.from(answers, ({ canvas }) => canvas))
    .column(Int32Array.from(answers, ({ x }) => x))
    .column(Int32Array.from(answers, ({ y }) => y))
    .column(Uint32Array.from(answers, ({ rgb }) => rgb))
    .column(Float64Array.from(answers, ({ changeMs }) => changeMs))
    .column(Float64Array.from(answers, ({ modifiedMs }) => modifiedMs))
    .column(Uint32Array.from(answers, indexOf))
    .u32(users.size)
  for (const { id, name } of users.values()) writer.text(id).text(name)
  return writer.finish()
}

function decodeAnswers(reader: ByteReader): Answer[] {
  const count = reader.u32()
  const canvas = reader.u16s(count)
  const x = reader.i32s(count)
  const y = reader.i32s(count)
  const rgb = reader.u32s(count)
  const changes = reader.f64s(count)
  const modified = reader.f64s(count)
  const user = reader.u32s(count)
  const userCount = reader.u32()
  if (userCount > count) throw new RangeError('more users than answers')
  const users = Array.from({ length: userCount }, () => ({ id: reader.text(), name: reader.text() }))
  return Array.from({ length: count }, (_, i) => {
    const by = user[i] === NO_USER ? null : users[user[i] ?? 0]
    if (by === undefined) throw new RangeError('a user that is not there')
    return {
      canvas: canvas[i] ?? 0,
      x: x[i] ?? 0,
      y: y[i] ?? 0,
      rgb: rgb[i] ?? 0,
      changeMs: changes[i] ?? 0,
      modifiedMs: modified[i] ?? 0,
      user: by,
    }
  })
}

function encodeApplied(frames: readonly Applied[]): Uint8Array {
  return new ByteWriter(5 + frames.length * 26)
    .u8(VERSION)
    .u32(frames.length)
    .column(Uint16Array.from(frames, ({ canvas }) => canvas))
    .column(Float64Array.from(frames, ({ timestampMs }) => timestampMs))
    .column(Float64Array.from(frames, ({ previousMs }) => previousMs))
    .column(Uint32Array.from(frames, ({ cells }) => cells))
    .column(Uint32Array.from(frames, ({ asked }) => asked))
    .finish()
}

function decodeApplied(reader: ByteReader): Applied[] {
  const count = reader.u32()
  const columns = viewOf(reader.bytes(count * 26))
  return Array.from({ length: count }, (_, i) => ({
    canvas: columns.getUint16(i * 2, true),
    timestampMs: columns.getFloat64(count * 2 + i * 8, true),
    previousMs: columns.getFloat64(count * 10 + i * 8, true),
    cells: columns.getUint32(count * 18 + i * 4, true),
    asked: columns.getUint32(count * 22 + i * 4, true),
  }))
}

function encodeOverdue({ canvas, toMs, toCell, cells }: Overdue): Uint8Array {
  return new ByteWriter(19 + cells.length * 20)
    .u8(VERSION)
    .u16(canvas)
    .f64(toMs)
    .u32(toCell)
    .u32(cells.length)
    .column(Int32Array.from(cells, ({ x }) => x))
    .column(Int32Array.from(cells, ({ y }) => y))
    .column(Uint32Array.from(cells, ({ rgb }) => rgb))
    .column(Float64Array.from(cells, ({ changeMs }) => changeMs))
    .finish()
}

function decodeOverdue(reader: ByteReader): Overdue {
  const canvas = reader.u16()
  const toMs = reader.f64()
  const toCell = reader.u32()
  const count = reader.u32()
  const x = reader.i32s(count)
  const y = reader.i32s(count)
  const rgb = reader.u32s(count)
  const changes = reader.f64s(count)
  const cells = Array.from({ length: count }, (_, i) => ({
    x: x[i] ?? 0,
    y: y[i] ?? 0,
    rgb: rgb[i] ?? 0,
    changeMs: changes[i] ?? 0,
  }))
  return { canvas, toMs, toCell, cells }
}
