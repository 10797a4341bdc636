import { setTimeout } from 'node:timers/promises'
import { SpateError } from '../base/errors.ts'
import type { MeterFold } from './fold.ts'
import type { MeterStore } from './port.ts'

const AGAIN_AFTER_MS = 1000

/**
 * Folds and commits, whatever becomes of the store. Who feeds a fold hands in steps; after each, what was folded is
 * committed.
 *
 * - While the store cannot take it (`retryable`), the commit is tried again every second, and the feeder waits.
 * - Where another server has committed meanwhile, or the store was lost, or could not be read in the middle of a step,
 *   what was folded is thrown away and the fold is opened again. The feeder then goes on from `fold.position`: after a
 *   commit of another server that is further on, after a loss it is further back.
 * - Any other error, and every one after `signal`, goes to the feeder.
 */
export class Folding {
  readonly #fold: MeterFold
  readonly #store: MeterStore
  readonly #signal: AbortSignal
  readonly #onStall: (reason: SpateError | undefined) => void

  /** @param onStall told why nothing moves, each time, and `undefined` once it does again */
  constructor(
    fold: MeterFold,
    store: MeterStore,
    signal: AbortSignal,
    onStall: (reason: SpateError | undefined) => void,
  ) {
    this.#fold = fold
    this.#store = store
    this.#signal = signal
    this.#onStall = onStall
  }

  /** Opens the fold again if the store is not where the fold is; true if so. */
  async lookAgain(): Promise<boolean> {
    try {
      await this.#store.refresh()
    } catch (error) {
      if (!(error instanceof SpateError && error.retryable)) throw error
      await this.#reopen(undefined)
      return true
    }
    if (this.#store.position === this.#fold.position) return false
    await this.#reopen(undefined)
    return true
  }

  /** True: what the step folded is committed. False: it is thrown away, and the fold was opened again. */
  async run(step: () => Promise<void>): Promise<boolean> {
    const before = this.#fold.position
    try {
      await step()
      await this.#commit()
      return true
    } catch (error) {
      await this.#reopen(error, before)
      return false
    }
  }

  async #commit(): Promise<void> {
    const change = this.#fold.take()
    for (;;) {
      try {
        await this.#store.commit(change)
        this.#fold.committed()
        this.#onStall(undefined)
        return
      } catch (error) {
        if (!(error instanceof SpateError && error.retryable) || this.#signal.aborted) throw error
        await this.#pause(error)
      }
    }
  }

  /**
   * @param reason what was thrown, if anything was
   * @param before where the fold stood with its store
   */
  async #reopen(reason: unknown, before = this.#store.position): Promise<void> {
    let failure = this.#passing(reason)
    for (let failures = 0; ; failures++) {
      // One alone may be of another server's doing, and over.
      if (failures > 1 && failure !== undefined) await this.#pause(failure)
      try {
        await this.#fold.reopen()
        // Who refuses and does not move is not asked in a loop.
        const isStuck = failures === 0 && this.#store.position === before
        if (isStuck && failure !== undefined) await this.#pause(failure)
        this.#onStall(undefined)
        return
      } catch (error) {
        failure = this.#passing(error)
      }
    }
  }

  /** What another try can mend; all else is thrown on. */
  #passing(error: unknown): SpateError | undefined {
    if (error === undefined) return undefined
    const isPassing = error instanceof SpateError && (error.retryable || error.code === 'conflict')
    if (!isPassing || this.#signal.aborted) throw error
    return error
  }

  async #pause(reason: SpateError): Promise<void> {
    this.#onStall(reason)
    await setTimeout(AGAIN_AFTER_MS, undefined, { signal: this.#signal }).catch(() => undefined)
  }
}
