/**
 * What each series is of, for questions about all of them: parts of 128 series, each with the number of its
 * entity and of its value in each dimension, u32 little-endian. Series get their numbers in order, so only the last
 * part grows.
 */
import { membersFact } from './names.ts'
import type { Roll } from './rolls.ts'

const SERIES_A_PART = 128

/** Entity and values of the series with these numbers, `width` numbers each, beginning with series 1. */
export interface Members {
  readonly width: number
  readonly numbers: Uint32Array
}

export function membersRoll(meter: number): Roll {
  return { page: (number) => membersFact(meter, number), itemsAPage: SERIES_A_PART }
}

export function memberItem(numbers: readonly number[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(numbers.length * 4)
  for (const [i, number] of numbers.entries()) bytes.writeUInt32LE(number, i * 4)
  return bytes
}

export async function readMembers(
  meter: number,
  series: number,
  width: number,
  read: (keys: readonly string[]) => Promise<(Uint8Array | undefined)[]>,
): Promise<Members> {
  const keys = Array.from({ length: Math.ceil(series / SERIES_A_PART) }, (_, part) =>
    membersFact(meter, part),
  )
  const bytes = new Uint8Array(series * width * 4)
  let at = 0
  for (const part of await read(keys)) {
    if (part === undefined) continue
    bytes.set(part.subarray(0, bytes.length - at), at)
    at += part.length
  }
  return { width, numbers: new Uint32Array(bytes.buffer) }
}
