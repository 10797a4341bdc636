import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { type Position, positionOf } from '../log/port.ts'

/**
 * Which intents or cells of a record the fold did not apply, a bit each, lowest first; undefined: it applied all.
 * Kept beside the log, they let history be read without judging again.
 */
export type Refusals = Uint8Array | undefined

export function isRefused(refusals: Refusals, i: number): boolean {
  return refusals !== undefined && ((refusals[i >>> 3] ?? 0) & (1 << (i & 7))) !== 0
}

/**
 * The refusals of a run of records, in order of position; records without any are not in it. Columns that grow,
 * because a busy board refuses something in most of its records.
 */
export class RefusalRun {
  count = 0
  #positions = new Float64Array(16)
  /** Where the bits of each record end. */
  #ends = new Uint32Array(16)
  #bits = new Uint8Array(128)

  get first(): number {
    return this.#positions[0] ?? 0
  }

  get last(): Position {
    return positionOf(this.#positions[this.count - 1] ?? 0)
  }

  get #size(): number {
    return this.#ends[this.count - 1] ?? 0
  }

  /** @param position above all that the run holds */
  add(position: Position, verdicts: Uint8Array): void {
    const from = this.#size
    let size = 0
    for (let i = 0; i < verdicts.length; i++) {
      if (verdicts[i] === 0) continue
      if (size === 0) {
        size = (verdicts.length + 7) >>> 3
        this.#reserve(from + size)
      }
      const at = from + (i >>> 3)
      this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (i & 7))
    }
    if (size > 0) this.#push(position, from + size)
  }

  /** @param later a run of which all positions are above those of this one */
  append(later: RefusalRun): void {
    const from = this.#size
    this.#reserve(from + later.#size)
    this.#bits.set(later.#bits.subarray(0, later.#size), from)
    for (let i = 0; i < later.count; i++) {
      this.#push(positionOf(later.#positions[i] ?? 0), from + (later.#ends[i] ?? 0))
    }
  }

  at(position: Position): Refusals {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#positions[middle] ?? 0) < position) low = middle + 1
      else high = middle
    }
    if (low === this.count || this.#positions[low] !== position) return undefined
    return this.#bits.subarray(low === 0 ? 0 : this.#ends[low - 1], this.#ends[low])
  }

  /** `count` u32 | position f64 × count | end u32 × count | bits */
  encode(): Uint8Array {
    const { count } = this
    return new ByteWriter(4 + count * 12 + this.#size)
      .u32(count)
      .column(this.#positions.subarray(0, count))
      .column(this.#ends.subarray(0, count))
      .bytes(this.#bits.subarray(0, this.#size))
      .finish()
  }

  static decode(bytes: Uint8Array): RefusalRun {
    const reader = new ByteReader(bytes)
    const run = new RefusalRun()
    run.count = reader.u32()
    run.#positions = reader.f64s(run.count)
    run.#ends = reader.u32s(run.count)
    run.#bits = new Uint8Array(reader.bytes(run.#size))
    return run
  }

  #push(position: Position, end: number): void {
    const { count } = this
    if (count === this.#ends.length) {
      const room = Math.max(16, count * 2)
      const positions = new Float64Array(room)
      const ends = new Uint32Array(room)
      positions.set(this.#positions)
      ends.set(this.#ends)
      this.#positions = positions
      this.#ends = ends
    }
    this.#positions[count] = position
    this.#ends[count] = end
    this.count = count + 1
  }

  #reserve(size: number): void {
    if (size <= this.#bits.length) return
    const bits = new Uint8Array(Math.max(size, this.#bits.length * 2))
    bits.set(this.#bits)
    this.#bits = bits
  }
}

/** What a record's refusals are, in runs that together know them. */
export function refusalsIn(runs: readonly RefusalRun[], position: Position): Refusals {
  for (const run of runs) {
    const refusals = run.at(position)
    if (refusals !== undefined) return refusals
  }
  return undefined
}
