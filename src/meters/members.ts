/**
 * What each series is of, for questions about all of them: parts of 256 series, each with the number of its
 * entity and of its value in each dimension, u32 little-endian. Series get their numbers in order, so only the last
 * part grows.
 */
import type { StagedFacts } from './facts.ts'
import { membersFact } from './names.ts'

const SERIES_A_PART = 256

/** Entity and values of the series with these numbers, `width` numbers each, beginning with series 1. */
export interface Members {
  readonly width: number
  readonly numbers: Uint32Array
}

export async function addMember(
  meter: number,
  series: number,
  numbers: readonly number[],
  facts: StagedFacts,
): Promise<void> {
  const at = series - 1
  const key = membersFact(meter, Math.floor(at / SERIES_A_PART))
  const before = at % SERIES_A_PART === 0 ? new Uint8Array(0) : ((await facts.get(key)) ?? new Uint8Array(0))
  const added = Buffer.alloc(numbers.length * 4)
  for (const [i, number] of numbers.entries()) added.writeUInt32LE(number, i * 4)
  facts.set(key, { value: Buffer.concat([before, added]) })
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
