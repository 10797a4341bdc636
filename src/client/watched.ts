/**
 * Which chunks a connection watches, and which of them are not in step with it yet: those added while it
 * was live until the server has answered for them, those added in between until they were asked for.
 */
export class WatchedChunks {
  /** null: every chunk. */
  #chunks: ReadonlySet<number> | null
  /** The request that asked for the chunk, or 0 while none did. */
  readonly #pending = new Map<number, number>()

  constructor(chunks: readonly number[] | undefined) {
    this.#chunks = chunks === undefined ? null : new Set(chunks)
  }

  /** null: every chunk. */
  get chunks(): ReadonlySet<number> | null {
    return this.#chunks
  }

  has(chunk: number): boolean {
    return this.#chunks === null || this.#chunks.has(chunk)
  }

  get isInStep(): boolean {
    return this.#pending.size === 0
  }

  /** What a new connection may ask to be resumed; null: every chunk. */
  get inStep(): number[] | null {
    return this.#chunks === null ? null : [...this.#chunks].filter((chunk) => !this.#pending.has(chunk))
  }

  get pending(): number[] {
    return [...this.#pending.keys()]
  }

  /** @returns the chunks that were not watched before */
  change(chunks: readonly number[]): number[] {
    const before = this.#chunks
    this.#chunks = new Set(chunks)
    for (const chunk of this.#pending.keys()) if (!this.#chunks.has(chunk)) this.#pending.delete(chunk)
    const added = before === null ? [] : [...this.#chunks].filter((chunk) => !before.has(chunk))
    for (const chunk of added) this.#pending.set(chunk, 0)
    return added
  }

  /** Everything was fetched for these chunks (null: every chunk); what else is watched has to be asked for. */
  loaded(chunks: ReadonlySet<number> | null): void {
    this.#pending.clear()
    if (chunks === null) return
    for (const chunk of this.#chunks ?? []) if (!chunks.has(chunk)) this.#pending.set(chunk, 0)
  }

  /** What was asked on a connection that is gone has to be asked again. */
  lost(): void {
    for (const chunk of this.#pending.keys()) this.#pending.set(chunk, 0)
  }

  asked(request: number): void {
    for (const [chunk, by] of this.#pending) if (by === 0) this.#pending.set(chunk, request)
  }

  /** The chunks for which this answer, and those before it, stand. */
  answered(request: number): number[] {
    const settled: number[] = []
    for (const [chunk, by] of this.#pending) {
      if (by === 0 || by > request) continue
      this.#pending.delete(chunk)
      settled.push(chunk)
    }
    return settled
  }
}
