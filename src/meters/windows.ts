/** How the windows in force are stored: from u32, end u32 of each, little-endian, oldest first. */
import type { Window } from './totals.ts'

const WINDOW_BYTES = 8

export function encodeWindows(windows: readonly Window[]): Uint8Array {
  const bytes = Buffer.alloc(windows.length * WINDOW_BYTES)
  for (const [i, { from, end }] of windows.entries()) {
    bytes.writeUInt32LE(from, i * WINDOW_BYTES)
    bytes.writeUInt32LE(end, i * WINDOW_BYTES + 4)
  }
  return bytes
}

export function decodeWindows(bytes: Uint8Array | undefined): Window[] {
  if (bytes === undefined) return []
  const stored = Buffer.from(bytes)
  return Array.from({ length: stored.length / WINDOW_BYTES }, (_, i) => ({
    from: stored.readUInt32LE(i * WINDOW_BYTES),
    end: stored.readUInt32LE(i * WINDOW_BYTES + 4),
  }))
}
