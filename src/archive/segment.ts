import { crc32 } from 'node:zlib'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { messageOf, SpateError } from '../base/errors.ts'
import { positionOf } from '../log/port.ts'
import { type BlockSpan, decodeBlock } from './block.ts'

/**
 * A segment: a header, which tells all blocks, then the blocks.
 *
 *     "SPSG" | version u8 = 1 | header bytes u32 | stream text | blocks u32 | per block: first position f64
 *     | last position f64 | first time f64, ms | latest time f64, ms | records u32 | placements u32 | bytes u32
 *     | CRC-32 of them u32 — then CRC-32 of the header before it u32
 */
const MAGIC = Uint8Array.from('SPSG', (letter) => letter.charCodeAt(0))
const VERSION = 1
const PREFIX_BYTES = MAGIC.length + 1 + 4
const MAX_HEADER_BYTES = 32 << 20

export interface IndexedBlock extends BlockSpan {
  /** From the beginning of the segment. */
  readonly offset: number
  readonly bytes: number
  readonly crc: number
}

export interface SegmentIndex {
  readonly stream: string
  readonly headerBytes: number
  /** One at least. */
  readonly blocks: readonly IndexedBlock[]
}

export function encodeHeader(
  stream: string,
  blocks: readonly Omit<IndexedBlock, 'offset'>[],
): Uint8Array<ArrayBuffer> {
  const rest = new ByteWriter(64 + blocks.length * 48).text(stream).u32(blocks.length)
  for (const { first, last, firstMs, latestMs, records, placements, bytes, crc } of blocks) {
    rest.f64(first).f64(last).f64(firstMs).f64(latestMs).u32(records).u32(placements).u32(bytes).u32(crc)
  }
  const headerBytes = PREFIX_BYTES + rest.length + 4
  const writer = new ByteWriter(headerBytes).bytes(MAGIC).u8(VERSION).u32(headerBytes)
  const before = writer.bytes(rest.finish()).finish()
  return new ByteWriter(headerBytes).bytes(before).u32(crc32(before)).finish()
}

/** How many bytes the header of a segment has, from its first nine. Errors: `corrupt`, `newer-version`. */
export function headerBytesOf(bytes: Uint8Array): number {
  if (bytes.length < PREFIX_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new SpateError('corrupt', 'not a segment')
  }
  const version = bytes[MAGIC.length] ?? 0
  if (version > VERSION) {
    throw new SpateError('newer-version', `a segment of version ${version}: upgrade Spate to read it`)
  }
  const headerBytes = new ByteReader(bytes.subarray(MAGIC.length + 1)).u32()
  if (version === 0 || headerBytes < PREFIX_BYTES || headerBytes > MAX_HEADER_BYTES) {
    throw new SpateError('corrupt', 'not the header of a segment')
  }
  return headerBytes
}

/** @param bytes the header, or more. Errors: `corrupt`, `newer-version`. */
export function decodeHeader(bytes: Uint8Array): SegmentIndex {
  const headerBytes = headerBytesOf(bytes)
  const header = bytes.subarray(0, headerBytes - 4)
  const blocks: IndexedBlock[] = []
  try {
    const crc = new ByteReader(bytes.subarray(headerBytes - 4)).u32()
    if (crc !== crc32(header)) throw new RangeError('wrong checksum')
    const reader = new ByteReader(header)
    reader.bytes(PREFIX_BYTES)
    const stream = reader.text()
    const count = reader.u32()
    let offset = headerBytes
    for (let i = 0; i < count; i++) {
      const block = {
        first: positionOf(reader.f64()),
        last: positionOf(reader.f64()),
        firstMs: reader.f64(),
        latestMs: reader.f64(),
        records: reader.u32(),
        placements: reader.u32(),
        bytes: reader.u32(),
        crc: reader.u32(),
      }
      blocks.push({ ...block, offset })
      offset += block.bytes
    }
    if (count === 0 || reader.remaining > 0) throw new RangeError('not a list of blocks')
    return { stream, headerBytes, blocks }
  } catch (cause) {
    throw new SpateError('corrupt', `the header of a segment: ${messageOf(cause)}`, { cause })
  }
}

/** The records of one block of a segment, checked. Errors: `corrupt`, `newer-version`. */
export function readBlock(block: IndexedBlock, bytes: Uint8Array): ReturnType<typeof decodeBlock> {
  if (bytes.length !== block.bytes) throw new SpateError('corrupt', 'a segment that ends too early')
  if (crc32(bytes) !== block.crc) throw new SpateError('corrupt', 'a block with a wrong checksum')
  return decodeBlock(block, bytes)
}
