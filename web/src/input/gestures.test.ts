import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Gestures } from './gestures.ts'

test('a press that hardly moves is a tap where it began', () => {
  const gestures = new Gestures()
  gestures.down(1, { x: 10, y: 10 }, false)
  assert.equal(gestures.move(1, { x: 12, y: 11 }), undefined)
  assert.deepEqual(gestures.up(1), { type: 'tap', at: { x: 10, y: 10 }, isTouch: false })
})

test('a finger may tremble more than a mouse', () => {
  const gestures = new Gestures()
  gestures.down(1, { x: 0, y: 0 }, true)
  assert.equal(gestures.move(1, { x: 8, y: 0 }), undefined)
  assert.deepEqual(gestures.up(1), { type: 'tap', at: { x: 0, y: 0 }, isTouch: true })
})

test('a press that moves pans and never taps', () => {
  const gestures = new Gestures()
  gestures.down(1, { x: 10, y: 10 }, false)
  assert.deepEqual(gestures.move(1, { x: 30, y: 15 }), { type: 'pan', dx: 20, dy: 5 })
  assert.deepEqual(gestures.move(1, { x: 10, y: 10 }), { type: 'pan', dx: -20, dy: -5 })
  assert.equal(gestures.up(1), undefined)
  assert.equal(gestures.isMoving, false)
})

test('two fingers pinch around their middle', () => {
  const gestures = new Gestures()
  gestures.down(1, { x: 0, y: 0 }, true)
  gestures.down(2, { x: 100, y: 0 }, true)
  assert.deepEqual(gestures.move(2, { x: 200, y: 0 }), {
    type: 'pinch',
    at: { x: 100, y: 0 },
    dx: 50,
    dy: 0,
    factor: 2,
  })
  assert.equal(gestures.up(2), undefined)
  assert.deepEqual(gestures.move(1, { x: 5, y: 0 }), { type: 'pan', dx: 5, dy: 0 })
  assert.equal(gestures.up(1), undefined)
})

test('a finger held still is a long press, and nothing after it', () => {
  const gestures = new Gestures()
  gestures.down(1, { x: 3, y: 4 }, true)
  assert.deepEqual(gestures.held(1), { type: 'long-press', at: { x: 3, y: 4 } })
  assert.equal(gestures.move(1, { x: 90, y: 90 }), undefined)
  assert.equal(gestures.up(1), undefined)
})

test('a finger that moved or left is not held', () => {
  const gestures = new Gestures()
  gestures.down(1, { x: 0, y: 0 }, true)
  gestures.move(1, { x: 50, y: 0 })
  assert.equal(gestures.held(1), undefined)
  gestures.up(1)
  assert.equal(gestures.held(1), undefined)
})

test('what the system takes away was no tap', () => {
  const gestures = new Gestures()
  gestures.down(1, { x: 0, y: 0 }, true)
  gestures.cancel(1)
  assert.equal(gestures.up(1), undefined)
})

test('whatever fingers do, they tap at most once each time all were up, and alone', () => {
  const step = fc.record({
    kind: fc.constantFrom('down', 'move', 'up', 'cancel', 'held'),
    id: fc.integer({ min: 1, max: 3 }),
    x: fc.integer({ min: 0, max: 40 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const gestures = new Gestures()
      const down = new Set<number>()
      let mostDown = 0
      let taps = 0
      for (const { kind, id, x } of steps) {
        const at = { x, y: 0 }
        if (down.size === 0) [mostDown, taps] = [0, 0]
        if (kind === 'down') {
          gestures.down(id, at, true)
          down.add(id)
          mostDown = Math.max(mostDown, down.size)
        } else if (kind === 'move') gestures.move(id, at)
        else if (kind === 'held') gestures.held(id)
        else if (kind === 'cancel') {
          gestures.cancel(id)
          down.delete(id)
        } else {
          if (gestures.up(id)?.type === 'tap') taps += 1
          down.delete(id)
          assert.ok(taps <= 1 && (taps === 0 || mostDown === 1))
        }
        assert.ok(down.size > 0 || (!gestures.isMoving && !gestures.isPressed))
      }
    }),
  )
})
