/**
 * How values are named in LMDB: 6 bits a character, of the 64 from "0" on, so that the order of the names is that of what they
 * say and a name takes half the bytes of numbers. Pure.
 *
 *     space 4 | sheet × 16 + kind 3 | index 6 | row, page or part 5; nothing where it is 0
 */
import { type Address, KINDS, type Kind } from './address.ts'
import type { Sheet } from './port.ts'

const ZERO = 48
const MASK = 63
const SPACE_CHARS = 4
const COLUMN_END = SPACE_CHARS + 3
const INDEX_END = COLUMN_END + 6
/** After all names that begin as it does. */
const LAST = 'p'

function four(value: number): string {
  const char = (shift: number): number => ZERO + ((value >>> shift) & MASK)
  return String.fromCharCode(char(18), char(12), char(6), char(0))
}

/** @param index below 2^32 */
export function startKey(space: number, sheet: Sheet, kind: Kind, index: number): string {
  const column = sheet * KINDS + kind
  const named = String.fromCharCode(
    ZERO + ((column >>> 12) & MASK),
    ZERO + ((column >>> 6) & MASK),
    ZERO + (column & MASK),
    ZERO + (index >>> 30),
    ZERO + ((index >>> 24) & MASK),
    ZERO + ((index >>> 18) & MASK),
    ZERO + ((index >>> 12) & MASK),
    ZERO + ((index >>> 6) & MASK),
    ZERO + (index & MASK),
  )
  return four(space) + named
}

/** After all of this index. */
export function endKey(space: number, sheet: Sheet, kind: Kind, index: number): string {
  return startKey(space, sheet, kind, index) + LAST
}

/** After this key, before all that come after it. */
export function afterKey(key: string): string {
  // Comes before every character of a key.
  return `${key}!`
}

export function keyOf(space: number, { sheet, kind, index, at }: Address): string {
  const start = startKey(space, sheet, kind, index)
  return at === 0 ? start : start + String.fromCharCode(ZERO + ((at >>> 24) & MASK)) + four(at)
}

export function parsedKey(key: string): Address {
  const column = numberIn(key, SPACE_CHARS, COLUMN_END)
  return {
    sheet: Math.floor(column / KINDS),
    kind: column % KINDS,
    index: numberIn(key, COLUMN_END, INDEX_END),
    at: numberIn(key, INDEX_END, key.length),
  }
}

function numberIn(key: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) number = number * (MASK + 1) + key.charCodeAt(at) - ZERO
  return number
}

export function wholeSpace(space: number): { start: string; end: string } {
  return { start: four(space), end: four(space) + LAST }
}
