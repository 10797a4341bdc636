import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestCapture } from '../../../test/support/captures.ts'
import { type FakeFrame, FakePlace } from '../../../test/support/fake-place.ts'
import { Random } from '../../base/random.ts'

/** A span of which something was kept from the collector, in the source's time. */
interface Harm {
  readonly canvas: number
  readonly fromMs: number
  readonly toMs: number
  readonly what: string
}

const CANVASES = [
  { index: 0, dx: 0, dy: 0 },
  { index: 1, dx: 24, dy: 0 },
]
const STEPS = 40
const SEEDS = process.env.SPATE_SEED === undefined ? [1, 2] : [Number(process.env.SPATE_SEED)]

for (const seed of SEEDS) {
  test(`[K17] whatever a source does, what is covered is right, each harm is in a hole, and each hole is one (seed ${seed})`, async (t) => {
    const random = new Random(seed)
    const source = await FakePlace.open(t, { seed, canvases: CANVASES })
    const capture = await TestCapture.open(t, source, {
      silenceMs: 700,
      patienceMs: 150,
    })
    await capture.connected()
    const harms: Harm[] = []
    for (const { index } of CANVASES) await source.tick(index)
    for (let step = 0; step < STEPS; step++) {
      const canvas = random.below(CANVASES.length)
      harms.push(...(await act(source, capture, canvas, random)))
      if (random.chance(0.3)) await capture.settled(canvas)
    }
    for (const { index } of CANVASES) {
      await capture.connected()
      await source.tick(index)
      await capture.settled(index)
      await assertTrue(source, capture, index, harms)
    }
    assert.deepEqual(capture.stops, [])
  })
}

async function act(source: FakePlace, capture: TestCapture, canvas: number, random: Random): Promise<Harm[]> {
  const harm = (what: string, ...frames: FakeFrame[]): Harm[] =>
    frames.map(({ previousMs, timestampMs }) => ({ canvas, fromMs: previousMs, toMs: timestampMs, what }))
  switch (random.below(12)) {
    case 0:
      await source.tick(canvas, { heard: () => false })
      return []
    case 1: {
      const only = random.below(2)
      await capture.connected()
      await source.tick(canvas, { heard: (nth) => nth === only })
      return []
    }
    case 2:
      return harm('missing', await source.tickWithFault(canvas, random.pick([404, 403])))
    case 3:
      await source.tickWithFault(canvas, random.pick([500, 404, 200]), 1)
      return []
    case 4: {
      random.pick([() => source.cut(canvas), () => source.drop(canvas), () => source.complete(canvas)])()
      await source.until(() => source.subscribers(canvas).length === 0)
      for (let i = random.between(1, 2); i > 0; i--) await source.tick(canvas)
      return []
    }
    case 5: {
      // Out of order, but soon.
      await capture.connected()
      const late = await source.tick(canvas, { heard: () => false })
      await source.tick(canvas)
      source.tell(late)
      return []
    }
    case 6: {
      const wrong = await source.tick(canvas, { wrong: true })
      await source.full(canvas)
      return harm('wrong', wrong)
    }
    case 7:
      source.stall(canvas)
      if (random.chance(0.5)) await source.tick(canvas)
      await source.until(() => source.listeners(canvas).length > 0)
      return []
    default:
      await capture.connected()
      for (let i = random.between(1, 4); i > 0; i--) await source.tick(canvas)
      return []
  }
}

async function assertTrue(
  source: FakePlace,
  capture: TestCapture,
  canvas: number,
  harms: readonly Harm[],
): Promise<void> {
  const holes = capture.holes(canvas)
  const unheard = source
    .unheard(canvas)
    .map(({ previousMs: fromMs, timestampMs: toMs }) => ({ canvas, fromMs, toMs, what: 'unheard' }))
  const own = [...harms.filter((harm) => harm.canvas === canvas), ...unheard]
  const meets = (harm: Harm, [fromMs, toMs]: readonly [number, number, ...string[]]) =>
    harm.toMs > fromMs && harm.fromMs < toMs
  assert.deepEqual(
    own.filter((harm) => harm.what !== 'wrong' && !holes.some((hole) => meets(harm, hole))),
    [],
    'harms that are in no hole',
  )
  assert.deepEqual(
    holes.filter((hole) => !own.some((harm) => meets(harm, hole))),
    [],
    'holes without harm',
  )
  assert.deepEqual(
    (await capture.wrongFrames(canvas)).map(({ timestampMs }) => timestampMs),
    [],
    'moments that are covered and wrong',
  )
  const last = source.frames.findLast((frame) => frame.canvas === canvas)!
  assert.deepEqual(capture.shown(canvas), source.colors(last))
}
