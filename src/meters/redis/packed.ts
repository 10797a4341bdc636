/** Arrays of byte strings as MessagePack, which Redis unpacks in C (github.com/msgpack/msgpack spec.md: array 32, str). Pure. */

export type Item = string | Uint8Array

const ARRAY_32 = 0xdd
const STR_8 = 0xd9
const STR_16 = 0xda
const STR_32 = 0xdb
const MOST_HEAD_BYTES = 5

export function packed(items: readonly Item[]): Buffer {
  let sizeBytes = MOST_HEAD_BYTES
  for (const item of items) sizeBytes += MOST_HEAD_BYTES + lengthOf(item)
  const bytes = Buffer.allocUnsafe(sizeBytes)
  bytes[0] = ARRAY_32
  let at = bytes.writeUInt32BE(items.length, 1)
  for (const item of items) {
    const length = lengthOf(item)
    at = writeHead(bytes, at, length)
    if (typeof item === 'string') bytes.write(item, at)
    else bytes.set(item, at)
    at += length
  }
  return bytes.subarray(0, at)
}

function lengthOf(item: Item): number {
  return typeof item === 'string' ? Buffer.byteLength(item) : item.length
}

function writeHead(bytes: Buffer, at: number, length: number): number {
  if (length < 0x100) {
    bytes[at] = STR_8
    return bytes.writeUInt8(length, at + 1)
  }
  if (length < 0x10000) {
    bytes[at] = STR_16
    return bytes.writeUInt16BE(length, at + 1)
  }
  bytes[at] = STR_32
  return bytes.writeUInt32BE(length, at + 1)
}
