import { Worker } from 'node:worker_threads'
import { SpateError } from '../../base/errors.ts'
import { Gate } from '../../base/gate.ts'
import type { Decoded, DecodeJob } from './decode-worker.ts'
import type { FrameCells } from './picture.ts'

/** In the thread at once: each holds 4 bytes a pixel there. */
const AT_ONCE = 2
const MAY_WAIT = 4096

/**
 * Decodes frames in a thread of its own, started with the first: the pixels of a second's frames are some hundred
 * megabytes, which a large heap is slow to give back. When the thread dies, the frames it had are `unavailable` and the
 * next starts a new one.
 */
export class FrameDecoder implements AsyncDisposable {
  #worker: Worker | undefined
  #nextId = 1
  readonly #gate = new Gate(AT_ONCE, MAY_WAIT, 'too many frames are being decoded')
  readonly #waiting = new Map<number, PromiseWithResolvers<FrameCells>>()

  /** As `decodeFrame`. Errors: `invalid` for what is no picture; `overloaded`, `unavailable`. */
  decode(bytes: Uint8Array): Promise<FrameCells> {
    return this.#gate.pass(() => {
      const id = this.#nextId++
      const done = Promise.withResolvers<FrameCells>()
      this.#waiting.set(id, done)
      this.#running().postMessage({ id, bytes } satisfies DecodeJob)
      return done.promise
    })
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(new URL('./decode-worker.ts', import.meta.url))
    worker.unref()
    worker.on('message', (decoded: Decoded) => this.#settle(decoded))
    worker.on('error', (cause) => this.#lost(worker, cause))
    worker.on('exit', () => this.#lost(worker, undefined))
    this.#worker = worker
    return worker
  }

  #settle(decoded: Decoded): void {
    const done = this.#waiting.get(decoded.id)
    this.#waiting.delete(decoded.id)
    if ('refusal' in decoded) done?.reject(new SpateError('invalid', decoded.refusal))
    else done?.resolve(decoded.cells)
  }

  #lost(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const error = new SpateError('unavailable', 'the decoder of frames ended', { cause })
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate()
  }
}
