import { ByteSource } from '../../base/byte-source.ts'
import { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { SpateError } from '../../base/errors.ts'
import type { FilmSize, Still, StillWriter } from './film.ts'

/**
 * Stills as a server streams them to somebody who encodes them elsewhere (little-endian):
 *
 *     u32 width | u32 height | u32 frames | f64 fps
 *     then for each still: u32 frames | u16 colours | (red, green, blue) × colours | index u8 × width × height
 *
 * The frames of the stills add up to those of the head; with fewer it is not whole.
 */
const HEAD_BYTES = 20
const STILL_HEAD_BYTES = 6

export interface FilmHead extends FilmSize {
  readonly frames: number
}

export class StillStream implements StillWriter {
  #head: Uint8Array<ArrayBuffer>

  constructor({ width, height, frames, fps }: FilmHead) {
    this.#head = new ByteWriter(HEAD_BYTES).u32(width).u32(height).u32(frames).f64(fps).finish()
  }

  async still({ pixels, palette, from, to }: Still): Promise<Uint8Array<ArrayBuffer>> {
    const writer = new ByteWriter(HEAD_BYTES + STILL_HEAD_BYTES + palette.length * 3 + pixels.length)
    writer.bytes(this.#head)
    this.#head = new Uint8Array(0)
    writer.u32(to - from).u16(palette.length)
    for (const rgb of palette) {
      writer
        .u8(rgb >>> 16)
        .u8((rgb >>> 8) & 0xff)
        .u8(rgb & 0xff)
    }
    return writer.bytes(pixels).finish()
  }

  end(): Uint8Array<ArrayBuffer> {
    return this.#head
  }
}

/** The head, then the stills as they come. Errors: `unavailable` when it breaks off. */
export class StillReader {
  readonly head: FilmHead
  readonly #source: ByteSource

  private constructor(head: FilmHead, source: ByteSource) {
    this.head = head
    this.#source = source
  }

  static async open(chunks: AsyncIterable<Uint8Array>): Promise<StillReader> {
    const source = new ByteSource(
      chunks,
      () => new SpateError('unavailable', 'the server’s answer broke off'),
    )
    const reader = new ByteReader(await source.take(HEAD_BYTES))
    const head = { width: reader.u32(), height: reader.u32(), frames: reader.u32(), fps: reader.f64() }
    return new StillReader(head, source)
  }

  async *stills(): AsyncGenerator<Still> {
    const { width, height, frames } = this.head
    let from = 0
    while (from < frames) {
      const reader = new ByteReader(await this.#source.take(STILL_HEAD_BYTES))
      const to = from + reader.u32()
      const colors = new ByteReader(await this.#source.take(reader.u16() * 3))
      const palette: number[] = []
      while (colors.remaining > 0) palette.push((colors.u8() << 16) | (colors.u8() << 8) | colors.u8())
      const pixels = await this.#source.take(width * height)
      yield { pixels, palette, from, to }
      from = to
    }
  }
}
