/** Gives as many bytes as are asked for, however they come. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #brokenOff: () => Error
  #rest = new Uint8Array(0)

  /** @param brokenOff the error when the chunks end before what is asked for */
  constructor(chunks: AsyncIterable<Uint8Array>, brokenOff: () => Error) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#brokenOff = brokenOff
  }

  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(count)
    let filled = 0
    while (filled < count) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next()
        if (next.done === true) throw this.#brokenOff()
        this.#rest = new Uint8Array(next.value)
      }
      const part = this.#rest.subarray(0, count - filled)
      taken.set(part, filled)
      filled += part.length
      this.#rest = this.#rest.subarray(part.length)
    }
    return taken
  }
}
