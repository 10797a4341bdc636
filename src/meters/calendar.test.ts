import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ALL_LEVELS, bucketOf, cover, LAST_SECOND, type Level, startAtOrAfter, startOf } from './calendar.ts'

const anySecond = fc.integer({ min: 0, max: LAST_SECOND })
const anyRange = fc.tuple(anySecond, anySecond).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)

test('[M2] days, months and years are those of the calendar, from 1970 to 2106', () => {
  fc.assert(
    fc.property(anySecond, (second) => {
      const date = new Date(second * 1000)
      const year = date.getUTCFullYear()
      const month = date.getUTCMonth()
      assert.equal(bucketOf(5, second), year - 1970)
      assert.equal(startOf(5, year - 1970), Date.UTC(year, 0) / 1000)
      assert.equal(bucketOf(4, second), (year - 1970) * 12 + month)
      assert.equal(startOf(4, bucketOf(4, second)), Date.UTC(year, month) / 1000)
      assert.equal(startOf(3, bucketOf(3, second)), Date.UTC(year, month, date.getUTCDate()) / 1000)
    }),
    { numRuns: 2000 },
  )
})

test('[M2] each second of a range is in exactly one of its buckets', () => {
  fc.assert(
    fc.property(anyRange, ([from, end]) => {
      let at = from
      for (const { level, first, last } of cover(from, end)) {
        assert.ok(first <= last)
        assert.equal(startOf(level, first), at)
        at = startOf(level, last + 1)
      }
      assert.equal(at, end)
    }),
    { numRuns: 2000 },
  )
})

test('[M2] no fewer buckets make up a range', () => {
  /** By trying every bucket that fits, longest chain of reasoning first: the least from each start. */
  const least = (from: number, end: number): number => {
    const known = new Map<number, number>([[end, 0]])
    const from_ = (at: number): number => {
      const found = known.get(at)
      if (found !== undefined) return found
      let fewest = Number.POSITIVE_INFINITY
      for (const level of ALL_LEVELS) {
        const next = startOf(level, bucketOf(level, at) + 1)
        if (startOf(level, bucketOf(level, at)) === at && next <= end) {
          fewest = Math.min(fewest, 1 + from_(next))
        }
      }
      known.set(at, fewest)
      return fewest
    }
    return from_(from)
  }
  const near = fc.tuple(anySecond, fc.integer({ min: 0, max: 3000 }))
  fc.assert(
    fc.property(near, ([from, length]) => {
      const end = Math.min(LAST_SECOND, from + length)
      const count = cover(from, end).reduce((sum, { first, last }) => sum + last - first + 1, 0)
      assert.equal(count, least(from, end))
    }),
    { numRuns: 50 },
  )
  const day = Date.UTC(2016, 2, 15) / 1000
  assert.deepEqual(cover(day, day + 86_400), [{ level: 3, first: day / 86_400, last: day / 86_400 }])
  const year = Date.UTC(2016, 0) / 1000
  assert.deepEqual(cover(year, Date.UTC(2018, 0) / 1000), [{ level: 5, first: 46, last: 47 }])
})

test('[M2] the start at or after a second is a start, and the nearest', () => {
  const anyLevel = fc.constantFrom<Level>(...ALL_LEVELS)
  fc.assert(
    fc.property(anyLevel, anySecond, (level, second) => {
      const start = startAtOrAfter(level, second)
      assert.equal(startOf(level, bucketOf(level, start)), start)
      assert.ok(start >= second && (start === 0 || bucketOf(level, start - 1) <= bucketOf(level, second)))
    }),
  )
})
