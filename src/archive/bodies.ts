/**
 * The two bodies that a board's stream is full of (their layouts: boards/canvas/codec.ts), told by their bytes alone:
 * what has their form is cut into columns and put together again, to the same bytes, whatever it means.
 */
export const Shape = { other: 0, placed: 1, painted: 2 } as const
export type Shape = (typeof Shape)[keyof typeof Shape]

const VERSION = 1
/** Version, count. */
const PLACED_HEADER_BYTES = 5
/** Version, count, base. */
const PAINTED_HEADER_BYTES = 13
const PLACED_BYTES = 9
const PAINTED_BYTES = 13

export interface Shaped {
  readonly shape: Shape
  /** Placements; 0 for any other body. */
  readonly count: number
}

const OTHER: Shaped = { shape: Shape.other, count: 0 }

/** @param most placements; a body of more is like any other */
export function shapeOf(type: number, body: Uint8Array, most: number): Shaped {
  if (body[0] !== VERSION || body.length < PLACED_HEADER_BYTES) return OTHER
  const count =
    ((body[1] ?? 0) | ((body[2] ?? 0) << 8) | ((body[3] ?? 0) << 16) | ((body[4] ?? 0) << 24)) >>> 0
  if (count > most) return OTHER
  if (type === 2 && body.length === PLACED_HEADER_BYTES + count * PLACED_BYTES) {
    return { shape: Shape.placed, count }
  }
  if (type === 3 && body.length === PAINTED_HEADER_BYTES + count * PAINTED_BYTES && isTime(baseOf(body))) {
    return { shape: Shape.painted, count }
  }
  return OTHER
}

export function bytesOf(shape: Shape, count: number): number {
  return shape === Shape.placed
    ? PLACED_HEADER_BYTES + count * PLACED_BYTES
    : PAINTED_HEADER_BYTES + count * PAINTED_BYTES
}

/** Columns of many bodies one after the other, in memory that is used again. */
export class PlacementColumns {
  readonly player: Uint32Array
  readonly x: Uint16Array
  readonly y: Uint16Array
  readonly color: Uint8Array
  /** Of painted placements, which are counted apart: ms since their record's base. */
  readonly offset: Uint32Array
  count = 0
  painted = 0
  readonly #player: Uint8Array
  readonly #x: Uint8Array
  readonly #y: Uint8Array
  readonly #offset: Uint8Array

  constructor(capacity: number) {
    this.player = new Uint32Array(capacity)
    this.x = new Uint16Array(capacity)
    this.y = new Uint16Array(capacity)
    this.color = new Uint8Array(capacity)
    this.offset = new Uint32Array(capacity)
    this.#player = new Uint8Array(this.player.buffer)
    this.#x = new Uint8Array(this.x.buffer)
    this.#y = new Uint8Array(this.y.buffer)
    this.#offset = new Uint8Array(this.offset.buffer)
  }

  /** Takes a body apart. The base of a painted one is the caller's to keep. */
  take(shape: Shape, count: number, body: Uint8Array): void {
    const from = shape === Shape.placed ? PLACED_HEADER_BYTES : PAINTED_HEADER_BYTES
    this.#player.set(body.subarray(from, from + count * 4), this.count * 4)
    this.#x.set(body.subarray(from + count * 4, from + count * 6), this.count * 2)
    this.#y.set(body.subarray(from + count * 6, from + count * 8), this.count * 2)
    this.color.set(body.subarray(from + count * 8, from + count * 9), this.count)
    this.count += count
    if (shape !== Shape.painted) return
    this.#offset.set(body.subarray(from + count * 9), this.painted * 4)
    this.painted += count
  }

  /**
   * The next `count` placements as a body again, into `body`.
   * @param baseMs of a painted body
   */
  give(shape: Shape, count: number, baseMs: number, body: Uint8Array): void {
    const view = new DataView(body.buffer, body.byteOffset, body.length)
    view.setUint8(0, VERSION)
    view.setUint32(1, count, true)
    if (shape === Shape.painted) view.setFloat64(PLACED_HEADER_BYTES, baseMs, true)
    const at = shape === Shape.painted ? PAINTED_HEADER_BYTES : PLACED_HEADER_BYTES
    const end = this.count + count
    body.set(this.#player.subarray(this.count * 4, end * 4), at)
    body.set(this.#x.subarray(this.count * 2, end * 2), at + count * 4)
    body.set(this.#y.subarray(this.count * 2, end * 2), at + count * 6)
    body.set(this.color.subarray(this.count, end), at + count * 8)
    this.count = end
    if (shape !== Shape.painted) return
    body.set(this.#offset.subarray(this.painted * 4, (this.painted + count) * 4), at + count * 9)
    this.painted += count
  }

  clear(): void {
    this.count = 0
    this.painted = 0
  }
}

/** The base of a painted body, ms. */
export function baseOf(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset, body.length).getFloat64(PLACED_HEADER_BYTES, true)
}

/** A number that a signed varint gives back to the bit. */
function isTime(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 48 && !Object.is(value, -0)
}
