import { type FileHandle, open, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { messageOf, SpateError } from '../../base/errors.ts'
import type { Damage } from './account.ts'

const READ_BYTES = 256 * 1024
/**
 * Compressed bytes inflated at once. Deflate expands up to 1032 times, so this bounds what a hostile file can
 * make of one step (34 MB); much smaller steps cost more in hand-overs than in inflating.
 */
const INFLATE_STEP_BYTES = 32 * 1024
const INFLATE_CHUNK_BYTES = 64 * 1024

/**
 * One file of a dataset as a stream of plain bytes, gzip (by its first bytes, any number of members) or not.
 *
 * A damaged gzip file does not throw: everything that could be inflated is handed over, the stream ends, and
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
      throw new SpateError('not-found', `cannot read ${path}: ${messageOf(cause)}`, { cause })
    })
    if (!found.isFile()) throw new SpateError('invalid', `not a file: ${path}`)
    return new InputFile(path, found.size)
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    const handle = await open(this.path).catch((cause) => {
      throw new SpateError('not-found', `cannot read ${this.path}: ${messageOf(cause)}`, { cause })
    })
    try {
      const magic = Buffer.alloc(2)
      await handle.read(magic, 0, 2, 0)
      const raw = this.#raw(handle)
      yield* magic.readUInt16BE() === 0x1f8b ? this.#inflated(raw) : raw
    } finally {
      await handle.close()
    }
  }

  async *#raw(handle: FileHandle): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const { bytesRead, buffer } = await this.#read(handle)
      if (bytesRead === 0) return
      this.readBytes += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  #read(handle: FileHandle): Promise<{ bytesRead: number; buffer: Buffer }> {
    return handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, this.readBytes).catch((cause) => {
      throw new SpateError('storage-failed', `cannot read ${this.path}: ${messageOf(cause)}`, { cause })
    })
  }

  /**
   * Steps zlib by hand, because a piped stream that fails drops what it inflated and nobody took yet. While
   * the caller works on one step's bytes, the next step is inflated on another thread.
   */
  async *#inflated(raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    const inflater = new Inflater()
    let ready: Buffer[] = []
    try {
      for await (const chunk of raw) {
        for (let at = 0; at < chunk.length; at += INFLATE_STEP_BYTES) {
          const step = inflater.step(chunk.subarray(at, at + INFLATE_STEP_BYTES))
          yield* ready
          await step
          ready = inflater.take()
          this.damage = inflater.damage
          if (this.damage !== undefined) {
            yield* ready
            return
          }
        }
      }
      yield* ready
      await inflater.finish()
      yield* inflater.take()
      this.damage = inflater.damage
    } finally {
      inflater.destroy()
    }
  }
}

/** A gunzip stream that takes one step at a time. Steps resolve whatever happens; `damage` says how it went. */
class Inflater {
  damage: Damage | undefined
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

  /** zlib calls back only when it wants more; an end or an error inside the step comes as an event instead. */
  step(compressed: Buffer): Promise<void> {
    this.#step = Promise.withResolvers()
    this.#gunzip.write(compressed, () => this.#step.resolve())
    return this.#step.promise
  }

  finish(): Promise<void> {
    this.#step = Promise.withResolvers()
    this.#finishing = true
    this.#gunzip.end()
    return this.#step.promise
  }

  take(): Buffer[] {
    return this.#inflated.splice(0)
  }

  destroy(): void {
    this.#gunzip.destroy()
  }
}
