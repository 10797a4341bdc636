/** Compressed pieces of a block: raw length u32 | stored length u32 | bytes, zstd where that is shorter. */
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib'
import { messageOf, SpateError } from '../base/errors.ts'

const HEADER_BYTES = 8
/** Shorter ones are kept as they are. */
const MIN_BYTES = 24
/** Measured (bench/archive.ts): higher levels gain less than a hundredth on columns like these. */
const LEVEL = 3

const compress = promisify(zstdCompress)

/** Compresses on another thread. */
export async function partOf(raw: Uint8Array): Promise<Uint8Array> {
  const stored = raw.length < MIN_BYTES ? raw : await smaller(raw)
  const part = new Uint8Array(HEADER_BYTES + stored.length)
  const view = new DataView(part.buffer)
  view.setUint32(0, raw.length, true)
  view.setUint32(4, stored.length, true)
  part.set(stored, HEADER_BYTES)
  return part
}

async function smaller(raw: Uint8Array): Promise<Uint8Array> {
  // As much room as the worst case needs: in one piece it is one round, and always the same bytes.
  const chunkSize = raw.length + (raw.length >>> 8) + 128
  const params = { [constants.ZSTD_c_compressionLevel]: LEVEL }
  const compressed = await compress(raw, { chunkSize, params, pledgedSrcSize: raw.length })
  return compressed.length < raw.length ? compressed : raw
}

/** Reads parts one after the other. Errors: `corrupt`. */
export class PartReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  u8(): number {
    const value = this.#bytes[this.#at++]
    if (value === undefined) throw ended()
    return value
  }

  /** @param mostBytes of what the part holds */
  next(mostBytes: number): Uint8Array {
    if (this.#at + HEADER_BYTES > this.#bytes.length) throw ended()
    const rawBytes = this.#view.getUint32(this.#at, true)
    const storedBytes = this.#view.getUint32(this.#at + 4, true)
    const from = this.#at + HEADER_BYTES
    this.#at = from + storedBytes
    if (this.#at > this.#bytes.length) throw ended()
    if (rawBytes > mostBytes) throw new SpateError('corrupt', `a part of ${rawBytes} bytes`)
    const stored = this.#bytes.subarray(from, this.#at)
    return storedBytes === rawBytes ? stored : decompressed(stored, rawBytes)
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new SpateError('corrupt', 'bytes after the last part')
  }
}

function decompressed(stored: Uint8Array, rawBytes: number): Uint8Array {
  let raw: Uint8Array
  try {
    raw = zstdDecompressSync(stored, { chunkSize: Math.max(64, rawBytes), maxOutputLength: rawBytes })
  } catch (cause) {
    throw new SpateError('corrupt', `zstd: ${messageOf(cause)}`, { cause })
  }
  if (raw.length !== rawBytes) throw new SpateError('corrupt', 'a part that is too short')
  return raw
}

function ended(): SpateError {
  return new SpateError('corrupt', 'a block that ends too early')
}
