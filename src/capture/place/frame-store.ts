import { createHash } from 'node:crypto'
import { SpateError } from '../../base/errors.ts'
import { keepNewest } from '../../base/keep-newest.ts'
import type { ObjectStore } from '../../store/objects/port.ts'
import { FrameDecoder } from './decoder.ts'
import type { FrameCells } from './picture.ts'

/** Cells of decoded frames kept until they are applied. */
const MAX_KEPT_CELLS = 4 << 20
const MAX_KEPT_FRAMES = 4096

export function frameKey(sha256: string): string {
  return `frames/${sha256.slice(0, 2)}/${sha256}.png`
}

/**
 * Frames by the hash of their bytes: the same picture is stored once, whatever its addresses. What was just decoded is
 * kept for who needs it next, within a limit; else it is read and decoded again.
 */
export class FrameStore implements AsyncDisposable {
  readonly #objects: ObjectStore
  readonly #decoder = new FrameDecoder()
  readonly #kept = new Map<string, FrameCells>()
  #keptCells = 0

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  /** Errors: those of the store. */
  async put(bytes: Uint8Array): Promise<string> {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await this.#objects.put(frameKey(sha256), bytes)
    return sha256
  }

  /** Errors: `invalid` for what is no picture, `overloaded`, `unavailable`. */
  decode(bytes: Uint8Array): Promise<FrameCells> {
    return this.#decoder.decode(bytes)
  }

  keep(sha256: string, cells: FrameCells): void {
    if (this.#keptCells + cells.count > MAX_KEPT_CELLS || this.#kept.has(sha256)) return
    this.#kept.set(sha256, cells)
    this.#keptCells += cells.count
    // Frames without cells, say.
    keepNewest(this.#kept, MAX_KEPT_FRAMES)
  }

  /** Errors: `not-found`, `invalid`, those of the store. */
  async cells(sha256: string): Promise<FrameCells> {
    const kept = this.#kept.get(sha256)
    if (kept !== undefined) {
      this.#kept.delete(sha256)
      this.#keptCells -= kept.count
      return kept
    }
    return this.decode(await this.#objects.get(frameKey(sha256)))
  }

  /** Undefined for what cannot be read any more, which `onError` is told. Errors: those that a retry may help. */
  async cellsLeft(sha256: string, onError: (error: unknown) => void): Promise<FrameCells | undefined> {
    try {
      return await this.cells(sha256)
    } catch (error) {
      if (error instanceof SpateError && error.retryable) throw error
      onError(error)
      return undefined
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#decoder[Symbol.asyncDispose]()
  }
}
