import { SpateError } from '../base/errors.ts'
import type { HttpServices } from './services.ts'
import type { Visitor } from './visitor.ts'

/** What a change of name or a new token costs, in edits: each is a record that stays. */
export const IDENTITY_CHANGE_COST = 20

/**
 * Takes `cost` edits from what a player and their address may send. The player comes first, so that one who
 * is over the limit takes nothing from the others at their address; and a player is limited from the first
 * request on, not only once the log knows them.
 * Errors: `limited`, with nothing done.
 */
export function limit(services: HttpServices, visitor: Visitor, cost: number): void {
  const nowMs = services.clock.now()
  const waitMs =
    (visitor.key === undefined ? 0 : services.playerEdits.take(visitor.key, cost, nowMs)) ||
    services.addressEdits.take(visitor.address, cost, nowMs)
  if (waitMs > 0) {
    throw new SpateError('limited', 'too many edits; slow down', { retryAfterMs: waitMs })
  }
}
