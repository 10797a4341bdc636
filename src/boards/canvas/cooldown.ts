import type { PlayerPage } from './players.ts'
import { type Activity, activityFactor, type Cooldown } from './rules.ts'

const None = 0
const Stack = 1
const Window = 2

/** What {@link Charges.take} answers instead of a cost. */
export const REFUSED = -1

/**
 * Charges placements and says when the next is allowed. Times are the log's, in ms; a cost is ms of debt
 * (`stack`) or units of the window's budget (`window`).
 *
 * One class for all kinds of cooldown, and numbers only: this is the inside of the fold's loop.
 */
export class Charges {
  readonly #kind: typeof None | typeof Stack | typeof Window
  readonly #cost: number
  readonly #blankCost: number
  /** `stack`: debt with which a player may still place. `window`: the budget. */
  readonly #room: number
  readonly #windowMs: number

  /** @param activePlayers players active in the last full window of the rule's activity, if it has one */
  constructor(rule: Cooldown, activePlayers: number) {
    this.#windowMs = 1
    switch (rule.kind) {
      case 'none':
        this.#kind = None
        this.#cost = 0
        this.#blankCost = 0
        this.#room = 0
        break
      case 'stack': {
        const factor = activityFactor(rule.activity, activePlayers)
        this.#kind = Stack
        this.#cost = rule.seconds * 1000 * factor
        this.#blankCost = rule.blankSeconds * 1000 * factor
        this.#room = (rule.stack - 1) * rule.seconds * 1000
        break
      }
      case 'window':
        this.#kind = Window
        this.#cost = rule.cost
        this.#blankCost = rule.blankCost
        this.#room = rule.budget
        this.#windowMs = rule.windowSeconds * 1000
        break
    }
  }

  /** Whether placing costs nothing, so that there is nothing to keep. */
  get isFree(): boolean {
    return this.#kind === None
  }

  /** The number of the window that a time lies in; what `take` wants to know it by. */
  windowOf(nowMs: number): number {
    return Math.floor(nowMs / this.#windowMs)
  }

  /** Charges for one placement: its cost, or {@link REFUSED} with nothing changed. */
  take(page: PlayerPage, slot: number, isBlank: boolean, nowMs: number, window: number): number {
    const cost = isBlank ? this.#blankCost : this.#cost
    if (this.#kind === Stack) {
      const debt = page.debt[slot] ?? 0
      if (debt > nowMs + this.#room) return REFUSED
      page.debt[slot] = Math.max(debt, nowMs) + cost
    } else if (this.#kind === Window) {
      const spent = page.debt[slot] === window ? (page.spent[slot] ?? 0) : 0
      if (spent + cost > this.#room) return REFUSED
      page.debt[slot] = window
      page.spent[slot] = spent + cost
    }
    return cost
  }

  /** Takes a charge back (undo). */
  refund(page: PlayerPage, slot: number, cost: number, nowMs: number): void {
    if (this.#kind === Stack) page.debt[slot] = Math.max(0, (page.debt[slot] ?? 0) - cost)
    else if (this.#kind === Window && page.debt[slot] === this.windowOf(nowMs)) {
      page.spent[slot] = Math.max(0, (page.spent[slot] ?? 0) - cost)
    }
  }

  /** The earliest time at which a placement is allowed; `nowMs` when it is now. */
  nextMs(page: PlayerPage, slot: number, isBlank: boolean, nowMs: number): number {
    if (this.#kind === Stack) return Math.max(nowMs, Math.ceil((page.debt[slot] ?? 0) - this.#room))
    if (this.#kind === None) return nowMs
    const window = this.windowOf(nowMs)
    const spent = page.debt[slot] === window ? (page.spent[slot] ?? 0) : 0
    const cost = isBlank ? this.#blankCost : this.#cost
    return spent + cost <= this.#room ? nowMs : (window + 1) * this.#windowMs
  }
}

export function activityOf(rule: Cooldown): Activity | null {
  return rule.kind === 'stack' ? rule.activity : null
}
