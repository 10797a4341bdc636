import type { Format } from './formats.ts'
import { PALETTE_2017 } from './palettes.ts'

const HASH = 0x23
const ZERO = 0x30
const UPPER_A = 0x41
const LOWER_CASE = 0x20

/** Returned for what is no colour of the format. */
export const NO_COLOUR = -1

/** 0xRRGGBB, or {@link NO_COLOUR}. A colour that is not opaque is none: a canvas has no such thing. */
export function readColour(spelling: Format['colour'], bytes: Uint8Array, from: number, to: number): number {
  if (spelling === 'rgb')
    return to - from === 7 && bytes[from] === HASH ? hex(bytes, from + 1, to) : NO_COLOUR
  if (spelling === 'argb') {
    return to - from === 8 && hex(bytes, from, from + 2) === 0xff ? hex(bytes, from + 2, to) : NO_COLOUR
  }
  return PALETTE_2017[paletteIndex(bytes, from, to)] ?? NO_COLOUR
}

function paletteIndex(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < 1 || to - from > 2) return -1
  let index = 0
  for (let at = from; at < to; at += 1) {
    const digit = bytes[at]! - ZERO
    if (digit >>> 0 > 9) return -1
    index = index * 10 + digit
  }
  return index
}

/** At most six digits. */
function hex(bytes: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at += 1) {
    let digit = bytes[at]! - ZERO
    if (digit >>> 0 > 9) {
      const letter = (bytes[at]! & ~LOWER_CASE) - UPPER_A
      if (letter >>> 0 > 5) return NO_COLOUR
      digit = letter + 10
    }
    value = (value << 4) | digit
  }
  return value
}
