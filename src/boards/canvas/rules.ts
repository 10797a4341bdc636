import type { Area } from './geometry.ts'

/**
 * How often a player may place.
 *
 * `stack`: every placement adds its cost in seconds to the player's debt, which time pays off; a player may
 * place while the debt is at most `(stack - 1) × seconds`. A stack of 1 is the plain cooldown.
 * `window`: time is cut into windows of `windowSeconds` from the Unix epoch on; a player may spend up to
 * `budget` in each.
 */
export type Cooldown =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'stack'
      readonly seconds: number
      /** Cost of a cell that shows the background. */
      readonly blankSeconds: number
      readonly stack: number
      readonly activity: Activity | null
    }
  | {
      readonly kind: 'window'
      readonly windowSeconds: number
      readonly budget: number
      readonly cost: number
      readonly blankCost: number
    }

/**
 * Makes placements dearer when many are there: with n players active in the last full window of
 * `windowSeconds`, costs are multiplied by √(n / players), at least 1 and at most `maxFactor`.
 */
export interface Activity {
  readonly players: number
  readonly windowSeconds: number
  readonly maxFactor: number
}

export interface Rules {
  readonly cooldown: Cooldown
  /** For how long a player may take back their last placement; 0 switches undo off. */
  readonly undoSeconds: number
  /** Where players may place; null: everywhere. */
  readonly activeZone: Area | null
}

export interface Lock extends Area {
  readonly id: string
  readonly reason: string
}

/** A lock of a known name replaces it. */
export function withLock(locks: readonly Lock[], lock: Lock): Lock[] {
  return [...withoutLock(locks, lock.id), lock]
}

export function withoutLock(locks: readonly Lock[], id: string): Lock[] {
  return locks.filter((lock) => lock.id !== id)
}

export const MAX_LOCKS = 256
export const MAX_COLORS = 256

export const FREE_RULES: Rules = { cooldown: { kind: 'none' }, undoSeconds: 0, activeZone: null }

export function activityFactor(activity: Activity | null, activePlayers: number): number {
  if (activity === null) return 1
  const factor = Math.sqrt(activePlayers / activity.players)
  return Math.min(Math.max(factor, 1), activity.maxFactor)
}
