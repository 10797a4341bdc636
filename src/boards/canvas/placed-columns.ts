import type { Placed } from './records.ts'

/**
 * Columns of placements in memory that is used again and again: filled from bytes, grown when a record is
 * larger than any before. What it holds is valid until it is filled again.
 */
export class PlacedColumns implements Placed {
  count = 0
  player = new Uint32Array(0)
  x = new Uint16Array(0)
  y = new Uint16Array(0)
  color = new Uint8Array(0)
  #playerBytes = new Uint8Array(0)
  #xBytes = new Uint8Array(0)
  #yBytes = new Uint8Array(0)

  /** @param columns player u32, x u16, y u16, colour u8: `count` of each, little-endian, one after the other */
  fill(count: number, columns: Uint8Array): void {
    const room = this.color.length
    if (count > room) this.#grow(Math.max(count, room * 2))
    this.#playerBytes.set(columns.subarray(0, count * 4))
    this.#xBytes.set(columns.subarray(count * 4, count * 6))
    this.#yBytes.set(columns.subarray(count * 6, count * 8))
    this.color.set(columns.subarray(count * 8, count * 9))
    this.count = count
  }

  #grow(size: number): void {
    this.player = new Uint32Array(size)
    this.x = new Uint16Array(size)
    this.y = new Uint16Array(size)
    this.color = new Uint8Array(size)
    this.#playerBytes = new Uint8Array(this.player.buffer)
    this.#xBytes = new Uint8Array(this.x.buffer)
    this.#yBytes = new Uint8Array(this.y.buffer)
  }
}
