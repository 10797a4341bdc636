import { assert } from '../base/assert.ts'
import type { Position } from '../log/port.ts'

interface Claim {
  readonly done: PromiseWithResolvers<Uint8Array>
  isSettled: boolean
  isTaken: boolean
}

/**
 * Brings together the two ends of an append: the position that the log answers with, and the verdicts that
 * the fold has for it. Either may come first. Verdicts of records that others appended are kept only while an
 * append of ours is under way, because until then nobody can say whose they are.
 */
export class Claims {
  readonly #claims = new Map<Position, Claim>()
  readonly #early = new Map<Position, Uint8Array>()
  #appends = 0
  #failed: Error | undefined

  /** Runs one append; its positions are ours. */
  async during(append: () => Promise<Position[]>): Promise<Position[]> {
    this.#appends += 1
    try {
      const positions = await append()
      for (const position of positions) this.#claim(position)
      return positions
    } finally {
      this.#appends -= 1
      if (this.#appends === 0) this.#early.clear()
    }
  }

  #claim(position: Position): void {
    const done = Promise.withResolvers<Uint8Array>()
    // A claim that is never taken may be rejected in peace.
    done.promise.catch(() => {})
    const verdicts = this.#early.get(position)
    if (verdicts !== undefined) done.resolve(verdicts)
    else if (this.#failed !== undefined) done.reject(this.#failed)
    const isSettled = verdicts !== undefined || this.#failed !== undefined
    this.#claims.set(position, { done, isSettled, isTaken: false })
  }

  /** The fold has judged a record; the verdicts are copied. */
  judged(position: Position, verdicts: Uint8Array): void {
    const claim = this.#claims.get(position)
    if (claim !== undefined) {
      claim.done.resolve(verdicts.slice())
      claim.isSettled = true
      if (claim.isTaken) this.#claims.delete(position)
    } else if (this.#appends > 0) {
      this.#early.set(position, verdicts.slice())
    }
  }

  /** The verdicts of a record that was appended here, once it is folded. */
  take(position: Position): Promise<Uint8Array> {
    const claim = this.#claims.get(position)
    assert(claim !== undefined, 'only what was appended here is claimed')
    claim.isTaken = true
    if (claim.isSettled) this.#claims.delete(position)
    return claim.done.promise
  }

  /** No verdict will come any more. */
  fail(error: Error): void {
    this.#failed = error
    for (const claim of this.#claims.values()) {
      claim.done.reject(error)
      claim.isSettled = true
    }
  }
}
