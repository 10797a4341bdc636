import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HoleCause } from './coverage.ts'
import { Gaps } from './gaps.ts'

const cause = fc.constantFrom<HoleCause>('lost', 'skipped', 'silent')
const step = fc.record({
  ms: fc.integer({ min: 0, max: 5 }),
  causes: fc.option(fc.uniqueArray(cause, { minLength: 1 })),
})

test('[K42] every moment from the first to the last is covered or in exactly one hole, whose causes are those given', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), (steps) => {
      let gaps = new Gaps()
      let atMs = 1000
      gaps.reached(atMs)
      const lost = new Map<number, Set<HoleCause>>()
      for (const { ms, causes } of steps) {
        if (causes === null) gaps.reached(atMs + ms)
        else gaps.hole(atMs, atMs + ms, causes)
        for (let each = atMs; causes !== null && each < atMs + ms; each++) lost.set(each, new Set(causes))
        atMs += ms
        gaps = Gaps.fromJSON(JSON.parse(JSON.stringify(gaps)))
      }
      const { seen, covered, holes } = gaps.report()
      assert.deepEqual(seen, { fromMs: 1000, toMs: atMs })
      const spans = [...covered, ...holes].sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs)
      const isWhole = spans.every(({ fromMs }, i) => fromMs === (spans[i - 1]?.toMs ?? 1000))
      assert.ok(isWhole && spans.at(-1)?.toMs === atMs)
      for (let each = 1000; each < atMs; each++) {
        const hole = holes.find(({ fromMs, toMs }) => fromMs <= each && each < toMs)
        assert.equal(hole !== undefined, lost.has(each))
        assert.ok([...(lost.get(each) ?? [])].every((given) => hole?.causes.includes(given)))
      }
    }),
  )
})
