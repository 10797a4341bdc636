/**
 * The records of the `meters` stream. Little-endian; the first byte of a body is the version of its schema.
 *
 *     declared 1 | JSON of the declaration in UTF-8
 *     written  1 | key text | names: count u32 · length u16 × count, UTF-16 units · all of them text
 *              | count u32 | kind u8 × count (0 add, 1 count, 2 total) | dimensions u8 × count
 *              | meter u16 × count | entity u16 × count | value of each dimension u16, write by write
 *              | second u32 × count | the window's first second u32, of each total
 *              | width u8 | amounts: 0 i32, 1 f64, 2 i64, × count
 *
 * text is a u32 byte length, then UTF-8; an empty key is none. meter, entity and values are indexes of names. A
 * total's second is its window's last. A pinned hash in records.test.ts guards each layout.
 */
import { type ByteReader, ByteWriter } from '../base/bytes.ts'
import { BodySchema, bodyReader } from '../log/body.ts'
import type { Declaration } from './declaration.ts'

/** The numbers are stored. */
export const MeterRecordType = { declared: 1, written: 2 } as const
export const WriteKind = { add: 0, count: 1, total: 2 } as const

const VERSION = 1
export const MAX_WRITES = 10_000
export const MAX_KEY_LENGTH = 128

/** Writes in columns. */
export interface Written {
  /** Empty: none. */
  readonly key: string
  readonly count: number
  readonly names: readonly string[]
  readonly kind: Uint8Array
  readonly dimensions: Uint8Array
  readonly meter: Uint16Array
  readonly entity: Uint16Array
  readonly values: Uint16Array
  readonly second: Uint32Array
  readonly from: Uint32Array
  readonly amounts: Float64Array | BigInt64Array
}

export type MeterRecord =
  | { readonly type: typeof MeterRecordType.declared; readonly body: Declaration }
  | { readonly type: typeof MeterRecordType.written; readonly body: Written }

const SCHEMA = new BodySchema('meter record', MeterRecordType, VERSION)

export function encodeMeterRecord(record: MeterRecord): Uint8Array {
  if (record.type === MeterRecordType.written) return encodeWritten(record.body)
  return SCHEMA.json(record.body)
}

/** Errors: `newer-version` for a type or version of a later release, `corrupt` for bytes that are none. */
export function decodeMeterRecord(type: number, bytes: Uint8Array): MeterRecord {
  return SCHEMA.decode(type, bytes, (known): MeterRecord => {
    const reader = bodyReader(bytes)
    if (known === MeterRecordType.written) return { type: known, body: reader.whole(decodeWritten) }
    // Validated at the edge before it was appended.
    return { type: known, body: reader.json() as Declaration }
  })
}

/** The key of a record, without the rest of it; empty where it has none or cannot be read. */
export function keyOfRecord(type: number, bytes: Uint8Array): string {
  if (type !== MeterRecordType.written || bytes[0] !== VERSION) return ''
  try {
    return bodyReader(bytes).text()
  } catch {
    // Said when the record is decoded.
    return ''
  }
}

function encodeWritten(body: Written): Uint8Array {
  const { amounts, names } = body
  const writer = new ByteWriter(64 + body.count * 24)
    .u8(VERSION)
    .text(body.key)
    .u32(names.length)
    .column(Uint16Array.from(names, (name) => name.length))
    .text(names.join(''))
    .u32(body.count)
    .column(body.kind)
    .column(body.dimensions)
    .column(body.meter)
    .column(body.entity)
    .column(body.values)
    .column(body.second)
    .column(body.from)
  if (amounts instanceof BigInt64Array) return writer.u8(2).column(new Uint32Array(amounts.buffer)).finish()
  const isSmall = amounts.every((amount) => amount === (amount | 0))
  if (!isSmall) return writer.u8(1).column(amounts).finish()
  return writer.u8(0).column(Int32Array.from(amounts)).finish()
}

function decodeWritten(reader: ByteReader): Written {
  const key = reader.text()
  const names = namesOf(reader.u16s(reader.u32()), reader)
  const count = reader.u32()
  const kind = reader.bytes(count)
  const dimensions = reader.bytes(count)
  const meter = reader.u16s(count)
  const entity = reader.u16s(count)
  const values = reader.u16s(dimensions.reduce((sum, each) => sum + each, 0))
  const second = reader.u32s(count)
  const from = reader.u32s(kind.reduce((sum, each) => sum + (each === WriteKind.total ? 1 : 0), 0))
  const amounts = amountsOf(reader, count)
  if (kind.some((each) => each > WriteKind.total)) throw new RangeError('unknown kind of write')
  for (const column of [meter, entity, values]) {
    if (column.some((index) => index >= names.length)) throw new RangeError('a name that is not there')
  }
  return { key, count, names, kind, dimensions, meter, entity, values, second, from, amounts }
}

function namesOf(lengths: Uint16Array, reader: ByteReader): string[] {
  const all = reader.text()
  let at = 0
  const names = Array.from(lengths, (length) => {
    at += length
    return all.slice(at - length, at)
  })
  if (at !== all.length) throw new RangeError('names of another length')
  return names
}

function amountsOf(reader: ByteReader, count: number): Float64Array | BigInt64Array {
  const width = reader.u8()
  if (width === 0) return Float64Array.from(reader.i32s(count))
  if (width === 1) {
    const amounts = reader.f64s(count)
    if (!amounts.every(Number.isSafeInteger)) throw new RangeError('an amount that is no integer')
    return amounts
  }
  if (width !== 2) throw new RangeError('unknown width of amounts')
  return new BigInt64Array(reader.u32s(count * 2).buffer)
}
