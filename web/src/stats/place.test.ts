import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Place, pathOf, placeOf } from './place.ts'

test('a path names a board, a meter or the list of meters, with or without a slash at its end', () => {
  assert.deepEqual(placeOf('/boards/lobby/stats'), { kind: 'board', board: 'lobby' })
  assert.deepEqual(placeOf('/boards/lobby/stats/'), { kind: 'board', board: 'lobby' })
  assert.deepEqual(placeOf('/meters'), { kind: 'meters' })
  assert.deepEqual(placeOf('/meters/'), { kind: 'meters' })
  assert.deepEqual(placeOf('/meters/psd.steps'), { kind: 'meter', meter: 'psd.steps' })
  assert.deepEqual(placeOf('/meters/%zz'), { kind: 'meter', meter: '%zz' })
})

test('a place comes back from its path', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/^\.{1,2}$/.test(text))
  const place: fc.Arbitrary<Place> = fc.oneof(
    name.map((board) => ({ kind: 'board' as const, board })),
    name.map((meter) => ({ kind: 'meter' as const, meter })),
    fc.constant({ kind: 'meters' as const }),
  )
  fc.assert(fc.property(place, (place) => assert.deepEqual(placeOf(pathOf(place)), place)))
})
