import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Coverage } from './coverage.ts'
import type { Interval } from './intervals.ts'
import { Lag } from './lag.ts'

/** A frame that was told of; `applied` is false where it could not be had. */
interface Told {
  readonly fromMs: number
  readonly toMs: number
  readonly applied: boolean
}

function tell(coverage: Coverage, { fromMs, toMs, applied }: Told): void {
  coverage.tell(fromMs, toMs, 'skipped')
  if (!applied) coverage.miss(fromMs, toMs, 'missing')
  else if (fromMs === toMs) coverage.anchor(toMs)
  else coverage.link(fromMs, toMs)
}

function coverageOf(told: readonly Told[]): Coverage {
  const coverage = new Coverage()
  for (const frame of told) tell(coverage, frame)
  return coverage
}

const full = (atMs: number, applied = true): Told => ({ fromMs: atMs, toMs: atMs, applied })
const diff = (fromMs: number, toMs: number, applied = true): Told => ({ fromMs, toMs, applied })
/** Frames on a short line of time, so that they often meet. */
const anyTold = fc.array(
  fc
    .record({
      fromMs: fc.integer({ min: 1, max: 30 }),
      length: fc.nat(4),
      applied: fc.boolean(),
    })
    .map(({ fromMs, length, applied }) => ({ fromMs, toMs: fromMs + length, applied })),
  { minLength: 1, maxLength: 25 },
)
const anyDoubts = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 8 })), { maxLength: 3 })

test('[K3] what was seen is covered or in exactly one hole, from its first to its last moment', () => {
  fc.assert(
    fc.property(anyTold, anyDoubts, (told, doubts) => {
      const coverage = coverageOf(told)
      for (const [fromMs, length] of doubts) coverage.doubt(fromMs, fromMs + length)
      const { seen, covered, holes } = coverage.report([])
      assert.ok(seen !== undefined)
      const spans = [...covered, ...holes].sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs)
      assert.equal(spans[0]?.fromMs, seen.fromMs)
      assert.equal(spans.at(-1)?.toMs, seen.toMs)
      for (const [i, span] of spans.entries()) {
        if (i > 0) assert.equal(span.fromMs, spans[i - 1]?.toMs)
      }
      for (const hole of holes) {
        assert.ok(hole.causes.length > 0)
        assert.ok(hole.toMs > hole.fromMs || covered.length === 0)
      }
    }),
  )
})

test('[K4] covered is what links lead to from a full frame, in whatever order it was told', () => {
  fc.assert(
    fc.property(anyTold, fc.infiniteStream(fc.nat()), (told, random) => {
      const shuffled = told
        .map((frame) => ({ frame, at: random.next().value }))
        .sort((a, b) => a.at - b.at)
        .map(({ frame }) => frame)
      const { covered, holes } = coverageOf(told).report([])
      const again = coverageOf(shuffled).report([])
      assert.deepEqual(again.covered, covered)
      assert.deepEqual(
        again.holes.map(({ fromMs, toMs }) => [fromMs, toMs]),
        holes.map(({ fromMs, toMs }) => [fromMs, toMs]),
      )
      for (let atMs = 0; atMs <= 36; atMs++) {
        assert.equal(
          covered.some(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs),
          isReached(told, atMs),
          `at ${atMs}`,
        )
      }
    }),
  )
})

/** By walking back from a moment, link by link. */
function isReached(told: readonly Told[], atMs: number): boolean {
  const applied = told.filter((frame) => frame.applied)
  const reached = new Set([atMs])
  for (const pointMs of reached) {
    if (applied.some(({ fromMs, toMs }) => fromMs === toMs && toMs === pointMs)) return true
    for (const { fromMs, toMs } of applied) {
      if (fromMs >= pointMs || toMs < pointMs) continue
      for (let earlierMs = fromMs; earlierMs < pointMs; earlierMs++) reached.add(earlierMs)
    }
  }
  return false
}

test('[K9] a hole begins at the last whole frame, ends at the next full one, and says why', () => {
  const spans = (coverage: Coverage, pending: Interval[] = []) => {
    const { covered, holes } = coverage.report(pending)
    return {
      covered: covered.map(({ fromMs, toMs }) => [fromMs, toMs]),
      holes: holes.map(({ fromMs, toMs, causes }) => [fromMs, toMs, ...causes]),
    }
  }
  const lost = coverageOf([full(100), diff(100, 200), diff(300, 400), diff(400, 500), full(500)])
  assert.deepEqual(spans(lost), {
    covered: [
      [100, 200],
      [500, 500],
    ],
    holes: [[200, 500, 'skipped']],
  })
  const missing = coverageOf([full(100), diff(100, 200, false), diff(200, 300), full(300)])
  assert.deepEqual(spans(missing).holes, [[100, 300, 'missing']])
  const late = coverageOf([full(100), diff(200, 300), diff(100, 200)])
  assert.deepEqual(spans(late), { covered: [[100, 300]], holes: [] })
  const wrong = coverageOf([full(100), diff(100, 200), full(200), diff(200, 300)])
  wrong.doubt(100, 200)
  assert.deepEqual(spans(wrong).holes, [[100, 200, 'mismatch']])
  const unfinished = coverageOf([full(100)])
  unfinished.tell(100, 200, 'skipped')
  assert.deepEqual(spans(unfinished, [diff(100, 200)]).holes, [[100, 200, 'pending']])
  assert.deepEqual(spans(coverageOf([diff(100, 200)])).holes, [[200, 200, 'no-full-frame']])
  assert.deepEqual(coverageOf([]).report([]), { seen: undefined, covered: [], holes: [] })
})

test('[K3] beyond its limit it vouches for less, never for more', () => {
  const told = Array.from({ length: 12_000 }, (_, i) => [full(i * 10), diff(i * 10, i * 10 + 5)]).flat()
  const { covered } = coverageOf(told).report([])
  assert.ok(covered.length <= 10_000 && covered.length >= 9_000)
  assert.ok(covered.every(({ fromMs, toMs }) => fromMs % 10 === 0 && toMs === fromMs + 5))
  assert.equal(covered.at(-1)?.toMs, 11_999 * 10 + 5)
})

test('[K18] coverage is the same from its stored state', () => {
  fc.assert(
    fc.property(anyTold, fc.nat(24), (told, cut) => {
      const stored = JSON.stringify(coverageOf(told.slice(0, cut)))
      const continued = Coverage.fromJSON(JSON.parse(stored))
      for (const frame of told.slice(cut)) tell(continued, frame)
      assert.deepEqual(continued.report([]), coverageOf(told).report([]))
    }),
  )
})

test('[K15] a quantile of lags is at most a fifth too high', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { minLength: 1 }), fc.constantFrom(0.5, 0.99), (lags, share) => {
      const lag = new Lag()
      for (const ms of lags) lag.add(ms)
      const exact = lags.sort((a, b) => a - b)[Math.max(0, Math.ceil(lags.length * share) - 1)] ?? 0
      const told = Lag.fromJSON(JSON.parse(JSON.stringify(lag))).quantile(share)
      assert.ok(told >= exact && told <= exact * 1.2 + 2, `${told} for ${exact}`)
    }),
  )
})
