import { ByteSource } from '../base/byte-source.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { SpateError } from '../base/errors.ts'
import { type LogRecord, MAX_BODY_BYTES, type Position, positionOf } from './port.ts'

/**
 * Records as they are sent to somebody else (little-endian):
 *
 *     u32 bytes of the body | f64 position | f64 time, ms | u8 type | body
 *
 * The last is `u32 0xffffffff | f64 position of the end | f64 0 | u8 0`; without it something is missing.
 */
const HEAD_BYTES = 21
const END = 0xffff_ffff
const BATCH_BYTES = 1 << 20

export function encodeRecords(records: readonly LogRecord[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(records.reduce((sum, { body }) => sum + HEAD_BYTES + body.length, 0))
  for (const { position, timeMs, type, body } of records) {
    writer.u32(body.length).f64(position).f64(timeMs).u8(type).bytes(body)
  }
  return writer.finish()
}

export function encodeEnd(position: Position): Uint8Array<ArrayBuffer> {
  return new ByteWriter(HEAD_BYTES).u32(END).f64(position).f64(0).u8(0).finish()
}

/** Batches of what was sent. Errors: `unavailable` when it breaks off. */
export async function* decodeRecords(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<LogRecord[]> {
  const brokenOff = () => new SpateError('unavailable', 'the server’s answer broke off')
  const source = new ByteSource(chunks, brokenOff)
  let batch: LogRecord[] = []
  let bytes = 0
  for (;;) {
    const head = new ByteReader(await source.take(HEAD_BYTES))
    const size = head.u32()
    if (size === END) break
    if (size > MAX_BODY_BYTES) throw brokenOff()
    const record = { position: positionOf(head.f64()), timeMs: head.f64(), type: head.u8() }
    batch.push({ ...record, body: await source.take(size) })
    bytes += size
    if (bytes < BATCH_BYTES) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}
