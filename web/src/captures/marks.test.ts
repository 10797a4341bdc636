import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LEAST_SHARE, marksOf } from './marks.ts'

const SEEN = { fromMs: 1000, toMs: 1_001_000 }

test('[K55] a short hole is wide enough to be seen, also at the ends', () => {
  const marks = marksOf(SEEN, [
    { fromMs: 1000, toMs: 1001, causes: ['restarted'] },
    { fromMs: 501_000, toMs: 501_000, causes: ['lost'] },
    { fromMs: 1_000_999, toMs: 1_001_000, causes: ['pending'] },
  ])
  assert.deepEqual(
    marks.map(({ from, to, causes }) => [from, to, ...causes]),
    [
      [0, LEAST_SHARE, 'restarted'],
      [0.498, 0.502, 'lost'],
      [1 - LEAST_SHARE, 1, 'pending'],
    ],
  )
})

test('[K55] holes that would touch are one mark with all their causes', () => {
  const [mark, ...others] = marksOf(SEEN, [
    { fromMs: 2000, toMs: 2500, causes: ['missing'] },
    { fromMs: 3000, toMs: 3100, causes: ['missing', 'late'] },
  ])
  assert.equal(others.length, 0)
  assert.deepEqual(mark && [mark.holes, mark.holeMs, mark.causes, mark.span], [
    2,
    600,
    ['missing', 'late'],
    { fromMs: 2000, toMs: 3100 },
  ])
})

test('[K55] whatever the holes are, marks are in order, apart, on the bar, few, and hold each hole', () => {
  const points = fc.uniqueArray(fc.integer({ min: SEEN.fromMs, max: SEEN.toMs }), { maxLength: 600 })
  fc.assert(
    fc.property(points, (unordered) => {
      const ordered = unordered.toSorted((a, b) => a - b)
      const holes = []
      for (let i = 0; i + 1 < ordered.length; i += 2) {
        holes.push({ fromMs: ordered[i] ?? 0, toMs: ordered[i + 1] ?? 0, causes: ['lost'] })
      }
      const marks = marksOf(SEEN, holes)
      assert.ok(marks.length <= 250)
      assert.equal(
        marks.reduce((sum, mark) => sum + mark.holes, 0),
        holes.length,
      )
      let end = -1
      for (const { from, to } of marks) {
        assert.ok(from > end && from >= 0 && to <= 1 && to - from >= LEAST_SHARE * 0.999)
        end = to
      }
    }),
  )
})
