import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fold, type Placement, T0 } from '../../../test/support/boards.ts'
import type { Cooldown, Rules } from './rules.ts'
import { activityFactor } from './rules.ts'
import { Verdict } from './verdict.ts'

function ruled(cooldown: Cooldown, undoSeconds = 0): { rules: Rules } {
  return { rules: { cooldown, undoSeconds, activeZone: null } }
}

function stack(seconds: number, part: Partial<Extract<Cooldown, { kind: 'stack' }>> = {}): Cooldown {
  return { kind: 'stack', seconds, blankSeconds: seconds, stack: 1, activity: null, ...part }
}

const SEPHSPLACE = { kind: 'window', windowSeconds: 10, budget: 50, cost: 5, blankCost: 2 } as const

/** Every cell another, so that each is blank. */
function blanks(player: number, count: number, row: number): Placement[] {
  return Array.from({ length: count }, (_, x) => [player, x, row, 1])
}

test('[C14] without a cooldown nobody waits', () => {
  const fold = new Fold()
  const verdicts = fold.place(...blanks(1, 100, 0))
  assert.ok(verdicts.every((verdict) => verdict === 'accepted'))
  assert.equal(fold.canvas.nextMs(1, T0), T0)
})

test('[C15] a stack of 1 is the plain cooldown, over at its very millisecond', () => {
  const fold = new Fold(ruled(stack(5)))
  assert.deepEqual(fold.place([1, 0, 0, 1]), ['accepted'])
  fold.nowMs = T0 + 4999
  assert.deepEqual(fold.place([1, 1, 0, 1]), ['coolingDown'])
  fold.nowMs = T0 + 5000
  assert.deepEqual(fold.place([1, 1, 0, 1], [1, 2, 0, 1]), ['accepted', 'coolingDown'])
})

test('[C15] a stack saves placements up to its height, not more', () => {
  const fold = new Fold(ruled(stack(10, { stack: 3 })))
  assert.deepEqual(fold.place(...blanks(1, 4, 0)), ['accepted', 'accepted', 'accepted', 'coolingDown'])
  assert.equal(fold.canvas.nextMs(1, T0), T0 + 10_000)
  fold.nowMs = T0 + 1_000_000
  assert.deepEqual(fold.place(...blanks(1, 4, 1)), ['accepted', 'accepted', 'accepted', 'coolingDown'])
})

test('[C15] players cool down apart', () => {
  const fold = new Fold(ruled(stack(5)))
  assert.deepEqual(fold.place([1, 0, 0, 1], [2, 1, 0, 1], [1, 2, 0, 1], [1025, 3, 0, 1]), [
    'accepted',
    'accepted',
    'coolingDown',
    'accepted',
  ])
})

test('[C16] a window lends its budget anew with every window since the epoch', () => {
  const fold = new Fold(ruled({ ...SEPHSPLACE, blankCost: 5 }))
  fold.nowMs = T0 + 9_999
  assert.deepEqual(fold.place(...blanks(1, 11, 0)), [
    ...Array.from({ length: 10 }, () => 'accepted'),
    'coolingDown',
  ])
  assert.equal(fold.canvas.nextMs(1, T0 + 9_999), T0 + 10_000)
  fold.nowMs = T0 + 10_000
  assert.deepEqual(fold.place([1, 0, 1, 1]), ['accepted'])
})

test('[C16] a dear placement may be refused where a cheap one fits', () => {
  const fold = new Fold(ruled(SEPHSPLACE))
  fold.place(...blanks(1, 24, 0))
  assert.deepEqual(fold.place([1, 0, 0, 2], [1, 30, 0, 1], [1, 31, 0, 1]), [
    'coolingDown',
    'accepted',
    'coolingDown',
  ])
  assert.equal(fold.canvas.nextMs(1, T0, true), T0 + 10_000)
})

test('[C17] a cell that shows the background costs less, whoever made it so', () => {
  const fold = new Fold(ruled(stack(5, { blankSeconds: 2 })))
  fold.place([1, 0, 0, 1])
  assert.equal(fold.canvas.nextMs(1, T0), T0 + 2000)
  fold.place([2, 0, 0, 0])
  assert.equal(fold.canvas.nextMs(2, T0), T0 + 5000)
  fold.place([3, 0, 0, 1])
  assert.equal(fold.canvas.nextMs(3, T0), T0 + 2000)
})

test('[C18] many active players make placements dearer, in the window after theirs only', () => {
  const activity = { players: 1, windowSeconds: 60, maxFactor: 10 }
  const fold = new Fold(ruled(stack(5, { stack: 2, activity })))
  const debtMs = (): number => fold.canvas.nextMs(1, 0) - fold.nowMs + 5000
  fold.place(...[1, 1, 2, 2, 3, 4].map((player, x) => [player, x, 0, 1] as const))
  assert.equal(debtMs(), 10_000)
  fold.nowMs = T0 + 60_000
  fold.place([1, 9, 0, 1], [2, 10, 0, 1], [3, 11, 0, 1], [4, 12, 0, 1])
  assert.equal(debtMs(), 10_000)
  fold.nowMs = T0 + 180_000
  fold.place([1, 13, 0, 1])
  assert.equal(debtMs(), 5000)
})

test('[C18] the factor of activity is the root of the crowd, from 1 to its limit', () => {
  const activity = { players: 100, windowSeconds: 60, maxFactor: 3 }
  assert.equal(activityFactor(null, 1e6), 1)
  assert.deepEqual(
    [0, 50, 100, 400, 900, 1e6].map((players) => activityFactor(activity, players)),
    [1, 1, 1, 2, 3, 3],
  )
})

test('[C19] a changed rule counts from the next record; debts of the same kind stay', () => {
  const fold = new Fold(ruled(stack(100)))
  fold.place([1, 0, 0, 1])
  fold.rule({ cooldown: stack(5) })
  assert.equal(fold.canvas.nextMs(1, T0), T0 + 100_000)
  fold.place([2, 1, 0, 1])
  assert.equal(fold.canvas.nextMs(2, T0), T0 + 5000)
})

test('[C19] a change of kind forgives all debts', () => {
  const fold = new Fold(ruled(stack(100)))
  fold.place([1, 0, 0, 1])
  fold.rule({ cooldown: SEPHSPLACE })
  fold.rule({ cooldown: stack(100) })
  assert.deepEqual(fold.place([1, 1, 0, 1]), ['accepted'])
})

type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'place'; readonly player: number; readonly x: number; readonly color: number }
  | { readonly do: 'undo'; readonly player: number }

interface Charge {
  readonly player: number
  readonly timeMs: number
  readonly cost: number
}

/** The cooldown rules as SPEC.md words them, recomputed from all charges at every question. */
class NaiveCooldown {
  readonly #rule: Cooldown
  readonly #charges: Charge[] = []
  /** Undone charges leave the debts, not the count of the active. */
  readonly #active: Charge[] = []

  constructor(rule: Cooldown) {
    this.#rule = rule
  }

  #costOf(isBlank: boolean, nowMs: number): number {
    const rule = this.#rule
    if (rule.kind === 'none') return 0
    if (rule.kind === 'window') return isBlank ? rule.blankCost : rule.cost
    const cost = (isBlank ? rule.blankSeconds : rule.seconds) * 1000
    if (rule.activity === null) return cost
    const { windowSeconds, players, maxFactor } = rule.activity
    const windowOf = (timeMs: number): number => Math.floor(timeMs / (windowSeconds * 1000))
    const seen = this.#active.filter(({ timeMs }) => windowOf(timeMs) === windowOf(nowMs) - 1)
    const crowd = new Set(seen.map(({ player }) => player)).size
    return cost * Math.min(maxFactor, Math.max(1, Math.sqrt(crowd / players)))
  }

  allows(player: number, isBlank: boolean, nowMs: number): boolean {
    const rule = this.#rule
    const own = this.#charges.filter((charge) => charge.player === player)
    if (rule.kind === 'none') return true
    if (rule.kind === 'window') {
      const windowOf = (timeMs: number): number => Math.floor(timeMs / (rule.windowSeconds * 1000))
      const spent = own
        .filter(({ timeMs }) => windowOf(timeMs) === windowOf(nowMs))
        .reduce((sum, { cost }) => sum + cost, 0)
      return spent + this.#costOf(isBlank, nowMs) <= rule.budget
    }
    let debtMs = 0
    let atMs = 0
    for (const { timeMs, cost } of [...own, { timeMs: nowMs, cost: 0 }]) {
      debtMs = Math.max(0, debtMs - (timeMs - atMs)) + cost
      atMs = timeMs
    }
    // The two forms round differently, far below a millisecond.
    return debtMs <= (rule.stack - 1) * rule.seconds * 1000 + 0.01
  }

  charge(player: number, isBlank: boolean, timeMs: number): void {
    const charge = { player, timeMs, cost: this.#costOf(isBlank, timeMs) }
    this.#charges.push(charge)
    this.#active.push(charge)
  }

  refundLast(player: number): void {
    const at = this.#charges.findLastIndex((charge) => charge.player === player)
    this.#charges.splice(at, 1)
  }
}

const seconds = fc.integer({ min: 1, max: 20 })
const anyCooldown: fc.Arbitrary<Cooldown> = fc.oneof(
  fc.constant<Cooldown>({ kind: 'none' }),
  fc.record({
    kind: fc.constant('stack' as const),
    seconds,
    blankSeconds: fc.integer({ min: 0, max: 20 }),
    stack: fc.integer({ min: 1, max: 4 }),
    activity: fc.option(
      fc.record({
        players: fc.integer({ min: 1, max: 3 }),
        windowSeconds: fc.integer({ min: 5, max: 30 }),
        maxFactor: fc.integer({ min: 1, max: 2 }),
      }),
    ),
  }),
  fc.record({
    kind: fc.constant('window' as const),
    windowSeconds: seconds,
    budget: fc.integer({ min: 1, max: 20 }),
    cost: fc.integer({ min: 1, max: 10 }),
    blankCost: fc.integer({ min: 0, max: 10 }),
  }),
)

const player = fc.integer({ min: 1, max: 4 })
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.oneof(fc.nat(1500), fc.nat(12_000)) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('place' as const),
      player,
      x: fc.nat(5),
      color: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('undo' as const), player }) },
)

function agreesWithNaive(cooldowns: fc.Arbitrary<Cooldown>, numRuns: number): void {
  const steps = fc.array(anyStep, { maxLength: 60, size: 'max' })
  fc.assert(
    fc.property(cooldowns, steps, (cooldown, steps) => {
      const fold = new Fold(ruled(cooldown, 3600))
      const naive = new NaiveCooldown(cooldown)
      for (const step of steps) {
        if (step.do === 'wait') fold.nowMs += step.ms
        else if (step.do === 'undo') {
          if (fold.undo(step.player) === 'accepted') naive.refundLast(step.player)
        } else {
          const { player, x, color } = step
          const shown = fold.cell(x, 0).color
          const allowed = naive.allows(player, shown === 0, fold.nowMs)
          const expected = shown === color ? 'unchanged' : allowed ? 'accepted' : 'coolingDown'
          assert.deepEqual(fold.place([player, x, 0, color]), [expected])
          if (expected === 'accepted') naive.charge(player, shown === 0, fold.nowMs)
        }
      }
    }),
    { numRuns },
  )
}

test('[C15] [C16] [C17] [C18] [C35] cooldowns are as a naive account of all charges has them', () => {
  agreesWithNaive(anyCooldown, 300)
})

test('[C18] dearer placements are as a naive account of all charges has them', () => {
  const activity = fc.record({
    players: fc.constantFrom(1, 2),
    windowSeconds: fc.integer({ min: 2, max: 8 }),
    maxFactor: fc.constantFrom(1.5, 3),
  })
  const cooldown = fc.record({
    kind: fc.constant('stack' as const),
    seconds: fc.integer({ min: 1, max: 2 }),
    blankSeconds: fc.integer({ min: 0, max: 2 }),
    stack: fc.integer({ min: 3, max: 6 }),
    activity,
  })
  agreesWithNaive(cooldown, 200)
})

test('[C20] the next allowed time is the first millisecond at which the fold accepts', () => {
  fc.assert(
    fc.property(
      anyCooldown,
      fc.array(anyStep, { maxLength: 40 }),
      fc.boolean(),
      (cooldown, steps, isBlank) => {
        // A cost above the budget is never allowed.
        fc.pre(cooldown.kind !== 'window' || Math.max(cooldown.cost, cooldown.blankCost) <= cooldown.budget)
        const fold = new Fold(ruled(cooldown))
        fold.paint([0, 50, 0, 1, T0])
        for (const step of steps) {
          if (step.do === 'wait') fold.nowMs += step.ms
          else if (step.do === 'place') fold.place([step.player, step.x, 0, step.color])
        }
        const x = isBlank ? 51 : 50
        const { nowMs, canvas } = fold
        const nextMs = canvas.nextMs(1, nowMs, isBlank)
        assert.ok(nextMs >= nowMs)
        assert.equal(canvas.judge(1, x, 0, 2, nextMs), Verdict.accepted)
        if (nextMs > nowMs) assert.equal(canvas.judge(1, x, 0, 2, nextMs - 1), Verdict.coolingDown)
        fold.nowMs = nextMs
        assert.deepEqual(fold.place([1, x, 0, 2]), ['accepted'])
      },
    ),
    { numRuns: 300 },
  )
})
