import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fold, T0 } from '../../../test/support/boards.ts'
import { Verdict } from './verdict.ts'

const COOLDOWN = { kind: 'stack', seconds: 5, blankSeconds: 5, stack: 1, activity: null } as const

test('[C25] who is banned places nothing, until unbanned; what they painted stays', () => {
  const fold = new Fold()
  fold.place([7, 0, 0, 1])
  assert.equal(fold.ban(7), 'accepted')
  assert.deepEqual(fold.place([7, 1, 0, 1], [8, 2, 0, 1]), ['banned', 'accepted'])
  assert.equal(fold.cell(0, 0).player, 7)
  assert.equal(fold.unban(7), 'accepted')
  assert.deepEqual(fold.place([7, 1, 0, 1]), ['accepted'])
})

test('[C25] nobody (player 0) cannot be banned', () => {
  const fold = new Fold()
  assert.equal(fold.ban(0), 'impossible')
  assert.equal(fold.canvas.bans.size, 0)
})

test('[C25] an unban of somebody who is not banned is impossible', () => {
  const fold = new Fold()
  assert.equal(fold.unban(7), 'impossible')
  fold.ban(7)
  fold.unban(7)
  assert.equal(fold.unban(7), 'impossible')
})

test('[C25] the latest ban counts, also when it is the shorter', () => {
  const fold = new Fold()
  fold.ban(7)
  fold.ban(7, { untilMs: T0 + 10 })
  fold.nowMs = T0 + 10
  assert.deepEqual(fold.place([7, 0, 0, 1]), ['accepted'])
})

test('[C26] a ban ends at the very millisecond that it names', () => {
  const fold = new Fold()
  fold.ban(7, { untilMs: T0 + 1000 })
  fold.nowMs = T0 + 999
  assert.deepEqual(fold.place([7, 0, 0, 1]), ['banned'])
  assert.equal(fold.canvas.judge(7, 0, 0, 1, T0 + 999), Verdict.banned)
  assert.equal(fold.canvas.judge(7, 0, 0, 1, T0 + 1000), Verdict.accepted)
  fold.nowMs = T0 + 1000
  assert.deepEqual(fold.place([7, 0, 0, 1]), ['accepted'])
})

test('[C26] a ban ends by the time of the log, not by a record that comes with an earlier one', () => {
  const fold = new Fold()
  fold.ban(7, { untilMs: T0 + 1000 })
  fold.nowMs = T0 + 1000
  fold.place([8, 0, 0, 1])
  fold.nowMs = T0 + 500
  assert.deepEqual(fold.place([7, 1, 0, 1]), ['accepted'])
})

test('[C27] only the shadow-banned see what they place; the log’s verdict says so', () => {
  const fold = new Fold()
  fold.ban(7, { shadow: true })
  assert.deepEqual(fold.place([7, 3, 4, 5]), ['shadowed'])
  assert.deepEqual(fold.cell(3, 4), { color: 0, player: 0, timeMs: 0 })
  assert.deepEqual(fold.shown, [])
  assert.deepEqual(fold.changes.hidden, [{ player: 7, x: 3, y: 4, color: 5 }])
  assert.deepEqual(fold.canvas.shadows.cellsOf(7), [{ x: 3, y: 4, color: 5 }])
  assert.deepEqual(fold.canvas.shadows.cellsOf(8), [])
})

test('[C27] the shadow-banned are judged by what they see, and cool down like anybody', () => {
  const fold = new Fold({ rules: { cooldown: COOLDOWN, undoSeconds: 0, activeZone: null } })
  fold.ban(7, { shadow: true })
  assert.deepEqual(fold.place([7, 0, 0, 5], [7, 0, 0, 5], [7, 1, 0, 5], [7, 200, 0, 5]), [
    'shadowed',
    'unchanged',
    'coolingDown',
    'outOfRange',
  ])
  assert.deepEqual(fold.place([8, 0, 0, 5]), ['accepted'])
})

test('[C28] what others paint covers what the shadow-banned saw there', () => {
  const fold = new Fold()
  fold.ban(7, { shadow: true })
  fold.place([7, 0, 0, 5], [7, 1, 0, 5], [7, 2, 0, 5], [8, 0, 0, 6])
  fold.paint([9, 1, 0, 6, T0])
  assert.deepEqual(fold.canvas.shadows.cellsOf(7), [{ x: 2, y: 0, color: 5 }])
  fold.restore('rollback', {
    x: 2,
    y: 0,
    expected: { color: 0, player: 0, timeMs: 0 },
    becomes: { color: 3, player: 0, timeMs: 0 },
  })
  assert.deepEqual(fold.canvas.shadows.cellsOf(7), [])
  assert.equal(fold.canvas.shadows.size, 0)
})

test('[C28] an unban and a plain ban show the player what everybody sees', () => {
  for (const end of ['unban', 'ban'] as const) {
    const fold = new Fold()
    fold.place([8, 0, 0, 2])
    fold.ban(7, { shadow: true })
    fold.place([7, 0, 0, 5], [7, 1, 0, 5])
    assert.equal(fold[end](7), 'accepted')
    assert.deepEqual(fold.changes.hidden, [
      { player: 7, x: 0, y: 0, color: 2 },
      { player: 7, x: 1, y: 0, color: 0 },
    ])
    assert.equal(fold.canvas.shadows.size, 0)
  }
})

test('[C28] a shadow ban renewed keeps what its player sees', () => {
  const fold = new Fold()
  fold.ban(7, { shadow: true })
  fold.place([7, 0, 0, 5])
  fold.ban(7, { shadow: true, untilMs: T0 + 1000 })
  assert.deepEqual(fold.canvas.shadows.cellsOf(7), [{ x: 0, y: 0, color: 5 }])
})

test('[C28] a shadow ban that runs out shows the player what everybody sees, with the next record', () => {
  const fold = new Fold()
  fold.ban(7, { shadow: true, untilMs: T0 + 1000 })
  fold.ban(8, { shadow: true, untilMs: T0 + 2000 })
  fold.place([7, 0, 0, 5], [8, 1, 0, 5])
  fold.nowMs = T0 + 999
  fold.place([9, 9, 9, 1])
  assert.equal(fold.canvas.shadows.size, 2)
  fold.nowMs = T0 + 1000
  fold.place([9, 9, 9, 2])
  assert.deepEqual(fold.changes.hidden, [{ player: 7, x: 0, y: 0, color: 0 }])
  fold.nowMs = T0 + 2000
  fold.place([9, 9, 9, 3])
  assert.equal(fold.canvas.shadows.size, 0)
})

test('[C28] of more than 4,096 cells that a player alone sees, the oldest go', () => {
  const fold = new Fold({ extent: { left: 0, top: 0, width: 5000, height: 1 } })
  fold.ban(7, { shadow: true })
  fold.place(...Array.from({ length: 4097 }, (_, x) => [7, x, 0, 1] as const), [7, 1, 0, 2])
  const cells = fold.canvas.shadows.cellsOf(7)
  assert.equal(cells.length, 4096)
  assert.deepEqual(cells[0], { x: 2, y: 0, color: 1 })
  assert.deepEqual(cells.at(-1), { x: 1, y: 0, color: 2 })
})
