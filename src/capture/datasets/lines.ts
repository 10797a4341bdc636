const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

export const MAX_LINE_BYTES = 4096

/**
 * Cuts chunks of bytes into lines without copying them, except those that span chunks.
 *
 * `feed` a chunk, then call `next` until it says false; after the last chunk `finish` tells whether an
 * unended line is left. The line is `bytes[start, end)` without its line end (LF or CRLF), valid until the
 * following call. Of a line longer than {@link MAX_LINE_BYTES} only the beginning is kept and `tooLong` is
 * set, so memory stays bounded whatever the input.
 */
export class LineSplitter {
  bytes: Buffer
  start = 0
  end = 0
  tooLong = false

  readonly #carry = Buffer.alloc(MAX_LINE_BYTES + 1)
  #carried = 0
  /** The carried line is longer than the carry holds. */
  #overflow = false
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0

  constructor() {
    this.bytes = this.#carry
  }

  feed(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
  }

  next(): boolean {
    const chunk = this.#chunk
    const from = this.#at
    const newline = chunk.indexOf(NEWLINE, from)
    if (newline === -1) {
      this.#keep(from, chunk.length)
      this.#at = chunk.length
      return false
    }
    this.#at = newline + 1
    if (this.#carried > 0) {
      this.#keep(from, newline)
      this.#takeCarry()
    } else {
      this.#take(chunk, from, newline, false)
    }
    return true
  }

  finish(): boolean {
    if (this.#carried === 0) return false
    this.#takeCarry()
    return true
  }

  #keep(from: number, to: number): void {
    const room = this.#carry.length - this.#carried
    const length = Math.min(room, to - from)
    if (length < to - from) this.#overflow = true
    this.#chunk.copy(this.#carry, this.#carried, from, from + length)
    this.#carried += length
  }

  #takeCarry(): void {
    this.#take(this.#carry, 0, this.#carried, this.#overflow)
    this.#carried = 0
    this.#overflow = false
  }

  #take(bytes: Buffer, start: number, to: number, overflow: boolean): void {
    const end = !overflow && to > start && bytes[to - 1] === CARRIAGE_RETURN ? to - 1 : to
    this.bytes = bytes
    this.start = start
    this.tooLong = overflow || end - start > MAX_LINE_BYTES
    this.end = this.tooLong ? start + MAX_LINE_BYTES : end
  }
}
