import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Random } from '../base/random.ts'
import { type GroupTotals, moveTotal, NO_TOTALS } from './group-totals.ts'
import { decodeTotals, encodeTotals } from './group-totals-bytes.ts'
import { MAX_IN_FORCE, placeTotal, type Reach, type Window } from './totals.ts'

/** A row by brute force: its seconds, and the windows in force. */
class Row {
  readonly seconds = new Map<number, number>()
  inForce: readonly Window[] = []

  add(second: number, amount: number): void {
    this.seconds.set(second, (this.seconds.get(second) ?? 0) + amount)
  }

  sum({ from, end }: Window): number {
    let sum = 0
    for (const [second, amount] of this.seconds) if (second >= from && second < end) sum += amount
    return sum
  }

  total(window: Window, value: number, settledBefore = 0, reach: Reach = 'what-follows'): void {
    const missing = value - this.sum(window)
    const { inForce, landings } = placeTotal(this.inForce, window, settledBefore, reach)
    for (const { second, sign } of landings) this.add(second, sign * missing)
    this.inForce = inForce
  }

  get changes(): Record<number, number> {
    return Object.fromEntries([...this.seconds].filter(([, amount]) => amount !== 0))
  }
}

/** Both ends included, as they are asked for. */
function between(from: number, to: number): Window {
  return { from, end: to + 1 }
}

const anyWindow = fc
  .tuple(fc.integer({ min: 10, max: 40 }), fc.integer({ min: 1, max: 20 }))
  .map(([from, length]): Window => ({ from, end: from + length }))
const anyReach = fc.constantFrom<Reach[]>('what-follows', 'own-ends')
const anyStep = fc.oneof(
  fc.record({ window: anyWindow, value: fc.integer({ min: -50, max: 50 }), reach: anyReach }),
  fc.record({ second: fc.integer({ min: 10, max: 60 }), amount: fc.integer({ min: -9, max: 9 }) }),
)

/** Whether the windows in force determine a window's sum. */
function isFixed(inForce: readonly Window[], { from, end }: Window): boolean {
  const reached = new Set([from])
  for (const node of reached) {
    for (const each of inForce) {
      if (each.from === node) reached.add(each.end)
      if (each.end === node) reached.add(each.from)
    }
  }
  return reached.has(end)
}

test('[M7] what a total says of its window is so, whatever came before', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 40 }),
      anyWindow,
      fc.integer(),
      anyReach,
      (steps, window, value, reach) => {
        const row = new Row()
        for (const step of steps) {
          if ('window' in step) row.total(step.window, step.value, 0, step.reach)
          else row.add(step.second, step.amount)
        }
        row.total(window, value, 0, reach)
        assert.equal(row.sum(window), value)
        const before = row.changes
        row.total(window, value)
        assert.deepEqual(row.changes, before)
      },
    ),
    { numRuns: 1000 },
  )
})

test('[M7] totals of pointspaced, again and again', () => {
  const row = new Row()
  for (let i = 0; i < 3; i++) row.total(between(100, 200), 50)
  assert.deepEqual(row.changes, { 200: 50 })
  row.total(between(100, 300), 0)
  assert.equal(row.sum(between(100, 300)), 0)
  const other = new Row()
  other.total(between(100, 200), 50)
  other.total(between(201, 300), 60)
  assert.deepEqual(other.changes, { 200: 50, 300: 60 })
})

test('[M8] a total changes the sum of no window in force, and adds stay on top of what totals said', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const row = new Row()
      for (const step of steps) {
        const held = row.inForce.map((window) => ({ window, sum: row.sum(window) }))
        if ('second' in step) {
          row.add(step.second, step.amount)
          continue
        }
        row.total(step.window, step.value, 0, step.reach)
        for (const { window, sum } of held) {
          if (row.inForce.includes(window)) assert.equal(row.sum(window), sum)
        }
      }
    }),
    { numRuns: 1000 },
  )
})

test('[M8] in force are those totals whose windows no newer ones in force determine', () => {
  fc.assert(
    fc.property(fc.array(anyWindow, { maxLength: MAX_IN_FORCE - 1 }), (windows) => {
      const row = new Row()
      for (const window of windows) row.total(window, 1)
      const expected: Window[] = []
      for (const window of windows.toReversed()) if (!isFixed(expected, window)) expected.unshift(window)
      assert.deepEqual(row.inForce, expected)
    }),
    { numRuns: 1000 },
  )
})

test('[M9] totals that do not contradict each other all hold, in any order and however often they come', () => {
  const anyTruth = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 70, maxLength: 70 })
  fc.assert(
    fc.property(
      anyTruth,
      fc.array(anyWindow, { minLength: 1, maxLength: MAX_IN_FORCE - 1 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.array(anyReach, { minLength: MAX_IN_FORCE * 2, maxLength: MAX_IN_FORCE * 2 }),
      (truth, windows, again, reaches) => {
        const row = new Row()
        const value = ({ from, end }: Window): number => truth.slice(from, end).reduce((a, b) => a + b, 0)
        // Those that some other totals determine drop out, so what is repeated stays in force, too.
        const sent = [...windows, ...again.map((i) => windows[i % windows.length] ?? between(10, 10))]
        for (const [i, window] of sent.entries()) row.total(window, value(window), 0, reaches[i])
        for (const window of windows) assert.equal(row.sum(window), value(window))
      },
    ),
    { numRuns: 2000 },
  )
})

test('[M9] a growing total that comes late is right, and so is what came before it', () => {
  const late = new Row()
  late.total(between(0, 200), 150)
  late.total(between(0, 100), 100)
  assert.deepEqual(late.changes, { 100: 100, 200: 50 })
  const inOrder = new Row()
  inOrder.total(between(0, 100), 100)
  inOrder.total(between(0, 200), 150)
  assert.deepEqual(inOrder.changes, late.changes)
})

test('[M10] what is missing lands in the last second, or where it changes no other window', () => {
  const cases: [
    before: [Window, number][],
    window: Window,
    value: number,
    changes: Record<number, number>,
  ][] = [
    [[], between(10, 20), 5, { 20: 5 }],
    [[[between(30, 40), 7]], between(10, 20), 5, { 20: 5, 40: 7 }],
    [[[between(15, 30), 7]], between(10, 20), 5, { 14: 5, 30: 7 }],
    [[[between(5, 30), 7]], between(10, 20), 5, { 20: 5, 30: 2 }],
    [[[between(5, 20), 7]], between(10, 20), 5, { 9: 2, 20: 5 }],
    [[[between(12, 14), 2]], between(10, 20), 5, { 14: 2, 20: 3 }],
    [[[between(0, 15), 3]], between(10, 20), 5, { 15: 3, 20: 2 }],
  ]
  for (const [before, window, value, changes] of cases) {
    const row = new Row()
    for (const [each, sum] of before) row.total(each, sum)
    row.total(window, value)
    assert.deepEqual(row.changes, changes)
  }
})

test('[M10] more than 32 totals, and those that begin too early, are settled', () => {
  const row = new Row()
  for (let i = 0; i <= MAX_IN_FORCE; i++) row.total(between(i * 10, i * 10 + 5), 1)
  assert.equal(row.inForce.length, MAX_IN_FORCE)
  assert.equal(row.inForce[0]?.from, 10)
  row.total(between(400, 401), 1, 300)
  assert.deepEqual(
    row.inForce.map(({ from }) => from),
    [300, 310, 320, 400],
  )
})

/** A group of one row, whose totals move only what they may. */
class Group {
  readonly row = new Row()
  totals: GroupTotals = NO_TOTALS

  /** False where it is refused. */
  total(window: Window, value: number, added = 0): boolean {
    const missing = value - this.row.sum(window)
    const said = { window, value: BigInt(value), missing: BigInt(missing) }
    const moving = moveTotal(this.totals, said, BigInt(added), 0)
    if (moving === undefined) return false
    for (const { second, sign } of moving.landings) this.row.add(second, sign * missing)
    this.totals = decodeTotals(encodeTotals(moving.after))
    assert.deepEqual(this.totals, moving.after)
    return true
  }
}

test('[M27] what hundreds of totals move that cross at random does not grow with itself, whether or not they contradict each other', () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = new Random(seed)
    const spread = random.pick([60, 1000])
    const ends = Array.from({ length: spread + 300 }, () => random.below(10))
    for (let i = 1; i < ends.length; i++) ends[i] = (ends[i] ?? 0) + (ends[i - 1] ?? 0)
    const isTrue = seed % 2 === 0
    const group = new Group()
    const count = 1000
    for (let i = 0; i < count; i++) {
      const from = random.below(spread)
      const end = from + 1 + random.below(200)
      const value = isTrue ? (ends[end] ?? 0) - (ends[from] ?? 0) : random.below(1000)
      assert.equal(group.total({ from, end }, value), true)
      assert.equal(group.row.sum({ from, end }), value)
    }
    const { told, moved } = group.totals
    assert.ok(moved < told * BigInt(8 * count), `seed ${seed}: ${moved} for ${told}`)
  }
})

test('[M27] where more is missing than was ever added or said, nothing but the own ends is shifted', () => {
  const window = between(10, 20)
  const others = [between(15, 30), between(40, 50)]
  const far = new Row()
  for (const other of others) far.total(other, 7)
  const before = far.changes
  far.total(window, 5, 0, 'own-ends')
  assert.deepEqual(before, { 30: 7, 50: 7 })
  assert.deepEqual(far.changes, { 20: 5, 21: -5, 30: 7, 50: 7 })
  const landings = (missing: bigint, added: bigint): number =>
    moveTotal({ inForce: [], told: 60n, moved: 0n }, { window, value: 40n, missing }, added, 0)?.landings
      .length ?? 0
  assert.deepEqual([landings(-100n, 0n), landings(-101n, 0n), landings(-101n, 1n)], [1, 2, 1])
})

test('[M27] what totals move ends at 2^53 − 1, 64 times what they said, and what was added', () => {
  const free = 2n ** 53n - 1n
  const isTaken = (moved: bigint, added: bigint): boolean =>
    moveTotal(
      { inForce: [], told: 0n, moved },
      { window: between(10, 20), value: 1n, missing: 1n },
      added,
      0,
    ) !== undefined
  assert.deepEqual(
    [isTaken(free + 63n, 0n), isTaken(free + 64n, 0n), isTaken(free + 64n, 1n)],
    [true, false, true],
  )
})
