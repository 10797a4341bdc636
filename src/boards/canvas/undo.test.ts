import assert from 'node:assert/strict'
import { test } from 'node:test'
import { area, Fold, T0 } from '../../../test/support/boards.ts'
import { RecordType } from './records.ts'
import type { Cooldown, Rules } from './rules.ts'

const PLAIN = { kind: 'stack', seconds: 60, blankSeconds: 10, stack: 1, activity: null } as const

function undoable(cooldown: Cooldown = { kind: 'none' }): { rules: Rules } {
  return { rules: { cooldown, undoSeconds: 5, activeZone: null } }
}

test('[C34] a player takes their last placement back: the cell is what it was', () => {
  const fold = new Fold(undoable())
  fold.place([1, 0, 0, 3])
  fold.nowMs += 1000
  fold.place([2, 0, 0, 4])
  assert.equal(fold.undo(2), 'accepted')
  assert.deepEqual(fold.cell(0, 0), { color: 3, player: 1, timeMs: T0 })
  assert.deepEqual(fold.shown, [[0, 0, 3]])
  assert.equal(fold.undo(2), undefined)
})

test('[C34] undo goes one placement back, and only each player’s own', () => {
  const fold = new Fold(undoable())
  fold.place([1, 0, 0, 3], [1, 1, 0, 4], [2, 2, 0, 5])
  assert.equal(fold.undo(1), 'accepted')
  assert.deepEqual(fold.row(0, 0, 3), [3, 0, 5])
  assert.equal(fold.undo(1), undefined)
})

test('[C34] undo is possible for its seconds, to the millisecond', () => {
  const late = new Fold(undoable())
  late.place([1, 0, 0, 3])
  late.nowMs = T0 + 5001
  assert.equal(late.undo(1), 'nothingToUndo')
  const timely = new Fold(undoable())
  timely.place([1, 0, 0, 3])
  timely.nowMs = T0 + 5000
  assert.equal(timely.undo(1), 'accepted')
})

test('[C34] what can no longer be undone is forgotten with the next placement', () => {
  const fold = new Fold(undoable())
  fold.place([1, 0, 0, 3], [2, 1, 0, 3])
  fold.nowMs = T0 + 5000
  fold.place([3, 2, 0, 3])
  assert.deepEqual([...fold.canvas.undo.byPlayer.keys()], [1, 2, 3])
  fold.nowMs = T0 + 5001
  fold.place([4, 3, 0, 3])
  assert.deepEqual([...fold.canvas.undo.byPlayer.keys()], [3, 4])
})

test('[C34] what can be undone is forgotten by the time of the last placement', () => {
  const fold = new Fold(undoable())
  fold.place([1, 0, 0, 3], [2, 1, 0, 3])
  fold.nowMs = T0 + 4000
  fold.place([1, 2, 0, 3])
  fold.nowMs = T0 + 6000
  fold.place([3, 3, 0, 3])
  assert.deepEqual([...fold.canvas.undo.byPlayer.keys()], [1, 3])
})

test('[C34] where undo is switched off nothing can be undone, not what went before either', () => {
  const fold = new Fold(undoable())
  fold.place([1, 0, 0, 3])
  fold.rule({ undoSeconds: 0 })
  fold.place([2, 1, 0, 3])
  assert.equal(fold.canvas.undo.byPlayer.size, 0)
})

test('[C34] a placement that somebody painted over is not undone, nor its cost given back', () => {
  const fold = new Fold(undoable(PLAIN))
  fold.place([1, 0, 0, 3], [2, 0, 0, 4])
  assert.equal(fold.undo(1), 'superseded')
  assert.equal(fold.cell(0, 0).color, 4)
  assert.equal(fold.canvas.nextMs(1, T0), T0 + 10_000)
})

test('[C34] an undo that spells out anything but the last placement undoes nothing', () => {
  const fold = new Fold(undoable())
  fold.place([1, 0, 0, 3], [1, 0, 0, 4])
  const first = {
    x: 0,
    y: 0,
    expected: { color: 3, player: 1, timeMs: T0 },
    becomes: { color: 0, player: 0, timeMs: 0 },
  }
  const last = { ...first, expected: { ...first.expected, color: 4 } }
  const body = { kind: 'undo', player: 1, reason: '', cells: [first, last] } as const
  assert.deepEqual(fold.apply({ type: RecordType.restored, body }), ['nothingToUndo', 'nothingToUndo'])
  assert.equal(fold.cell(0, 0).color, 4)
  assert.equal(fold.undo(1), 'accepted')
})

test('[C35] an undo gives back what the placement cost', () => {
  const fold = new Fold(undoable(PLAIN))
  fold.place([1, 0, 0, 3])
  fold.undo(1)
  assert.equal(fold.canvas.nextMs(1, T0), T0)
  const window = { kind: 'window', windowSeconds: 10, budget: 10, cost: 6, blankCost: 4 } as const
  const lent = new Fold(undoable(window))
  lent.place([1, 0, 0, 3], [1, 0, 0, 4])
  assert.equal(lent.canvas.nextMs(1, T0, true), T0 + 10_000)
  lent.undo(1)
  assert.deepEqual(lent.place([1, 1, 0, 1], [1, 2, 0, 1]), ['accepted', 'coolingDown'])
})

test('[C35] an undo in the next window gives nothing of that window', () => {
  const window = { kind: 'window', windowSeconds: 1, budget: 6, cost: 6, blankCost: 6 } as const
  const fold = new Fold(undoable(window))
  fold.place([1, 0, 0, 3])
  fold.nowMs = T0 + 1000
  assert.equal(fold.undo(1), 'accepted')
  assert.deepEqual(fold.place([1, 1, 0, 1], [1, 2, 0, 1]), ['accepted', 'coolingDown'])
})

test('[C36] an undo is refused where its placement would be', () => {
  const fold = new Fold(undoable(PLAIN))
  fold.place([1, 20, 20, 3])
  fold.ban(1)
  assert.equal(fold.undo(1), 'banned')
  fold.unban(1)
  fold.resize(area(0, 0, 20, 20))
  assert.equal(fold.undo(1), 'outOfRange')
  fold.resize(area(0, 0, 40, 40))
  fold.lock('a', area(20, 20, 1, 1))
  assert.equal(fold.undo(1), 'locked')
  fold.rule({ activeZone: area(0, 0, 5, 5) })
  assert.equal(fold.undo(1), 'inactive')
  assert.equal(fold.cell(20, 20).color, 3)
  fold.rule({ activeZone: null })
  fold.unlock('a')
  assert.equal(fold.undo(1), 'accepted')
})

test('[C37] the shadow-banned undo for their own eyes only', () => {
  const fold = new Fold(undoable(PLAIN))
  fold.ban(1, { shadow: true })
  fold.place([2, 0, 0, 6], [1, 0, 0, 3])
  assert.equal(fold.undo(1), 'shadowed')
  assert.deepEqual(fold.shown, [])
  assert.deepEqual(fold.changes.hidden, [{ player: 1, x: 0, y: 0, color: 6 }])
  assert.equal(fold.canvas.nextMs(1, T0), T0)
  assert.equal(fold.undo(1), undefined)
})

test('[C37] what was placed before a shadow ban stays for all to see when its player undoes it', () => {
  const fold = new Fold(undoable())
  fold.place([1, 0, 0, 3])
  fold.ban(1, { shadow: true })
  assert.equal(fold.undo(1), 'shadowed')
  assert.equal(fold.cell(0, 0).color, 3)
  assert.deepEqual(fold.canvas.shadows.cellsOf(1), [{ x: 0, y: 0, color: 0 }])
})

test('[C37] what only the shadow-banned saw cannot be undone once others painted it or the ban is over', () => {
  const covered = new Fold(undoable())
  covered.ban(1, { shadow: true })
  covered.place([1, 0, 0, 3], [2, 0, 0, 3])
  assert.equal(covered.undo(1), 'superseded')
  const over = new Fold(undoable())
  over.ban(1, { shadow: true, untilMs: T0 + 1 })
  over.place([1, 0, 0, 3])
  over.nowMs = T0 + 1
  assert.equal(over.undo(1), 'superseded')
  assert.equal(over.cell(0, 0).color, 0)
})
