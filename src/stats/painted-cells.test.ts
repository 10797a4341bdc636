import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryKv } from '../../test/support/memory-kv.ts'
import { Random } from '../base/random.ts'
import { StrokeKind, Strokes } from '../boards/canvas/strokes.ts'
import { positionOf, START } from '../log/port.ts'
import { MeterFold } from '../meters/fold.ts'
import { LmdbMeterStore } from '../meters/lmdb.ts'
import { MAX_LISTED, PaintedCells } from './painted-cells.ts'

const ROUNDS = 30
const A_ROUND = 200

/** Some paint here and there, player 1 more than a list holds. */
function strokesOf(random: Random): Strokes {
  const strokes = new Strokes(START, 0)
  strokes.reserve(A_ROUND)
  for (let i = 0; i < A_ROUND; i++) {
    const player = random.chance(0.7) ? 1 : random.between(2, 5)
    strokes.add(random.below(65_536), random.below(300), player, 1, 0, 0, StrokeKind.placed, 1)
  }
  return strokes
}

/** Paints all, put aside after every `perCommit` rounds; gives back who was first and what is stored. */
async function painted(rounds: readonly Strokes[], perCommit: number): Promise<[number[][], string]> {
  const store = new LmdbMeterStore(memoryKv())
  const fold = await MeterFold.open(store)
  const firsts: number[][] = []
  let cells = new PaintedCells(fold)
  for (const [i, strokes] of rounds.entries()) {
    const half = strokes.count / 2
    const found = [await cells.firsts(strokes, 0, half), await cells.firsts(strokes, half, strokes.count)]
    firsts.push(found.flatMap((each) => [...each]))
    if (i % perCommit > 0 && i < rounds.length - 1) continue
    cells.stage()
    fold.advance(positionOf(i + 1), 0)
    await store.commit(fold.take())
    cells = new PaintedCells(fold)
  }
  return [firsts, await store.digest()]
}

test('[M34] [M35] a cell is new to a player once, and the same bytes are stored, whenever they are', async () => {
  const random = new Random(5)
  const seen = new Map<number, Set<string>>()
  const rounds = Array.from({ length: ROUNDS }, () => strokesOf(random))
  // The same again.
  rounds.push(...rounds.slice(0, 10))
  const expected = rounds.map((strokes) =>
    Array.from({ length: strokes.count }, (_, i) => {
      const own = seen.get(strokes.player[i] ?? 0) ?? new Set()
      seen.set(strokes.player[i] ?? 0, own)
      const before = own.size
      return own.add(`${strokes.x[i]} ${strokes.y[i]}`).size - before
    }),
  )
  assert.ok((seen.get(1)?.size ?? 0) > MAX_LISTED && (seen.get(2)?.size ?? 0) < MAX_LISTED)
  const [firsts, digest] = await painted(rounds, 1)
  assert.deepEqual(firsts, expected)
  assert.deepEqual(await painted(rounds, 7), [expected, digest])
})
