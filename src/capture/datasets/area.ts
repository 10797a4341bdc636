import type { Refusal } from './account.ts'
import { CELL, CIRCLE, RECTANGLE } from './rows.ts'

const SPACE = 0x20
const COMMA = 0x2c
const MINUS = 0x2d
const ZERO = 0x30
const COLON = 0x3a
const UPPER_R = 0x52
const UPPER_X = 0x58
const UPPER_Y = 0x59
const OPEN = 0x7b
const CLOSE = 0x7d

/** Keeps every coordinate, and every corner that a shape makes of them, within 32 bits. */
const MAX_DIGITS = 9

/**
 * Reads where a row paints: `x,y`, `x1,y1,x2,y2` (any two opposite corners) or `{X: x, Y: y, R: r}`.
 *
 * The result stands in the fields until the next call; what they mean by kind is told beside the kinds.
 * A shape whose bounding box has more than `maxShapeCells` cells is refused.
 */
export class AreaReader {
  kind = CELL
  x = 0
  y = 0
  x2 = 0
  y2 = 0

  readonly #maxShapeCells: number
  #at = 0
  #value = 0

  constructor(maxShapeCells: number) {
    this.#maxShapeCells = maxShapeCells
  }

  /** x and y in a field each. */
  readPair(bytes: Uint8Array, xFrom: number, xTo: number, yFrom: number, yTo: number): Refusal | undefined {
    this.kind = CELL
    this.#at = xFrom
    if (!this.#integer(bytes, xTo) || this.#at !== xTo) return 'bad-coordinate'
    this.x = this.#value
    this.#at = yFrom
    if (!this.#integer(bytes, yTo) || this.#at !== yTo) return 'bad-coordinate'
    this.y = this.#value
    return undefined
  }

  readArea(bytes: Uint8Array, from: number, to: number): Refusal | undefined {
    this.#at = from
    if (from < to && bytes[from] === OPEN) return this.#circle(bytes, to)
    this.kind = CELL
    if (!this.#integer(bytes, to)) return 'bad-coordinate'
    this.x = this.#value
    if (!this.#next(bytes, to)) return 'bad-coordinate'
    this.y = this.#value
    return this.#at === to ? undefined : this.#rectangle(bytes, to)
  }

  #rectangle(bytes: Uint8Array, to: number): Refusal | undefined {
    const { x, y } = this
    if (!this.#next(bytes, to)) return 'bad-coordinate'
    const x2 = this.#value
    if (!this.#next(bytes, to) || this.#at !== to) return 'bad-coordinate'
    const y2 = this.#value
    this.kind = RECTANGLE
    this.x = Math.min(x, x2)
    this.y = Math.min(y, y2)
    this.x2 = Math.max(x, x2)
    this.y2 = Math.max(y, y2)
    return this.#bounded(this.x2 - this.x + 1, this.y2 - this.y + 1)
  }

  #circle(bytes: Uint8Array, to: number): Refusal | undefined {
    this.kind = CIRCLE
    if (!this.#member(bytes, to, OPEN, UPPER_X)) return 'bad-coordinate'
    this.x = this.#value
    if (!this.#member(bytes, to, COMMA, UPPER_Y)) return 'bad-coordinate'
    this.y = this.#value
    if (!this.#member(bytes, to, COMMA, UPPER_R) || this.#value < 0) return 'bad-coordinate'
    this.x2 = this.#value
    this.y2 = 0
    if (this.#at !== to - 1 || bytes[this.#at] !== CLOSE) return 'bad-coordinate'
    return this.#bounded(2 * this.x2 + 1, 2 * this.x2 + 1)
  }

  #bounded(width: number, height: number): Refusal | undefined {
    return width * height > this.#maxShapeCells ? 'area-too-large' : undefined
  }

  /** `opener`, spaces, `name`, a colon, spaces, an integer. */
  #member(bytes: Uint8Array, to: number, opener: number, name: number): boolean {
    if (!this.#skip(bytes, to, opener)) return false
    this.#spaces(bytes, to)
    if (!this.#skip(bytes, to, name) || !this.#skip(bytes, to, COLON)) return false
    this.#spaces(bytes, to)
    return this.#integer(bytes, to)
  }

  /** A comma, spaces, an integer. */
  #next(bytes: Uint8Array, to: number): boolean {
    if (!this.#skip(bytes, to, COMMA)) return false
    this.#spaces(bytes, to)
    return this.#integer(bytes, to)
  }

  #skip(bytes: Uint8Array, to: number, byte: number): boolean {
    if (this.#at >= to || bytes[this.#at] !== byte) return false
    this.#at += 1
    return true
  }

  #spaces(bytes: Uint8Array, to: number): void {
    while (this.#at < to && bytes[this.#at] === SPACE) this.#at += 1
  }

  #integer(bytes: Uint8Array, to: number): boolean {
    let at = this.#at
    const negative = at < to && bytes[at] === MINUS
    if (negative) at += 1
    const first = at
    let value = 0
    while (at < to) {
      const digit = bytes[at]! - ZERO
      if (digit >>> 0 > 9) break
      value = value * 10 + digit
      at += 1
      if (at - first > MAX_DIGITS) return false
    }
    if (at === first) return false
    this.#at = at
    this.#value = negative ? -value : value
    return true
  }
}
