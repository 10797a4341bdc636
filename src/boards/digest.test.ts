import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { area, Fold, folded, T0 } from '../../test/support/boards.ts'
import { stateOf } from '../../test/support/canvas-state.ts'
import { manySteps, STEPS_BOARD, take } from '../../test/support/canvas-steps.ts'
import { positionOf } from '../log/port.ts'
import type { Canvas } from './canvas/canvas.ts'
import { type Digest, Digests, sha256 } from './digest.ts'

function digestOf(canvas: Canvas): Digest {
  return new Digests(canvas).get()
}

/** A board with everything in it that a state can hold. */
function fullBoard(): Fold {
  const activity = { players: 1, windowSeconds: 60, maxFactor: 4 }
  const cooldown = { kind: 'stack', seconds: 1, blankSeconds: 1, stack: 50, activity } as const
  const fold = new Fold({ rules: { cooldown, undoSeconds: 9, activeZone: null } })
  fold.ban(1, { shadow: true })
  fold.ban(2, { untilMs: T0 + 7 })
  fold.place([3, 0, 0, 1], [4, 99, 99, 2], [1, 5, 5, 5], [1, 4, 4, 4])
  fold.lock('a', area(1, 2, 3, 4))
  return fold
}

const CHANGES: { readonly [what: string]: (canvas: Canvas) => void } = {
  time: (canvas) => {
    canvas.timeMs += 1
  },
  info: (canvas) => {
    canvas.info = { ...canvas.info, locks: [] }
  },
  'position of the info': (canvas) => {
    canvas.infoAt = positionOf(canvas.infoAt - 1)
  },
  hull: (canvas) => {
    canvas.hull = area(0, 0, 100, 101)
  },
  'color of a cell': ({ chunks }) => {
    chunks[0]?.colors.fill(3, 700, 701)
  },
  'player of a cell': ({ chunks }) => {
    chunks[0]?.players.fill(3, 700, 701)
  },
  'time of a cell': ({ chunks }) => {
    chunks[0]?.timesMs.fill(3, 700, 701)
  },
  debt: ({ players }) => {
    players.page(1).debt[9] = 1
  },
  spending: ({ players }) => {
    players.page(1).spent[9] = 1
  },
  'activity of a player': ({ players }) => {
    players.page(1).activeIn[9] = 1
  },
  'mark of a ban': ({ players }) => {
    players.page(1).banned[9] = 1
  },
  'a page of players': ({ players }) => {
    players.page(5000)
  },
  ban: ({ bans }) => {
    bans.delete(2)
  },
  'what a shadow-banned player sees': ({ shadows }) => {
    shadows.set(1, 5, 5, 6)
  },
  'the order of what a shadow-banned player painted': ({ shadows }) => {
    shadows.set(1, 5, 5, 5)
  },
  'what can be undone': ({ undo }) => {
    undo.drop(4)
  },
  'players seen': ({ activity }) => {
    activity.current += 1
  },
  'players seen before': ({ activity }) => {
    activity.previous += 1
  },
  'window of activity': ({ activity }) => {
    activity.window += 1
  },
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`[B18] the digest of the state tells of a change: ${what}`, () => {
    const { canvas } = fullBoard()
    const before = digestOf(canvas)
    assert.deepEqual(digestOf(fullBoard().canvas), before)
    change(canvas)
    const after = digestOf(canvas)
    assert.notEqual(after.state, before.state)
    assert.equal(after.colors !== before.colors, what === 'color of a cell')
  })
}

test('[B18] digests are equal exactly when states are', () => {
  const strip = (canvas: Canvas): string =>
    JSON.stringify(stateOf(canvas), (key, value) =>
      key === 'position' || key === 'changedAt' ? undefined : value,
    )
  fc.assert(
    fc.property(manySteps, fc.nat(), (steps, at) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      const earlier = folded(fold.records.slice(0, (at % fold.records.length) + 1))
      assert.equal(
        digestOf(earlier).state === digestOf(fold.canvas).state,
        strip(earlier) === strip(fold.canvas),
      )
    }),
    { numRuns: 60 },
  )
})

test('[B19] the digest of the colours is as documented: chunk numbers and hashes of all that is not blank', () => {
  const fold = new Fold({ extent: area(-300, 0, 600, 10), background: 4 })
  fold.place([1, -1, 0, 1], [1, 0, 0, 1], [1, 299, 0, 1])
  fold.place([2, 0, 0, 4])
  const cells = (x: number): Uint8Array => new Uint8Array(65_536).fill(4).fill(1, x, x + 1)
  const expected = sha256([
    Uint8Array.of(0, 1),
    sha256([cells(43)]),
    Uint8Array.of(0, 255),
    sha256([cells(255)]),
  ])
  assert.equal(digestOf(fold.canvas).colors, Buffer.from(expected).toString('hex'))
  assert.equal(digestOf(new Fold({ background: 4 }).canvas).colors, Buffer.from(sha256([])).toString('hex'))
})

test('[B19] digests kept up with a changing canvas are those of a fresh look', () => {
  fc.assert(
    fc.property(manySteps, (steps) => {
      const fold = new Fold(STEPS_BOARD)
      const kept = new Digests(fold.canvas)
      for (const step of steps) {
        take(fold, step)
        assert.deepEqual(kept.get(), digestOf(fold.canvas))
      }
    }),
    { numRuns: 10 },
  )
})
