import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fold, folded, type Placement } from '../../../test/support/boards.ts'
import { stateOf } from '../../../test/support/canvas-state.ts'
import { manySteps, PLAYERS, placement, STEPS_BOARD, take } from '../../../test/support/canvas-steps.ts'
import { wrap } from './geometry.ts'
import { FREE_RULES } from './rules.ts'
import { Verdict, verdictName } from './verdict.ts'

const placements = fc.array(placement, { minLength: 5, maxLength: 5 })
const players = Array.from({ length: PLAYERS }, (_, i) => i + 1)

test('[C13] any two folds of the same records are equal in every field', () => {
  fc.assert(
    fc.property(manySteps, (steps) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      assert.deepEqual(stateOf(folded(fold.records)), stateOf(fold.canvas))
    }),
    { numRuns: 100 },
  )
})

test('[C42] the judge says of the next record what the fold says of it, and changes nothing', () => {
  const seen = new Set<number>()
  fc.assert(
    fc.property(manySteps, placements, fc.nat(5000), (steps, placements, waitMs) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      fold.nowMs += waitMs
      const before = stateOf(fold.canvas)
      const judge = ([player, x, y, color]: Placement): number =>
        fold.canvas.judge(player, wrap(x), wrap(y), color, fold.nowMs)
      for (const placement of placements) seen.add(judge(placement))
      assert.deepEqual(stateOf(fold.canvas), before)
      for (const placement of placements) {
        const expected = verdictName(judge(placement))
        assert.deepEqual(fold.place(placement), [expected])
      }
    }),
    { numRuns: 400 },
  )
  const { superseded, nothingToUndo, impossible, ...ofPlacements } = Verdict
  assert.deepEqual([...seen].toSorted(), Object.values(ofPlacements).toSorted(), 'every verdict was met')
})

test('[C24] an intent that is refused or unchanged leaves no trace', () => {
  const traceOf = ({ canvas }: Fold): object => ({ ...stateOf(canvas), position: 0 })
  fc.assert(
    fc.property(manySteps, placements, (steps, placements) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      for (const placement of placements) {
        // Time alone ends shadow bans and forgets what can be undone.
        fold.place()
        const before = traceOf(fold)
        const [verdict] = fold.place(placement)
        if (verdict !== 'accepted' && verdict !== 'shadowed') assert.deepEqual(traceOf(fold), before)
      }
    }),
    { numRuns: 40 },
  )
})

test('[C7] [C43] what a record shows is what it changed, in the colours that it left', () => {
  fc.assert(
    fc.property(manySteps, (steps) => {
      const fold = new Fold(STEPS_BOARD)
      const seen = new Map<number, number>()
      for (const step of steps) {
        take(fold, step)
        for (const [x, y, color] of fold.shown) seen.set(y * 65_536 + x, color)
        fold.changes.clear()
      }
      fold.canvas.chunks.forEach((chunk, index) => {
        chunk?.colors.forEach((color, cell) => {
          const x = ((index & 0xff) << 8) | (cell & 0xff)
          const y = (index & 0xff00) | (cell >>> 8)
          const expected = seen.get(y * 65_536 + x) ?? STEPS_BOARD.background
          if (color !== expected) assert.equal(color, expected, `cell ${x}, ${y}`)
        })
      })
    }),
    { numRuns: 60 },
  )
})

/** What a player sees of the cells that the steps speak of, by wrapped coordinates. */
function viewOf({ canvas }: Fold, player: number): Map<string, number> {
  const view = new Map<string, number>()
  for (let x = -6; x <= 6; x++) {
    for (let y = -6; y <= 6; y++) {
      const [wx, wy] = [wrap(x), wrap(y)]
      view.set(`${wx},${wy}`, canvas.shadows.colorAt(player, wx, wy) ?? canvas.cellAt(wx, wy).color)
    }
  }
  return view
}

test('[C43] a record tells of every cell that looks different to a player', () => {
  fc.assert(
    fc.property(manySteps, (steps) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) {
        const before = players.map((player) => viewOf(fold, player))
        take(fold, step)
        const shown = fold.shown.map(([x, y]) => `${x},${y}`)
        players.forEach((player, i) => {
          const hidden = fold.changes.hidden.filter((change) => change.player === player)
          const told = new Set([...shown, ...hidden.map(({ x, y }) => `${x},${y}`)])
          for (const [key, color] of viewOf(fold, player)) {
            if (color !== before[i]?.get(key)) assert.ok(told.has(key), `player ${player}, cell ${key}`)
          }
        })
        fold.changes.clear()
      }
    }),
    { numRuns: 150 },
  )
})

const shadowStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('place' as const), cell: placement }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('shadow' as const), player: fc.constantFrom(1, 2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unban' as const), player: fc.constantFrom(1, 2) }) },
)

test('[C27] [C28] the shadow-banned see their own edits until somebody else paints there', () => {
  fc.assert(
    fc.property(fc.array(shadowStep, { maxLength: 60 }), (steps) => {
      const fold = new Fold({ ...STEPS_BOARD, rules: FREE_RULES })
      const everybody = new Map<string, number>()
      const own = new Map<number, Map<string, number>>()
      const seenBy = (player: number, key: string): number =>
        own.get(player)?.get(key) ?? everybody.get(key) ?? STEPS_BOARD.background
      for (const step of steps) {
        if (step.do === 'shadow') {
          fold.ban(step.player, { shadow: true })
          if (!own.has(step.player)) own.set(step.player, new Map())
        } else if (step.do === 'unban') {
          fold.unban(step.player)
          own.delete(step.player)
        } else {
          const [player, x, y, color] = step.cell
          const key = `${wrap(x)},${wrap(y)}`
          const [verdict] = fold.place(step.cell)
          if (verdict === 'outOfRange' || verdict === 'wrongColor') continue
          assert.equal(verdict === 'unchanged', seenBy(player, key) === color)
          if (verdict === 'unchanged') continue
          const hidden = own.get(player)
          assert.equal(verdict, hidden === undefined ? 'accepted' : 'shadowed')
          if (hidden !== undefined) hidden.set(key, color)
          else {
            everybody.set(key, color)
            for (const cells of own.values()) cells.delete(key)
          }
        }
        for (const player of players) {
          for (const [key, color] of viewOf(fold, player)) assert.equal(color, seenBy(player, key))
        }
      }
    }),
    { numRuns: 60 },
  )
})
