import { SpateError } from '../base/errors.ts'

/** Unsigned integers below 2⁵³, seven bits a byte, the lowest first; a set high bit says that more follow. */
export class VarintWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  push(value: number): void {
    if (this.#length + 8 > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    let rest = value
    // Bitwise operators know 32 bits only.
    while (rest >= 2 ** 31) {
      this.#bytes[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  /** Of any sign, within 2⁵². */
  pushSigned(value: number): void {
    this.push(value < 0 ? -2 * value - 1 : 2 * value)
  }

  clear(): void {
    this.#length = 0
  }

  /** A view, valid until the next push. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Reads what {@link VarintWriter} wrote. Errors: `corrupt`. */
export class VarintReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  next(): number {
    let value = 0
    for (let factor = 1; factor < 2 ** 53; factor *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value += (byte & 127) * factor
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
    }
    throw new SpateError('corrupt', 'not a number')
  }

  nextSigned(): number {
    const value = this.next()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** Errors: `corrupt` if something is left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new SpateError('corrupt', 'numbers too many')
  }
}
