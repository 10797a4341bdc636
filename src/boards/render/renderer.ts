import { Worker } from 'node:worker_threads'
import { SpateError } from '../../base/errors.ts'
import type { RenderJob, RenderResult } from './worker.ts'

/** Images that may wait for the encoder; more are refused as `overloaded`. */
const MAX_WAITING = 64

/**
 * Encodes PNGs off the main thread, one after the other, in a worker that is started with the first image.
 * When the worker dies, the images it had are refused as `unavailable` and the next starts a new one.
 */
export class Renderer {
  #worker: Worker | undefined
  #nextId = 1
  readonly #waiting = new Map<number, PromiseWithResolvers<Buffer>>()

  /** As `encodeIndexedPng`. Takes the pixels over. Errors: `overloaded`, `unavailable`. */
  png(
    pixels: Uint8Array<ArrayBuffer>,
    width: number,
    height: number,
    palette: readonly number[],
    transparent?: number,
  ): Promise<Buffer> {
    if (this.#waiting.size >= MAX_WAITING) {
      return Promise.reject(new SpateError('overloaded', 'too many images are being made'))
    }
    const id = this.#nextId++
    const done = Promise.withResolvers<Buffer>()
    this.#waiting.set(id, done)
    const job: RenderJob = { id, pixels, width, height, palette, transparent }
    this.#running().postMessage(job, [pixels.buffer])
    return done.promise
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(new URL('./worker.ts', import.meta.url))
    worker.unref()
    worker.on('message', ({ id, png }: RenderResult) => {
      this.#waiting.get(id)?.resolve(Buffer.from(png.buffer, png.byteOffset, png.length))
      this.#waiting.delete(id)
    })
    worker.on('error', (cause) => this.#lost(worker, cause))
    worker.on('exit', () => this.#lost(worker, undefined))
    this.#worker = worker
    return worker
  }

  #lost(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const error = new SpateError('unavailable', 'the image encoder ended', { cause })
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate()
  }
}
