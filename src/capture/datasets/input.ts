import { type FileHandle, open, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { type ErrorCode, messageOf, SpateError } from '../../base/errors.ts'
import type { Damage } from './account.ts'

const GZIP_MAGIC = 0x1f8b
const READ_BYTES = 256 * 1024
/**
 * Compressed bytes inflated at once. Deflate expands up to 1032 times, so this bounds what a hostile file can
 * make of one step (68 MB); much smaller steps cost more in hand-overs than in inflating.
 */
const INFLATE_STEP_BYTES = 64 * 1024
/** Large, since a step that reaches the end of a chunk waits for this thread to give zlib another. */
const INFLATE_CHUNK_BYTES = 1024 * 1024

/**
 * One file of a dataset as a stream of plain bytes, gzip (by its first bytes, any number of members) or not.
 *
 * A damaged gzip file does not throw: everything that can be inflated is handed over, the stream ends, and
 * `damage` says why. Bytes before a wrong checksum are handed over too, since gzip checks only at a member's end.
 */
export class InputFile {
  readonly path: string
  readonly sizeBytes: number
  /** Bytes read so far, as they lie on disk. */
  readBytes = 0
  damage: Damage | undefined

  private constructor(path: string, sizeBytes: number) {
    this.path = path
    this.sizeBytes = sizeBytes
  }

  static async find(path: string): Promise<InputFile> {
    const found = await stat(path).catch((cause) => {
      throw unreadable('not-found', path, cause)
    })
    if (!found.isFile()) throw new SpateError('invalid', `not a file: ${path}`)
    return new InputFile(path, found.size)
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    const handle = await open(this.path).catch((cause) => {
      throw unreadable('not-found', this.path, cause)
    })
    try {
      const magic = Buffer.alloc(2)
      await handle.read(magic, 0, 2, 0)
      yield* magic.readUInt16BE() === GZIP_MAGIC ? this.#inflated(handle) : this.#raw(handle)
    } finally {
      await handle.close()
    }
  }

  async *#raw(handle: FileHandle): AsyncGenerator<Buffer, void, undefined> {
    let position = 0
    for (;;) {
      const { bytesRead, buffer } = await handle
        .read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, position)
        .catch((cause) => {
          throw unreadable('storage-failed', this.path, cause)
        })
      if (bytesRead === 0) return
      position += bytesRead
      this.readBytes = Math.max(this.readBytes, position)
      yield buffer.subarray(0, bytesRead)
    }
  }

  /**
   * zlib keeps what a failing step had inflated. So after a failure the file is inflated once more, up to that
   * step in silence and then byte by byte, for the good bytes before the bad one.
   */
  async *#inflated(handle: FileHandle): AsyncGenerator<Buffer, void, undefined> {
    const inflater = new Inflater()
    let handedOver = 0
    for await (const bytes of inflater.inflate(this.#raw(handle), Number.POSITIVE_INFINITY)) {
      handedOver += bytes.length
      yield bytes
    }
    this.damage = inflater.damage
    if (this.damage !== 'gzip-corrupt') return
    let repeated = 0
    for await (const bytes of new Inflater().inflate(this.#raw(handle), inflater.stepAtBytes)) {
      const good = bytes.subarray(Math.min(bytes.length, handedOver - repeated))
      repeated += bytes.length - good.length
      if (good.length > 0) yield good
    }
  }
}

function unreadable(code: ErrorCode, path: string, cause: unknown): SpateError {
  return new SpateError(code, `cannot read ${path}: ${messageOf(cause)}`, { cause })
}

/**
 * A gunzip stream that is stepped by hand, since a piped one that fails drops what it inflated and nobody took
 * yet. While the caller works on one step's bytes, the next step is inflated on another thread.
 */
class Inflater {
  damage: Damage | undefined
  /** Where the step that came last begins in the file. */
  stepAtBytes = 0
  readonly #gunzip = createGunzip({ chunkSize: INFLATE_CHUNK_BYTES })
  #inflated: Buffer[] = []
  #finishing = false
  #step = Promise.withResolvers<void>()

  constructor() {
    this.#gunzip.on('data', (chunk: Buffer) => this.#inflated.push(chunk))
    this.#gunzip.on('end', () => {
      if (!this.#finishing) this.damage ??= 'gzip-trailing-bytes'
      this.#step.resolve()
    })
    this.#gunzip.on('error', (error: NodeJS.ErrnoException) => {
      this.damage ??= error.code === 'Z_BUF_ERROR' ? 'gzip-cut' : 'gzip-corrupt'
      this.#step.resolve()
    })
  }

  /** Ends without an error whatever happens; then `damage` says how it went. From `carefulFrom` on it steps by bytes. */
  async *inflate(
    compressed: AsyncIterable<Buffer>,
    carefulFromBytes: number,
  ): AsyncGenerator<Buffer, void, undefined> {
    let ready: Buffer[] = []
    let position = 0
    try {
      for await (const chunk of compressed) {
        for (let at = 0; at < chunk.length; ) {
          const careful = carefulFromBytes - position - at
          const to = at + (careful > 0 ? Math.min(INFLATE_STEP_BYTES, careful) : 1)
          this.stepAtBytes = position + at
          const step = this.#inflateStep(chunk.subarray(at, to))
          yield* ready
          await step
          ready = this.#inflated.splice(0)
          if (this.damage !== undefined) {
            yield* ready
            return
          }
          at = to
        }
        position += chunk.length
      }
      yield* ready
      await this.#finish()
      yield* this.#inflated.splice(0)
    } finally {
      this.#gunzip.destroy()
    }
  }

  /** zlib calls back only when it wants more; an end or an error inside the step comes as an event instead. */
  #inflateStep(compressed: Buffer): Promise<void> {
    this.#step = Promise.withResolvers()
    this.#gunzip.write(compressed, () => this.#step.resolve())
    return this.#step.promise
  }

  #finish(): Promise<void> {
    this.#step = Promise.withResolvers()
    this.#finishing = true
    this.#gunzip.end()
    return this.#step.promise
  }
}
