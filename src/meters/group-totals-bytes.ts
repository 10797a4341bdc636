/**
 * How what is known of a group's totals is stored: told u64 | moved u64 | from u32, end u32 of each window in force,
 * oldest first; little-endian.
 */
import { type GroupTotals, NO_TOTALS } from './group-totals.ts'

const HEAD_BYTES = 16
const WINDOW_BYTES = 8

export function encodeTotals({ inForce, told, moved }: GroupTotals): Uint8Array {
  const bytes = Buffer.alloc(HEAD_BYTES + inForce.length * WINDOW_BYTES)
  bytes.writeBigUInt64LE(told, 0)
  bytes.writeBigUInt64LE(moved, 8)
  for (const [i, { from, end }] of inForce.entries()) {
    bytes.writeUInt32LE(from, HEAD_BYTES + i * WINDOW_BYTES)
    bytes.writeUInt32LE(end, HEAD_BYTES + i * WINDOW_BYTES + 4)
  }
  return bytes
}

export function decodeTotals(bytes: Uint8Array | undefined): GroupTotals {
  if (bytes === undefined) return NO_TOTALS
  const stored = Buffer.from(bytes)
  const count = (stored.length - HEAD_BYTES) / WINDOW_BYTES
  const inForce = Array.from({ length: count }, (_, i) => ({
    from: stored.readUInt32LE(HEAD_BYTES + i * WINDOW_BYTES),
    end: stored.readUInt32LE(HEAD_BYTES + i * WINDOW_BYTES + 4),
  }))
  return { inForce, told: stored.readBigUInt64LE(0), moved: stored.readBigUInt64LE(8) }
}
