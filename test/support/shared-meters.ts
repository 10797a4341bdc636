import { setImmediate } from 'node:timers/promises'
import { SpateError } from '../../src/base/errors.ts'
import type { Random } from '../../src/base/random.ts'
import type { Position } from '../../src/log/port.ts'
import type { Change, MeterStore, Sheet, Tally } from '../../src/meters/port.ts'

/**
 * A store of meters far away: every call takes some turns of the event loop, so that several servers come in each
 * other's way, and fails while `failure` is set.
 */
export class RemoteStore implements MeterStore {
  readonly #store: MeterStore
  readonly #random: Random
  /** Commits that were refused because another server was faster. */
  conflicts = 0
  failure: SpateError | undefined

  constructor(store: MeterStore, random: Random) {
    this.#store = store
    this.#random = random
  }

  get position(): Position {
    return this.#store.position
  }

  get timeMs(): number {
    return this.#store.timeMs
  }

  get origin(): string {
    return this.#store.origin
  }

  async #travel(): Promise<void> {
    for (let turns = this.#random.below(4); turns > 0; turns--) await setImmediate()
    if (this.failure !== undefined) throw this.failure
  }

  async refresh(): Promise<void> {
    await this.#travel()
    await this.#store.refresh()
  }

  async clear(): Promise<void> {
    await this.#travel()
    await this.#store.clear()
  }

  onLost(listener: () => void): () => void {
    return this.#store.onLost(listener)
  }

  async facts(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    await this.#travel()
    return this.#store.facts(keys)
  }

  async list(prefix: string, limit: number): Promise<{ key: string; value: Uint8Array }[]> {
    await this.#travel()
    return [...(await this.#store.list(prefix, limit))]
  }

  async commit(change: Change): Promise<void> {
    await this.#travel()
    try {
      await this.#store.commit(change)
    } catch (error) {
      if (error instanceof SpateError && error.code === 'conflict') this.conflicts += 1
      throw error
    }
  }

  async sum(sheet: Sheet, row: number, from: number, end: number): Promise<bigint> {
    await this.#travel()
    return this.#store.sum(sheet, row, from, end)
  }

  async sums(sheet: Sheet, row: number, cuts: readonly number[]): Promise<bigint[]> {
    await this.#travel()
    return this.#store.sums(sheet, row, cuts)
  }

  async tally(sheet: Sheet, rows: number, from: number, end: number): Promise<Tally> {
    await this.#travel()
    return this.#store.tally(sheet, rows, from, end)
  }

  digest(): Promise<string> {
    return this.#store.digest()
  }
}
