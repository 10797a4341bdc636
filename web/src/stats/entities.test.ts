import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entityWords, found } from './entities.ts'

const PLAYERS = [
  { entity: '12', name: 'Zoë' },
  { entity: '120', name: null },
  { entity: '7', name: '12 monkeys' },
  { entity: '8', name: 'ALZO' },
]

test('a player is called by name, else by number; an entity as it is', () => {
  assert.equal(entityWords({ entity: '12', name: 'Zoë' }, true), 'Zoë')
  assert.equal(entityWords({ entity: '12', name: null }, true), 'Player 12')
  assert.equal(entityWords({ entity: '12' }, false), '12')
  assert.equal(entityWords({ entity: '' }, false), '(no name)')
  assert.equal(entityWords({ entity: '\0' }, true), '(no name)')
  assert.equal(entityWords({ entity: ' \u200b' }, false), '(no name)')
  assert.equal(entityWords({ entity: '12', name: '\t' }, true), 'Player 12')
})

test('who is looked for by number stands first, then whose name begins so, then who has it in the name', () => {
  const names = (text: string): string[] => found(PLAYERS, text, 3).map(({ entity }) => entity)
  assert.deepEqual(names('12'), ['12', '120', '7'])
  assert.deepEqual(names('#12'), ['12', '120', '7'])
  assert.deepEqual(names('zo'), ['12', '8'])
  assert.deepEqual(names('ＺＯＥ̈'), ['12'])
  assert.deepEqual(names(' '), [])
  assert.deepEqual(names('nobody'), [])
})
