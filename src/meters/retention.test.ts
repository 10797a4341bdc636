import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ALL_LEVELS, cover, startOf } from './calendar.ts'
import {
  advanced,
  isExact,
  isRetention,
  KEEP_ALL,
  NOTHING_EXPIRED,
  nearestExact,
  type Retention,
} from './retention.ts'

const NOW = Date.UTC(2026, 10, 21, 13, 30, 27) / 1000
const RETENTION: Retention = [3600, 86_400, 7 * 86_400, null, null, null]
const HORIZONS = advanced(NOTHING_EXPIRED, RETENTION, NOW)

test('[M13] a level is kept at least as long as the finer ones', () => {
  assert.ok(isRetention(KEEP_ALL))
  assert.ok(isRetention(RETENTION))
  assert.ok(!isRetention([3600, 60, null, null, null, null]))
  assert.ok(!isRetention([null, 60, null, null, null, null]))
  assert.ok(!isRetention([0, null, null, null, null, null]))
  assert.ok(!isRetention([1.5, null, null, null, null, null]))
  assert.ok(!isRetention([null]))
})

test('[M13] a horizon is the start of a bucket, covers what is kept, and never goes back', () => {
  assert.deepEqual(
    HORIZONS.map((second) => new Date(second * 1000).toISOString().slice(0, 19)),
    [
      '2026-11-21T12:30:27',
      '2026-11-20T13:30:00',
      '2026-11-14T13:00:00',
      '1970-01-01T00:00:00',
      '1970-01-01T00:00:00',
      '1970-01-01T00:00:00',
    ],
  )
  assert.deepEqual(advanced(HORIZONS, KEEP_ALL, NOW + 1e6), HORIZONS)
  assert.deepEqual(advanced(HORIZONS, RETENTION, NOW - 1e6), HORIZONS)
})

test('[M13] a range is exact if every bucket that makes it up is kept', () => {
  const anySecond = fc.integer({ min: NOW - 10 * 86_400, max: NOW })
  const unit = fc.constantFrom(1, 60, 3600, 86_400)
  fc.assert(
    fc.property(anySecond, unit, fc.integer({ min: 1, max: 100 }), (second, size, length) => {
      const from = second - (second % size)
      const end = from + size * length
      const kept = cover(from, end).every(
        ({ level, first }) => startOf(level, first) >= (HORIZONS[level] ?? 0),
      )
      assert.equal(isExact(HORIZONS, from, end), kept)
    }),
  )
  assert.ok(isExact(HORIZONS, NOW - 3600, NOW))
  assert.ok(!isExact(HORIZONS, NOW - 3601, NOW))
  assert.ok(isExact(HORIZONS, startOf(3, 10_000), startOf(3, 12_000)))
})

test('[M13] the nearest exact range is exact, and none that is nearer begins or ends at a bucket’s edge', () => {
  const anyRange = fc.tuple(
    fc.integer({ min: NOW - 10 * 86_400, max: NOW }),
    fc.integer({ min: 1, max: 3 * 86_400 }),
  )
  fc.assert(
    fc.property(
      anyRange,
      fc.integer({ min: -90, max: 90 }),
      fc.integer({ min: -90, max: 90 }),
      ([from, length], a, b) => {
        const end = from + length
        const nearest = nearestExact(HORIZONS, from, end)
        if (nearest === undefined) return
        assert.ok(isExact(HORIZONS, nearest.from, nearest.end))
        const distance = Math.abs(nearest.from - from) + Math.abs(nearest.end - end)
        if (from + a < end + b && isExact(HORIZONS, from + a, end + b)) {
          assert.ok(distance <= Math.abs(a) + Math.abs(b), `${from}–${end}: ${nearest.from}–${nearest.end}`)
        }
        if (isExact(HORIZONS, from, end)) assert.equal(distance, 0)
      },
    ),
    { numRuns: 1000 },
  )
  const at = (text: string): number => Date.parse(`2026-${text}Z`) / 1000
  assert.deepEqual(nearestExact(HORIZONS, at('11-21T10:00:10'), at('11-21T12:00:00')), {
    from: at('11-21T10:00:00'),
    end: at('11-21T12:00:00'),
  })
  assert.equal(ALL_LEVELS.length, HORIZONS.length)
})
