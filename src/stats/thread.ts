import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, SpateError } from '../base/errors.ts'
import type { Strokes } from '../boards/canvas/strokes.ts'
import type { Position } from '../log/port.ts'
import type { Measuring } from './measurer.ts'
import type { MeterPlace } from './place.ts'

export interface ToldError {
  readonly code: ErrorCode
  readonly message: string
}

export interface MeasureJob {
  readonly kind: 'measure'
  readonly id: number
  readonly space: string
  readonly origin: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

export type ThreadJob = MeasureJob | { readonly kind: 'end' }

export type ThreadAnswer =
  | { readonly kind: 'measured'; readonly id: number; readonly position: Position }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ToldError }
  | { readonly kind: 'stalled'; readonly space: string; readonly reason: ToldError | undefined }

function errorOf({ code, message }: ToldError): SpateError {
  return new SpateError(code, message)
}

/**
 * Measures the boards of a server in one thread of their own, of lower priority where the system has that, so that
 * whoever plays does not wait for it. The thread is started with the first strokes. When it dies, what it had under
 * way is refused as `unavailable`, and the next strokes start another, which goes on from where the stores stand.
 */
export class MeterThread implements AsyncDisposable {
  readonly #place: MeterPlace
  #worker: Worker | undefined
  #nextId = 1
  #isClosed = false
  readonly #waiting = new Map<number, PromiseWithResolvers<Position>>()
  readonly #onStall = new Map<string, (reason: SpateError | undefined) => void>()

  constructor(place: MeterPlace) {
    this.#place = place
  }

  /**
   * @param origin of the board's stream (`originOf`)
   * @param onStall told why nothing moves in this space, and `undefined` once it does again
   */
  measuring(space: string, origin: string, onStall: (reason: SpateError | undefined) => void): Measuring {
    this.#onStall.set(space, onStall)
    return { measure: (strokes) => this.#measure(space, origin, strokes) }
  }

  #measure(space: string, origin: string, strokes: Strokes): Promise<Position> {
    if (this.#isClosed) return Promise.reject(new SpateError('unavailable', 'the server is stopping'))
    const id = this.#nextId++
    const done = Promise.withResolvers<Position>()
    this.#waiting.set(id, done)
    const bytes = strokes.encode()
    const job: ThreadJob = { kind: 'measure', id, space, origin, bytes }
    this.#running().postMessage(job, [bytes.buffer])
    return done.promise
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: this.#place })
    worker.unref()
    worker.on('message', (message: ThreadAnswer) => this.#hear(message))
    worker.on('error', (cause) => this.#lost(worker, cause))
    worker.on('exit', () => this.#lost(worker, undefined))
    this.#worker = worker
    return worker
  }

  #hear(message: ThreadAnswer): void {
    if (message.kind === 'stalled') {
      const { space, reason } = message
      this.#onStall.get(space)?.(reason && errorOf(reason))
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.kind === 'measured') waiting?.resolve(message.position)
    else waiting?.reject(errorOf(message.error))
  }

  #lost(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const error = new SpateError('unavailable', 'the thread that measures boards ended', { cause })
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  /** Commits under way are finished; what waits for a store is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    const worker = this.#worker
    if (worker === undefined) return
    const exited = once(worker, 'exit')
    worker.postMessage({ kind: 'end' } satisfies ThreadJob)
    await exited
  }
}
