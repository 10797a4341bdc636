/**
 * Columns of numbers as columns of bytes that an entropy coder of bytes does well with. All pure, each with its
 * inverse. Every part is compressed on its own, since zstd has one table of symbols for 128 KiB of whatever it gets.
 */
import { SpateError } from '../base/errors.ts'

/** The first bytes of all values, then their second ones, and so on; each a part. */
export function planesOf(values: Uint32Array | Uint16Array): Uint8Array[] {
  const width = values.BYTES_PER_ELEMENT
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return Array.from({ length: width }, (_, plane) => {
    const out = new Uint8Array(values.length)
    for (let i = 0, from = plane; i < out.length; i++, from += width) out[i] = bytes[from] ?? 0
    return out
  })
}

export function fromPlanes(planes: readonly Uint8Array[], values: Uint32Array | Uint16Array): void {
  const width = values.BYTES_PER_ELEMENT
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  planes.forEach((plane, at) => {
    requireLength(plane, values.length)
    for (let i = 0, to = at; i < plane.length; i++, to += width) bytes[to] = plane[i] ?? 0
  })
}

/**
 * Each value as a symbol and bits: values below 2^(m+1) are symbols of their own; above that, a symbol names the
 * highest m+1 bits and how many lower bits follow, which are packed, the lowest bit first. Numbers that are drawn
 * as people are (the k-th a k-th as often as the first) have few bits of a kind in symbols, the rest is noise.
 */
export function bucketsOf(values: Uint32Array): { symbols: Uint8Array; bits: Uint8Array; m: number } {
  let max = 0
  for (let i = 0; i < values.length; i++) max = Math.max(max, values[i] ?? 0)
  const m = mostMantissa(max)
  const symbols = new Uint8Array(values.length)
  const bits = new Uint8Array(values.length * 4)
  let length = 0
  let pending = 0
  let have = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    let lower = Math.max(0, 31 - Math.clz32(value) - m)
    symbols[i] = (lower << m) + (value >>> lower)
    let rest = lower === 0 ? 0 : value & (2 ** lower - 1)
    while (lower > 0) {
      const taken = Math.min(lower, 8 - have)
      pending |= (rest & ((1 << taken) - 1)) << have
      rest >>>= taken
      have += taken
      lower -= taken
      if (have < 8) continue
      bits[length++] = pending
      pending = 0
      have = 0
    }
  }
  if (have > 0) bits[length++] = pending
  return { symbols, bits: bits.subarray(0, length), m }
}

/** Errors: `corrupt`. */
export function fromBuckets(symbols: Uint8Array, bits: Uint8Array, m: number, values: Uint32Array): void {
  requireLength(symbols, values.length)
  if (m > 7) throw new SpateError('corrupt', `buckets of ${m} bits`)
  let at = 0
  let pending = 0
  let have = 0
  for (let i = 0; i < values.length; i++) {
    const symbol = symbols[i] ?? 0
    const lower = Math.max(0, (symbol >>> m) - 1)
    let value = 0
    for (let got = 0; got < lower; ) {
      if (have === 0) {
        pending = bits[at++] ?? 0
        have = 8
      }
      const taken = Math.min(lower - got, have)
      value |= (pending & ((1 << taken) - 1)) << got
      pending >>>= taken
      have -= taken
      got += taken
    }
    values[i] = (symbol - (lower << m)) * 2 ** lower + (value >>> 0)
  }
  requireLength(bits, at)
}

/** The most bits for which the symbol of `max` is a byte. */
function mostMantissa(max: number): number {
  for (let m = 7; m > 3; m--) {
    const lower = Math.max(0, 31 - Math.clz32(max) - m)
    if ((lower << m) + (max >>> lower) < 256) return m
  }
  return 3
}

/** What each value is above the one before it, modulo 2¹⁶; small ones of either sign become small numbers. */
export function stepsOf(values: Uint16Array): Uint16Array {
  const out = new Uint16Array(values.length)
  let last = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    const step = ((value - last) << 16) >> 16
    out[i] = (step << 1) ^ (step >> 15)
    last = value
  }
  return out
}

/** In place. */
export function fromSteps(steps: Uint16Array): void {
  let last = 0
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] ?? 0
    last = (last + ((step >>> 1) ^ -(step & 1))) & 0xffff
    steps[i] = last
  }
}

const TILE_BITS = 6
const TILE_MASK = (1 << TILE_BITS) - 1
const TILES_ACROSS_BITS = 16 - TILE_BITS
/** Beyond this the names of the tiles cost more than they save. */
const MAX_TILES = 4096

/**
 * Crowds gather, so a cell is named by its tile of 64 × 64 cells, the most frequent first, and its place in there.
 * Holds a table of all tiles (4 MiB) for as long as it lives.
 */
export class Tiler {
  readonly #counts = new Uint32Array(1 << (2 * TILES_ACROSS_BITS))

  /** `tiles` by rank. Undefined where cells are too scattered. */
  split(
    x: Uint16Array,
    y: Uint16Array,
  ): { tiles: Uint32Array; ranks: Uint32Array; x: Uint8Array; y: Uint8Array } | undefined {
    const counts = this.#counts
    const ranks = new Uint32Array(x.length)
    const touched: number[] = []
    for (let i = 0; i < ranks.length; i++) {
      const tile = (((y[i] ?? 0) >>> TILE_BITS) << TILES_ACROSS_BITS) | ((x[i] ?? 0) >>> TILE_BITS)
      ranks[i] = tile
      const count = counts[tile] ?? 0
      if (count === 0) touched.push(tile)
      counts[tile] = count + 1
    }
    // Rarest last; equally frequent ones by number: 20 bits of it.
    if (touched.length > MAX_TILES) {
      for (const tile of touched) counts[tile] = 0
      return undefined
    }
    const keys = Float64Array.from(touched, (tile) => tile - (counts[tile] ?? 0) * 2 ** 20)
    const tiles = Uint32Array.from(keys.sort(), (key) => ((key % 2 ** 20) + 2 ** 20) % 2 ** 20)
    tiles.forEach((tile, rank) => {
      counts[tile] = rank
    })
    const lowX = new Uint8Array(x.length)
    const lowY = new Uint8Array(x.length)
    for (let i = 0; i < ranks.length; i++) {
      ranks[i] = counts[ranks[i] ?? 0] ?? 0
      lowX[i] = (x[i] ?? 0) & TILE_MASK
      lowY[i] = (y[i] ?? 0) & TILE_MASK
    }
    for (const tile of touched) counts[tile] = 0
    return { tiles, ranks, x: lowX, y: lowY }
  }
}

/** Errors: `corrupt`. */
export function fromTiles(
  {
    tiles,
    ranks,
    x: lowX,
    y: lowY,
  }: { tiles: Uint32Array; ranks: Uint32Array; x: Uint8Array; y: Uint8Array },
  x: Uint16Array,
  y: Uint16Array,
): void {
  requireLength(lowX, x.length)
  requireLength(lowY, x.length)
  for (let i = 0; i < x.length; i++) {
    const tile = tiles[ranks[i] ?? 0]
    if (tile === undefined) throw new SpateError('corrupt', 'a tile that is not there')
    x[i] = ((tile & (2 ** TILES_ACROSS_BITS - 1)) << TILE_BITS) | (lowX[i] ?? 0)
    y[i] = ((tile >>> TILES_ACROSS_BITS) << TILE_BITS) | (lowY[i] ?? 0)
  }
}

function requireLength(part: Uint8Array, length: number): void {
  if (part.length !== length) throw new SpateError('corrupt', `${part.length} bytes instead of ${length}`)
}
