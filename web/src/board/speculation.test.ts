import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Speculations } from './speculation.ts'

test('paint shows at once, solid when judged, and goes when the board shows it', () => {
  const speculations = new Speculations()
  const id = speculations.add(3, 4, 5)
  assert.deepEqual(seen(speculations), [{ x: 3, y: 4, color: 5, isJudged: false }])
  speculations.accept(id, 10)
  assert.deepEqual(seen(speculations), [{ x: 3, y: 4, color: 5, isJudged: true }])
  assert.equal(speculations.reached(9), false)
  assert.equal(speculations.reached(10), true)
  assert.deepEqual(seen(speculations), [])
})

test('refused paint is taken back and shows what was sent before it', () => {
  const speculations = new Speculations()
  speculations.add(0, 0, 1)
  const second = speculations.add(0, 0, 2)
  assert.equal(speculations.visible().at(-1)?.color, 2)
  speculations.drop(second)
  assert.equal(speculations.visible().at(-1)?.color, 1)
})

test('paint that is not judged stays, whatever the board reaches', () => {
  const speculations = new Speculations()
  speculations.add(0, 0, 1)
  assert.equal(speculations.reached(1_000_000), false)
  assert.equal(speculations.visible().length, 1)
})

test('once all is judged and the board has caught up, nothing is left, in whatever order it happened', () => {
  const paint = fc.record({
    position: fc.option(fc.integer({ min: 1, max: 100 })),
    reachedFirst: fc.integer({ min: 0, max: 100 }),
  })
  fc.assert(
    fc.property(fc.array(paint, { maxLength: 30 }), (paints) => {
      const speculations = new Speculations()
      const ids = paints.map((_, i) => speculations.add(i, 0, 1))
      paints.forEach(({ position, reachedFirst }, i) => {
        speculations.reached(reachedFirst)
        if (position === null) speculations.drop(ids[i] ?? 0)
        else speculations.accept(ids[i] ?? 0, position)
      })
      speculations.reached(100)
      assert.deepEqual(speculations.visible(), [])
    }),
  )
})

function seen(speculations: Speculations): unknown[] {
  return speculations.visible().map(({ x, y, color, isJudged }) => ({ x, y, color, isJudged }))
}
