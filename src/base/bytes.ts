/** Sequential little-endian writing and reading. Runs in browsers too, hence no Buffer. */

const utf8 = new TextEncoder()
const utf8Strict = new TextDecoder('utf-8', { fatal: true })

/** A growing byte buffer. `finish` returns a view of the bytes written; the writer must not be used after it. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  constructor(initialBytes = 256) {
    this.#bytes = new Uint8Array(initialBytes)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  #reserve(count: number): number {
    const at = this.#length
    const need = at + count
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, at))
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#length = need
    return at
  }

  u8(value: number): this {
    const at = this.#reserve(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value, true)
    return this
  }

  u32(value: number): this {
    const at = this.#reserve(4)
    this.#view.setUint32(at, value, true)
    return this
  }

  f64(value: number): this {
    const at = this.#reserve(8)
    this.#view.setFloat64(at, value, true)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length)
    this.#bytes.set(value, at)
    return this
  }

  /** The raw little-endian memory of a typed array. */
  column(value: Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array): this {
    return this.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  }

  /** A u32 byte length, then UTF-8. */
  text(value: string): this {
    const encoded = utf8.encode(value)
    return this.u32(encoded.length).bytes(encoded)
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Reads what {@link ByteWriter} wrote. Reading past the end throws a RangeError. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  #take(count: number): number {
    const at = this.#at
    if (count < 0 || at + count > this.#bytes.length) throw new RangeError('unexpected end of bytes')
    this.#at = at + count
    return at
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  /** A view, not a copy. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count)
    return this.#bytes.subarray(at, at + count)
  }

  text(): string {
    return utf8Strict.decode(this.bytes(this.u32()))
  }

  /** Copies `count` elements, so that alignment does not matter. */
  u16s(count: number): Uint16Array<ArrayBuffer> {
    return new Uint16Array(copied(this.bytes(count * 2)))
  }

  u32s(count: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(copied(this.bytes(count * 4)))
  }

  i32s(count: number): Int32Array<ArrayBuffer> {
    return new Int32Array(copied(this.bytes(count * 4)))
  }

  f64s(count: number): Float64Array<ArrayBuffer> {
    return new Float64Array(copied(this.bytes(count * 8)))
  }

  /** The rest, which is a JSON object. Throws a SyntaxError, TypeError or RangeError for another. */
  json(): object {
    const value: unknown = JSON.parse(utf8Strict.decode(this.bytes(this.remaining)))
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new RangeError('not an object')
    return value
  }

  /** The rest, which is one such thing. Throws a RangeError where bytes are left. */
  whole<T>(read: (reader: ByteReader) => T): T {
    const value = read(this)
    if (this.remaining !== 0) throw new RangeError(`${this.remaining} bytes too many`)
    return value
  }
}

function copied(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length)
  new Uint8Array(copy).set(bytes)
  return copy
}
