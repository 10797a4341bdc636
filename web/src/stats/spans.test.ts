import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  across,
  before,
  isSpan,
  lengthOf,
  type Nudge,
  nudged,
  type Span,
  spanOf,
  touched,
  within,
} from './spans.ts'
import { stackUnitFor, unitFor, unitOr, unitsFor } from './units.ts'

const NOON = Date.UTC(2026, 2, 29, 12, 34, 56) / 1000
const at = (...time: [number, number, number, number?, number?, number?]): number => Date.UTC(...time) / 1000
const span = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 1, max: 2 ** 29 }))
  .map(([from, length]): Span => ({ from, to: from + length - 1 }))
const parts = fc
  .tuple(
    fc.integer({ min: 0, max: 1e9 }),
    fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 50 }),
  )
  .map(([start, lengths]) => {
    let from = start
    return lengths.map((length): Span => {
      const part = { from, to: from + length - 1 }
      from += length
      return part
    })
  })

test('a span that ends now begins with a whole bar', () => {
  assert.deepEqual(spanOf('hour', NOON, undefined), { from: at(2026, 2, 29, 11, 35), to: NOON })
  assert.deepEqual(spanOf('day', NOON, undefined), { from: at(2026, 2, 28, 13), to: NOON })
  assert.deepEqual(spanOf('week', NOON, undefined), { from: at(2026, 2, 22, 13), to: NOON })
  assert.deepEqual(spanOf('day', NOON, undefined, 5.5 * 3600), { from: at(2026, 2, 28, 13, 30), to: NOON })
})

test('all is from the first thing that happened on; a day where nothing did', () => {
  assert.deepEqual(spanOf('all', NOON, at(2020, 0, 1)), { from: at(2020, 0, 1), to: NOON })
  assert.deepEqual(spanOf('all', NOON, NOON + 60), { from: NOON, to: NOON })
  assert.equal(lengthOf(spanOf('all', NOON, undefined)), 86_400)
  assert.deepEqual(spanOf({ from: 1, to: 5 }, NOON, 3), { from: 1, to: 5 })
})

test('the span before is as long and ends where this one begins', () => {
  fc.assert(
    fc.property(span, (span) => {
      const earlier = before(span)
      if (earlier === undefined) return assert.ok(span.from < lengthOf(span))
      assert.ok(isSpan(earlier))
      assert.equal(lengthOf(earlier), lengthOf(span))
      assert.equal(earlier.to, span.from - 1)
      assert.equal(within(earlier, span), undefined)
    }),
  )
})

test('a drag from one period to another takes both whole, in either direction, and stays on the chart', () => {
  fc.assert(
    fc.property(
      parts,
      fc.double({ min: -5, max: 60, noNaN: true }),
      fc.double({ min: -5, max: 60, noNaN: true }),
      (parts, one, other) => {
        const chosen = across(parts, one, other)
        assert.ok(chosen !== undefined)
        assert.deepEqual(across(parts, other, one), chosen)
        const { first, last } = touched(chosen, parts) ?? { first: -1, last: -1 }
        const inside = (i: number): number => Math.min(Math.max(Math.floor(i), 0), parts.length - 1)
        assert.equal(first, Math.min(inside(one), inside(other)))
        assert.equal(last, Math.max(inside(one), inside(other)))
      },
    ),
  )
  assert.equal(across([], 0, 1), undefined)
})

test('keys move and stretch the chosen span by whole periods, never off the chart', () => {
  const hours = Array.from({ length: 5 }, (_, i): Span => ({ from: i * 3600, to: i * 3600 + 3599 }))
  const from = (first: number, last: number): Span => ({ from: first * 3600, to: last * 3600 + 3599 })
  const cases: readonly [Span | undefined, Nudge, Span][] = [
    [undefined, 'earlier', from(4, 4)],
    [undefined, 'first', from(0, 0)],
    [from(1, 2), 'earlier', from(0, 1)],
    [from(0, 1), 'earlier', from(0, 1)],
    [from(1, 2), 'later', from(2, 3)],
    [from(3, 4), 'later', from(3, 4)],
    [from(1, 2), 'longer', from(1, 3)],
    [from(1, 4), 'longer', from(1, 4)],
    [from(1, 2), 'shorter', from(1, 1)],
    [from(1, 1), 'shorter', from(1, 1)],
    [from(2, 3), 'first', from(0, 1)],
    [from(0, 1), 'last', from(3, 4)],
    [{ from: 4000, to: 4100 }, 'later', from(2, 2)],
  ]
  for (const [span, nudge, expected] of cases) assert.deepEqual(nudged(span, hours, nudge), expected, nudge)
  assert.equal(nudged(undefined, [], 'later'), undefined)
})

test('a year has its days, a week its hours, and nothing more than 400 bars by itself', () => {
  assert.equal(unitFor({ from: at(2025, 0, 1), to: at(2026, 0, 1) - 1 }), 'day')
  assert.equal(unitFor(spanOf('week', NOON, undefined)), 'hour')
  assert.equal(unitFor(spanOf('hour', NOON, undefined)), 'minute')
  assert.equal(unitFor({ from: 5, to: 5 }), 'second')
  assert.equal(stackUnitFor({ from: at(2025, 0, 1), to: at(2026, 0, 1) - 1 }), 'week')
  fc.assert(
    fc.property(span, (span) => {
      assert.ok(unitsFor(span).includes(unitFor(span)))
      for (const unit of unitsFor(span)) assert.equal(unitOr(unit, span), unit)
    }),
  )
  assert.equal(unitOr('second', { from: 0, to: 86_399 }), 'hour')
})
