/**
 * How much the totals of a group may move. Pure.
 *
 * Totals that cross leave amounts beside each other's windows, from which the next ones differ by yet more: what is
 * shifted would grow with itself, to the end of 64 bits. But no window holds more than was ever added or said. Where
 * more than that is missing, it is what others have shifted there, and a total shifts nothing but its own ends: so
 * from then on no running sum goes further than those that there are. And what a group moves has an end, so that it
 * alone is refused, and not all others of its meter.
 */
import { type Landing, placeTotal, type Window } from './totals.ts'

export interface GroupTotals {
  /** Oldest first. */
  readonly inForce: readonly Window[]
  /** All that totals said which changed something, signs left out; no more than 2^64 − 1. */
  readonly told: bigint
  /** All that totals moved, signs left out. */
  readonly moved: bigint
}

export const NO_TOTALS: GroupTotals = { inForce: [], told: 0n, moved: 0n }

/** What is moved beside what totals said and what was added. */
const FREE = 2n ** 53n - 1n
/** How often what totals said may be moved. */
const TIMES_TOLD = 64n
const MOST_TOLD = 2n ** 64n - 1n

export interface Total {
  readonly window: Window
  readonly value: bigint
  /** How much more that is than there is. */
  readonly missing: bigint
}

export interface Moving {
  readonly after: GroupTotals
  readonly landings: readonly Landing[]
}

/**
 * @param added all that was ever added to the meter, signs left out
 * @param settledBefore windows that begin earlier are held no longer
 * @returns undefined where the group would move more than it may
 */
export function moveTotal(
  { inForce, told, moved }: GroupTotals,
  { window, value, missing }: Total,
  added: bigint,
  settledBefore: number,
): Moving | undefined {
  if (missing === 0n) {
    return {
      after: { inForce: placeTotal(inForce, window, settledBefore).inForce, told, moved },
      landings: [],
    }
  }
  const toldNow = least(told + sizeOf(value), MOST_TOLD)
  const reach = sizeOf(missing) <= added + toldNow ? 'what-follows' : 'own-ends'
  const placing = placeTotal(inForce, window, settledBefore, reach)
  const movedNow = moved + sizeOf(missing) * BigInt(placing.landings.length)
  if (movedNow > FREE + added + TIMES_TOLD * toldNow) return undefined
  return { after: { inForce: placing.inForce, told: toldNow, moved: movedNow }, landings: placing.landings }
}

function sizeOf(amount: bigint): bigint {
  return amount < 0n ? -amount : amount
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
