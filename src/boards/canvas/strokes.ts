import { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { type Position, positionOf, START } from '../../log/port.ts'

/** How a cell came to be what it is. The numbers are stored. */
export const StrokeKind = {
  /** Somebody placed or painted it, in the colour that it had or in another. */
  placed: 0,
  /** It was put back by an organiser. */
  restored: 1,
  /** Whose placement it was took it back. */
  undone: 2,
} as const

export type StrokeKind = (typeof StrokeKind)[keyof typeof StrokeKind]

const KIND_MASK = 3
/** Somebody had painted the cell before. */
export const WAS_PAINTED = 4
/** Somebody has painted what it is now; it is not the background again. */
export const IS_PAINTED = 8

const LAST_SECOND = 2 ** 32 - 2
const FIRST_SIZE = 1024

export function kindOf(mark: number): number {
  return mark & KIND_MASK
}

/**
 * What happened to the cells that everybody sees, stroke by stroke, with what was there before: all that the records
 * after one position up to another did. In columns of wrapped cells that grow.
 */
export class Strokes {
  /** It holds what the records after this one did… */
  readonly after: Position
  /** …up to this one. */
  upTo: Position
  /** The stream's time there. */
  timeMs: number
  count = 0
  x = new Uint16Array(FIRST_SIZE)
  y = new Uint16Array(FIRST_SIZE)
  player = new Uint32Array(FIRST_SIZE)
  color = new Uint8Array(FIRST_SIZE)
  /** Whose the cell was; 0: nobody's. */
  owner = new Uint32Array(FIRST_SIZE)
  colorBefore = new Uint8Array(FIRST_SIZE)
  /** A kind, and whether the cell was and is painted. */
  mark = new Uint8Array(FIRST_SIZE)
  /** When, in whole seconds since 1970; what is beyond 32 bits is at their end. */
  second = new Uint32Array(FIRST_SIZE)
  /** Records that did something. */
  #records = 0
  #positions = new Float64Array(64)
  /** Where the strokes of each record end. */
  #ends = new Uint32Array(64)

  /** @param timeMs the stream's time at `after` */
  constructor(after: Position, timeMs: number) {
    this.after = after
    this.upTo = after
    this.timeMs = timeMs
  }

  reserve(more: number): void {
    const need = this.count + more
    if (need <= this.color.length) return
    const size = Math.max(need, this.color.length * 2)
    this.x = grown(this.x, new Uint16Array(size))
    this.y = grown(this.y, new Uint16Array(size))
    this.player = grown(this.player, new Uint32Array(size))
    this.color = grown(this.color, new Uint8Array(size))
    this.owner = grown(this.owner, new Uint32Array(size))
    this.colorBefore = grown(this.colorBefore, new Uint8Array(size))
    this.mark = grown(this.mark, new Uint8Array(size))
    this.second = grown(this.second, new Uint32Array(size))
  }

  /** After `reserve`. */
  add(
    x: number,
    y: number,
    player: number,
    color: number,
    owner: number,
    colorBefore: number,
    mark: number,
    second: number,
  ): void {
    const at = this.count
    this.x[at] = x
    this.y[at] = y
    this.player[at] = player
    this.color[at] = color
    this.owner[at] = owner
    this.colorBefore[at] = colorBefore
    this.mark[at] = mark
    this.second[at] = second
    this.count = at + 1
  }

  /** All that was added since the last call was done by this record. */
  close(position: Position, timeMs: number): void {
    this.upTo = position
    this.timeMs = timeMs
    const known = this.#ends[this.#records - 1] ?? 0
    if (this.count === known) return
    if (this.#records === this.#positions.length) {
      this.#positions = grown(this.#positions, new Float64Array(this.#records * 2))
      this.#ends = grown(this.#ends, new Uint32Array(this.#records * 2))
    }
    this.#positions[this.#records] = position
    this.#ends[this.#records] = this.count
    this.#records += 1
  }

  /** Where what the records after `position` did begins. */
  startAfter(position: Position): number {
    let low = 0
    let high = this.#records
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#positions[middle] ?? 0) <= position) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : (this.#ends[low - 1] ?? 0)
  }

  /**
   * The records from that of the stroke `start` on that have at most `most` strokes together, one at least.
   * @returns where they end, and the position of the last
   */
  cut(start: number, most: number): { readonly end: number; readonly upTo: Position } {
    let record = 0
    while (record < this.#records && (this.#ends[record] ?? 0) <= start) record += 1
    while (record + 1 < this.#records && (this.#ends[record + 1] ?? 0) <= start + most) record += 1
    if (record + 1 >= this.#records) return { end: this.count, upTo: this.upTo }
    return { end: this.#ends[record] ?? 0, upTo: positionOf(this.#positions[record] ?? START) }
  }

  /**
   * after f64 | up to f64 | time f64 | records u32 | strokes u32 | position f64 × records | end u32 × records
   * | player u32 | owner u32 | second u32 | x u16 | y u16 | colour u8 | colour before u8 | mark u8, × strokes
   */
  encode(): Uint8Array<ArrayBuffer> {
    const { count } = this
    return new ByteWriter(32 + this.#records * 12 + count * 19)
      .f64(this.after)
      .f64(this.upTo)
      .f64(this.timeMs)
      .u32(this.#records)
      .u32(count)
      .column(this.#positions.subarray(0, this.#records))
      .column(this.#ends.subarray(0, this.#records))
      .column(this.player.subarray(0, count))
      .column(this.owner.subarray(0, count))
      .column(this.second.subarray(0, count))
      .column(this.x.subarray(0, count))
      .column(this.y.subarray(0, count))
      .column(this.color.subarray(0, count))
      .column(this.colorBefore.subarray(0, count))
      .column(this.mark.subarray(0, count))
      .finish()
  }

  static decode(bytes: Uint8Array): Strokes {
    const reader = new ByteReader(bytes)
    const strokes = new Strokes(positionOf(reader.f64()), 0)
    strokes.upTo = positionOf(reader.f64())
    strokes.timeMs = reader.f64()
    strokes.#records = reader.u32()
    const count = reader.u32()
    strokes.count = count
    strokes.#positions = reader.f64s(strokes.#records)
    strokes.#ends = reader.u32s(strokes.#records)
    strokes.player = reader.u32s(count)
    strokes.owner = reader.u32s(count)
    strokes.second = reader.u32s(count)
    strokes.x = reader.u16s(count)
    strokes.y = reader.u16s(count)
    strokes.color = reader.bytes(count).slice()
    strokes.colorBefore = reader.bytes(count).slice()
    strokes.mark = reader.bytes(count).slice()
    return strokes
  }
}

/** Whole seconds of a time in ms, as strokes hold them. */
export function secondOf(timeMs: number): number {
  return Math.min(Math.floor(timeMs / 1000), LAST_SECOND)
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}
