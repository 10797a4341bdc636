/**
 * How adapters keep a fact: flag u8 (1: it ends) | untilMs f64 LE, if it ends | value. The end stands beside the value
 * because it may have been put again for longer than what is due says. Pure.
 */

export interface KeptFact {
  readonly value: Uint8Array
  readonly untilMs: number | undefined
}

const FLAG_BYTES = 1
const END_BYTES = 8

export function encodeFact({ value, untilMs }: KeptFact): Uint8Array {
  const headBytes = FLAG_BYTES + (untilMs === undefined ? 0 : END_BYTES)
  const bytes = Buffer.allocUnsafe(headBytes + value.length)
  bytes[0] = untilMs === undefined ? 0 : 1
  if (untilMs !== undefined) bytes.writeDoubleLE(untilMs, FLAG_BYTES)
  bytes.set(value, headBytes)
  return bytes
}

export function decodeFact(stored: Uint8Array): KeptFact {
  if (stored[0] === 0) return { value: stored.subarray(FLAG_BYTES), untilMs: undefined }
  const untilMs = new DataView(stored.buffer, stored.byteOffset).getFloat64(FLAG_BYTES, true)
  return { value: stored.subarray(FLAG_BYTES + END_BYTES), untilMs }
}

/** Whether what was due by a time has not been put again since, for longer. */
export function hasEnded(stored: Uint8Array, timeMs: number): boolean {
  const { untilMs } = decodeFact(stored)
  return untilMs !== undefined && untilMs < timeMs
}
