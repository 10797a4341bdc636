import type { PlayerPage } from './players.ts'
import { type Activity, activityFactor, type Cooldown } from './rules.ts'

/**
 * Charges placements and says when the next is allowed. Times are the log's, in ms.
 *
 * A charge is split in two so that the fold can refuse without a trace: `costOf` and `allowed` only read,
 * `charge` writes. `refund` takes a charge back (undo).
 */
export interface Meter {
  /** ms of debt, or units of the window's budget. */
  costOf(blank: boolean): number
  allowed(page: PlayerPage, slot: number, cost: number, nowMs: number): boolean
  charge(page: PlayerPage, slot: number, cost: number, nowMs: number): void
  refund(page: PlayerPage, slot: number, cost: number, nowMs: number): void
  /** The earliest time at which a placement of this cost is allowed; `nowMs` when it is now. */
  nextMs(page: PlayerPage, slot: number, cost: number, nowMs: number): number
}

const free: Meter = {
  costOf: () => 0,
  allowed: () => true,
  charge: () => {},
  refund: () => {},
  nextMs: (_page, _slot, _cost, nowMs) => nowMs,
}

function stackMeter(rule: Extract<Cooldown, { kind: 'stack' }>, factor: number): Meter {
  const costMs = rule.seconds * 1000 * factor
  const blankCostMs = rule.blankSeconds * 1000 * factor
  const roomMs = (rule.stack - 1) * rule.seconds * 1000
  return {
    costOf: (blank) => (blank ? blankCostMs : costMs),
    allowed: (page, slot, _cost, nowMs) => (page.debt[slot] ?? 0) <= nowMs + roomMs,
    charge(page, slot, cost, nowMs) {
      page.debt[slot] = Math.max(page.debt[slot] ?? 0, nowMs) + cost
    },
    refund(page, slot, cost) {
      page.debt[slot] = Math.max(0, (page.debt[slot] ?? 0) - cost)
    },
    nextMs: (page, slot, _cost, nowMs) => Math.max(nowMs, Math.ceil((page.debt[slot] ?? 0) - roomMs)),
  }
}

function windowMeter(rule: Extract<Cooldown, { kind: 'window' }>): Meter {
  const windowMs = rule.windowSeconds * 1000
  const spentIn = (page: PlayerPage, slot: number, nowMs: number): number =>
    page.debt[slot] === Math.floor(nowMs / windowMs) ? (page.spent[slot] ?? 0) : 0
  return {
    costOf: (blank) => (blank ? rule.blankCost : rule.cost),
    allowed: (page, slot, cost, nowMs) => spentIn(page, slot, nowMs) + cost <= rule.budget,
    charge(page, slot, cost, nowMs) {
      page.spent[slot] = spentIn(page, slot, nowMs) + cost
      page.debt[slot] = Math.floor(nowMs / windowMs)
    },
    refund(page, slot, cost, nowMs) {
      page.spent[slot] = Math.max(0, spentIn(page, slot, nowMs) - cost)
    },
    nextMs(page, slot, cost, nowMs) {
      if (spentIn(page, slot, nowMs) + cost <= rule.budget) return nowMs
      return (Math.floor(nowMs / windowMs) + 1) * windowMs
    },
  }
}

/** @param activePlayers players active in the last full window of the rule's activity, if it has one */
export function meterOf(rule: Cooldown, activePlayers: number): Meter {
  switch (rule.kind) {
    case 'none':
      return free
    case 'stack':
      return stackMeter(rule, activityFactor(rule.activity, activePlayers))
    case 'window':
      return windowMeter(rule)
  }
}

export function activityOf(rule: Cooldown): Activity | null {
  return rule.kind === 'stack' ? rule.activity : null
}
