/**
 * Numbers of the players seen last, at most `capacity` of them.
 *
 * Two generations: when the young one is full it becomes the old one, whose own entries go. An entry that is
 * found moves to the young one, so what is asked for at least every `capacity / 2` other keys stays. Dropping the
 * oldest key of one Map instead takes a walk over all that were deleted before it.
 */
export class NumberCache {
  readonly #generationSize: number
  #young = new Map<string, number>()
  #old = new Map<string, number>()

  constructor(capacity: number) {
    this.#generationSize = Math.ceil(capacity / 2)
  }

  get(key: string): number | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, number: number): void {
    if (this.#young.size >= this.#generationSize) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, number)
  }
}
