import { type ByteReader, ByteWriter } from '../../base/bytes.ts'
import { SpateError } from '../../base/errors.ts'
import { BodySchema, bodyReader } from '../../log/body.ts'
import type { Cell } from './chunk.ts'
import { PlacedColumns } from './placed-columns.ts'
import type { CanvasRecord, Painted, Placed, Restored, RestoredCell, RestoreKind } from './records.ts'
import { RecordType } from './records.ts'

/**
 * The bodies of a canvas stream. Little-endian; the first byte is the schema's version.
 *
 *     placed   1 | count u32 | player u32 × count | x u16 × count | y u16 × count | colour u8 × count
 *     painted  1 | count u32 | base f64, ms | player u32 × count | x u16 × count | y u16 × count
 *                | colour u8 × count | ms since base u32 × count
 *     restored 1 | kind u8 | player u32 | reason text | count u32 | x u16 × count | y u16 × count
 *                | expected: colour u8 × count, player u32 × count, time f64 × count | becomes: the same
 *     others   1 | JSON in UTF-8
 *
 * text is a u32 byte length, then UTF-8. A pinned hash in codec.test.ts guards each layout.
 */
const VERSION = 1

/** Intents or cells in one record at most; longer runs are cut by whoever appends. */
export const MAX_CELLS_A_RECORD = 65_536
const MAX_OFFSET_MS = 2 ** 32 - 1

const KINDS: readonly RestoreKind[] = ['rollback', 'reinstate', 'undo']

const SCHEMA = new BodySchema('board record', RecordType, VERSION)

export function encodeBody(record: CanvasRecord): Uint8Array {
  switch (record.type) {
    case RecordType.placed:
      return encodePlaced(record.body)
    case RecordType.painted:
      return encodePainted(record.body)
    case RecordType.restored:
      return encodeRestored(record.body)
    default:
      return SCHEMA.json(record.body)
  }
}

/**
 * @param reuse memory for placements, which are then valid until it is used again
 * Errors: `newer-version` for a type or version of a later release, `corrupt` for bytes that are none.
 */
export function decodeBody(type: number, bytes: Uint8Array, reuse?: PlacedColumns): CanvasRecord {
  return SCHEMA.decode(type, bytes, (known): CanvasRecord => {
    switch (known) {
      case RecordType.placed:
        return { type: known, body: decodePlaced(bytes, reuse) }
      case RecordType.painted:
        return { type: known, body: bodyReader(bytes).whole(decodePainted) }
      case RecordType.restored:
        return { type: known, body: bodyReader(bytes).whole(decodeRestored) }
      default:
        // JSON bodies were validated at the edge before they were appended; the union is discriminated by type.
        return { type: known, body: bodyReader(bytes).json() } as CanvasRecord
    }
  })
}

function encodePlaced(body: Placed): Uint8Array {
  const { count } = body
  return new ByteWriter(5 + count * 9)
    .u8(VERSION)
    .u32(count)
    .column(body.player.subarray(0, count))
    .column(body.x.subarray(0, count))
    .column(body.y.subarray(0, count))
    .column(body.color.subarray(0, count))
    .finish()
}

const PLACED_HEADER_BYTES = 5
const PLACED_BYTES = 9

/** The most frequent record by far: with memory to reuse, it is read without making anything. */
function decodePlaced(bytes: Uint8Array, reuse: PlacedColumns | undefined): Placed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = view.getUint32(1, true)
  const columns = bytes.subarray(PLACED_HEADER_BYTES)
  if (columns.length < count * PLACED_BYTES) throw new RangeError('unexpected end of bytes')
  if (columns.length > count * PLACED_BYTES) throw new RangeError('bytes after the record')
  const filled = reuse ?? new PlacedColumns()
  filled.fill(count, columns)
  if (reuse !== undefined) return reuse
  const { player, x, y, color } = filled
  return { count, player, x, y, color }
}

/** All times of one record lie within 49 days after the earliest. */
function encodePainted(body: Painted): Uint8Array {
  const { count } = body
  const timesMs = body.timeMs.subarray(0, count)
  const baseMs = timesMs.reduce((least, timeMs) => Math.min(least, timeMs), timesMs[0] ?? 0)
  const offsets = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const offset = (timesMs[i] ?? 0) - baseMs
    if (offset > MAX_OFFSET_MS) throw new SpateError('invalid', 'painted cells more than 49 days apart')
    offsets[i] = offset
  }
  return new ByteWriter(13 + count * 13)
    .u8(VERSION)
    .u32(count)
    .f64(baseMs)
    .column(body.player.subarray(0, count))
    .column(body.x.subarray(0, count))
    .column(body.y.subarray(0, count))
    .column(body.color.subarray(0, count))
    .column(offsets)
    .finish()
}

function decodePainted(reader: ByteReader): Painted {
  const count = reader.u32()
  const baseMs = reader.f64()
  const player = reader.u32s(count)
  const x = reader.u16s(count)
  const y = reader.u16s(count)
  const color = reader.bytes(count)
  const offsets = reader.u32s(count)
  const timeMs = new Float64Array(count)
  for (let i = 0; i < count; i++) timeMs[i] = baseMs + (offsets[i] ?? 0)
  return { count, player, x, y, color, timeMs }
}

function encodeRestored(body: Restored): Uint8Array {
  const { cells } = body
  const writer = new ByteWriter(64 + cells.length * 30)
    .u8(VERSION)
    .u8(KINDS.indexOf(body.kind))
    .u32(body.player)
    .text(body.reason)
    .u32(cells.length)
    .column(Uint16Array.from(cells, ({ x }) => x))
    .column(Uint16Array.from(cells, ({ y }) => y))
  for (const side of ['expected', 'becomes'] as const) {
    writer
      .column(Uint8Array.from(cells, (cell) => cell[side].color))
      .column(Uint32Array.from(cells, (cell) => cell[side].player))
      .column(Float64Array.from(cells, (cell) => cell[side].timeMs))
  }
  return writer.finish()
}

function decodeRestored(reader: ByteReader): Restored {
  const kind = KINDS[reader.u8()]
  if (kind === undefined) throw new RangeError('unknown kind')
  const player = reader.u32()
  const reason = reader.text()
  const count = reader.u32()
  const x = reader.u16s(count)
  const y = reader.u16s(count)
  const [expected, becomes] = [0, 1].map(() => ({
    color: reader.bytes(count),
    player: reader.u32s(count),
    timeMs: reader.f64s(count),
  }))
  const cells = Array.from({ length: count }, (_, i): RestoredCell => {
    const cellOf = (side: typeof expected): Cell => ({
      color: side?.color[i] ?? 0,
      player: side?.player[i] ?? 0,
      timeMs: side?.timeMs[i] ?? 0,
    })
    return { x: x[i] ?? 0, y: y[i] ?? 0, expected: cellOf(expected), becomes: cellOf(becomes) }
  })
  return { kind, player, reason, cells }
}
