import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cooldownSentence } from './rules.ts'

test('every kind of limit is told in words', () => {
  assert.equal(cooldownSentence({ kind: 'none' }), 'There is no limit to how often you paint.')
  assert.equal(
    cooldownSentence({ kind: 'window', windowSeconds: 10, budget: 50, cost: 5, blankCost: 2 }),
    'You can paint 10 cells (25 cells if they are blank) every 10 s.',
  )
  assert.equal(
    cooldownSentence({ kind: 'window', windowSeconds: 60, budget: 5, cost: 5, blankCost: 0 }),
    'You can paint 1 cell (any number of cells if they are blank) every 60 s.',
  )
  const stack = { kind: 'stack', seconds: 300, blankSeconds: 300, stack: 1, activity: null } as const
  assert.equal(cooldownSentence(stack), 'A cell takes 5 min.')
  const activity = { players: 10, windowSeconds: 60, maxFactor: 3 }
  assert.equal(
    cooldownSentence({ ...stack, blankSeconds: 60, stack: 6, activity }),
    'A cell takes 5 min, 60 s for a blank one. Up to 6 can be saved up. When many paint, it takes longer.',
  )
})
