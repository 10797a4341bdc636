import { randomUUID } from 'node:crypto'
import { SpateError } from '../base/errors.ts'
import type { Began } from './records.ts'

/**
 * Of several collectors of one stream the one that began last goes on. Its own is known by a mark in the `began` record;
 * one that comes after it is another's.
 */
export class Turn {
  readonly mark = randomUUID()
  #hasBegun = false

  /** @param began the latest of the stream. Why this collector is to end, once another has begun. */
  lost(began: Began | undefined): SpateError | undefined {
    if (began?.settings.run === this.mark) this.#hasBegun = true
    else if (this.#hasBegun)
      return new SpateError(
        'conflict',
        'another server has begun to follow this capture: stop it here or there',
      )
    return undefined
  }
}
