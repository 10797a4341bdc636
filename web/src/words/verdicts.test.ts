import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Verdict, type VerdictName } from '../../../src/boards/canvas/verdict.ts'
import { placingSentence, undoingSentence } from './verdicts.ts'

// Object.keys widens the keys of a constant object to string.
const names = Object.keys(Verdict) as VerdictName[]
const plain = { waitMs: 0, lockReason: '' }

test('every refusal has a sentence of its own', () => {
  const refusals = names.filter((name) => name !== 'accepted' && name !== 'shadowed')
  const sentences = refusals.map((name) => placingSentence(name, plain))
  assert.equal(new Set(sentences).size, refusals.length)
  for (const sentence of sentences) assert.match(sentence, /^[A-Z].*\.$/)
})

test('who is shadow-banned is told what everybody is', () => {
  assert.equal(placingSentence('shadowed', plain), placingSentence('accepted', plain))
})

test('a cooldown says how long, a lock says why', () => {
  assert.equal(
    placingSentence('coolingDown', { ...plain, waitMs: 7_400 }),
    'Too soon: you can paint again in 8 s.',
  )
  assert.equal(
    placingSentence('locked', { ...plain, lockReason: 'sponsors' }),
    'This area is locked: sponsors.',
  )
})

test('undo has its own words where they differ', () => {
  assert.equal(undoingSentence('nothingToUndo', plain), 'There is nothing to undo (any more).')
  assert.equal(undoingSentence('banned', plain), placingSentence('banned', plain))
})
