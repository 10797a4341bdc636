import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readPlace, searchOf, viewOf } from './location.ts'

const nowhere = { x: 0, y: 0, scale: 1 }

test('an empty address is the lobby, shown however the page sees fit', () => {
  assert.deepEqual(readPlace(''), { board: 'lobby', x: undefined, y: undefined, scale: undefined })
  assert.deepEqual(viewOf(readPlace(''), { x: 5, y: 6, scale: 7 }), { x: 5, y: 6, scale: 7 })
})

test('an address names a board, a cell in the middle and a scale', () => {
  const place = readPlace('?board=a&x=10&y=-3&scale=8')
  assert.deepEqual(place, { board: 'a', x: 10, y: -3, scale: 8 })
  assert.deepEqual(viewOf(place, nowhere), { x: 10.5, y: -2.5, scale: 8 })
})

test('what makes no sense is as if it were not there', () => {
  const place = readPlace('?board=&x=1e9&y=NaN&scale=-4')
  assert.deepEqual(place, { board: 'lobby', x: undefined, y: undefined, scale: undefined })
  assert.equal(readPlace('?scale=0').scale, undefined)
  assert.equal(readPlace('?scale=').scale, undefined)
  assert.equal(readPlace('?scale=Infinity').scale, undefined)
})

test('a view comes back from its own address to the cell, and stays there', () => {
  const view = fc.record({
    x: fc.double({ min: -65_536, max: 65_536, noNaN: true }),
    y: fc.double({ min: -65_536, max: 65_536, noNaN: true }),
    scale: fc.double({ min: 0.001, max: 64, noNaN: true }),
  })
  fc.assert(
    fc.property(view, fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/), (view, board) => {
      const search = searchOf(board, view)
      const place = readPlace(search)
      const back = viewOf(place, nowhere)
      assert.equal(place.board, board)
      assert.ok(Math.floor(back.x) === Math.floor(view.x))
      assert.ok(Math.floor(back.y) === Math.floor(view.y))
      assert.ok(Math.abs(back.scale / view.scale - 1) < 0.001)
      assert.equal(searchOf(board, back), search)
    }),
  )
})
