import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { positionOf } from '../log/port.ts'
import { isRefused, RefusalRun, refusalsIn } from './refusals.ts'

const records = fc.array(
  fc.record({
    gap: fc.integer({ min: 1, max: 2 ** 33 }),
    verdicts: fc.oneof(
      fc.uint8Array({ max: 11, maxLength: 40 }),
      fc.nat(20).map((size) => new Uint8Array(size)),
    ),
  }),
  { maxLength: 60 },
)

test('[B17] refusals hold a bit for every verdict but acceptance, and nothing where all was accepted', () => {
  assert.equal(isRefused(undefined, 3), false)
  fc.assert(
    fc.property(records, fc.nat(60), (list, cut) => {
      const whole = new RefusalRun()
      const early = new RefusalRun()
      const late = new RefusalRun()
      let at = 0
      const told = list.map(({ gap, verdicts }, i) => {
        at += gap
        whole.add(positionOf(at), verdicts)
        ;(i < cut ? early : late).add(positionOf(at), verdicts)
        return { position: positionOf(at), verdicts }
      })
      const joined = RefusalRun.decode(early.encode())
      joined.append(late)
      for (const runs of [[whole], [early, late], [joined], [RefusalRun.decode(joined.encode())]]) {
        for (const { position, verdicts } of told) {
          const refusals = refusalsIn(runs, position)
          assert.equal(
            refusals === undefined,
            verdicts.every((verdict) => verdict === 0),
          )
          verdicts.forEach((verdict, i) => {
            assert.equal(isRefused(refusals, i), verdict !== 0)
          })
          if (position > 1) assert.equal(refusalsIn(runs, positionOf(at + 1)), undefined)
        }
      }
      const refused = told.filter(({ verdicts }) => verdicts.some((verdict) => verdict !== 0))
      assert.equal(whole.count, refused.length)
      assert.deepEqual(joined.encode(), whole.encode())
      assert.deepEqual([whole.first, whole.last], [refused[0]?.position ?? 0, refused.at(-1)?.position ?? 0])
    }),
  )
})
