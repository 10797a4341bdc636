import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leadersOf } from './leaders.ts'

const span = { from: 100, to: 199 }
const named = { entity: '7', name: 'Zoë' }

test('a leaderboard has the same rows from whichever question', () => {
  const standing = { rank: 1, sum: '9007199254740993', lastSecond: 150 }
  const row = { ...named, movement: undefined, before: undefined, current: undefined }
  assert.deepEqual(leadersOf('/x/top?limit=1', { ...span, places: [{ ...named, ...standing }] }), {
    span,
    kind: 'top',
    rows: [{ ...row, rank: 1, amount: '9007199254740993', lastSecond: 150 }],
  })
  const before = { rank: 4, sum: -2, lastSecond: 50 }
  assert.deepEqual(
    leadersOf('/x/compare?', {
      ...span,
      before: { from: 0, to: 99 },
      places: [
        { ...named, now: standing, before },
        { entity: '8', now: { ...standing, rank: 2 }, before: null },
      ],
    }).rows.map(({ entity, rank, movement, before }) => ({ entity, rank, movement, before })),
    [
      { entity: '7', rank: 1, movement: { kind: 'up', places: 3 }, before: -2 },
      { entity: '8', rank: 2, movement: { kind: 'new' }, before: undefined },
    ],
  )
  const longest = { periods: 5, from: 100, to: 149 }
  const streaks = { ...span, places: [{ ...named, rank: 1, longest, current: null }] }
  assert.deepEqual(leadersOf('/x/streaks?by=day', streaks).rows, [{ ...row, rank: 1, amount: 5, current: 0 }])
})
