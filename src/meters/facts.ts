import type { Fact, MeterStore } from './port.ts'

/**
 * The facts that a fold sees: what the record under way sets, over what waits for the next commit, over the store's.
 * What a record sets is kept or dropped whole.
 */
export class StagedFacts {
  readonly #store: MeterStore
  #waiting = new Map<string, Fact>()
  #draft = new Map<string, Fact>()
  /** Of the store, read ahead. */
  #known = new Map<string, Uint8Array | undefined>()

  constructor(store: MeterStore) {
    this.#store = store
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.read([key]))[0]
  }

  /** In the order of the keys; one read of the store for all that it is needed for. */
  async read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const unknown = keys.filter((key) => !this.#isHere(key))
    if (unknown.length === 0) return keys.map((key) => this.#here(key))
    const stored = await this.#store.facts(unknown)
    let at = 0
    return keys.map((key) => (key === unknown[at] ? stored[at++] : this.#here(key)))
  }

  #isHere(key: string): boolean {
    return this.#draft.has(key) || this.#waiting.has(key) || this.#known.has(key)
  }

  #here(key: string): Uint8Array | undefined {
    const staged = this.#draft.get(key) ?? this.#waiting.get(key)
    return staged === undefined ? this.#known.get(key) : (staged.value ?? undefined)
  }

  /** Reads ahead, with one read of the store, what the records up to the next commit will ask for. */
  async prefetch(keys: readonly string[]): Promise<void> {
    const unknown = keys.filter((key) => !this.#isHere(key))
    if (unknown.length < 2) return
    for (const [i, value] of (await this.#store.facts(unknown)).entries()) {
      this.#known.set(unknown[i] ?? '', value)
    }
  }

  set(key: string, fact: Fact): void {
    this.#draft.set(key, fact)
  }

  keep(): void {
    for (const [key, fact] of this.#draft) this.#waiting.set(key, fact)
    this.#draft.clear()
  }

  drop(): void {
    this.#draft.clear()
  }

  /** Forgets all that is not in the store. */
  reopen(): void {
    this.#draft.clear()
    this.#known.clear()
    this.#waiting = new Map()
  }

  /** All that waits, for a commit. */
  take(): ReadonlyMap<string, Fact> {
    const taken = this.#waiting
    this.#waiting = new Map()
    this.#known.clear()
    return taken
  }
}
