import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { area, BLANK, type Placement, T0 } from '../../test/support/boards.ts'
import { TestBoard } from '../../test/support/test-board.ts'
import type { Cell } from './canvas/chunk.ts'
import { wrap } from './canvas/geometry.ts'
import { RecordType } from './canvas/records.ts'
import { planReinstate, planRollback, type RollbackFilter, restoredRecords } from './restore.ts'

/** What an admin's request does: plans, then records. Positions of the records. */
async function rollback(board: TestBoard, filter: RollbackFilter): Promise<number[]> {
  const cells = await planRollback(board.host, filter)
  const outcomes = await board.host.append(restoredRecords('rollback', filter.player ?? 0, '', cells))
  return outcomes.map(({ position }) => position)
}

async function reinstate(board: TestBoard, which: { player: number } | { position: number }): Promise<void> {
  const cells = await planReinstate(board.host, which)
  const player = 'player' in which ? which.player : 0
  await board.host.append(restoredRecords('reinstate', player, '', cells))
}

function cell(board: TestBoard, x: number, y: number): Cell {
  return board.host.canvas.cellAt(wrap(x), wrap(y))
}

function row(board: TestBoard, width: number): number[] {
  return Array.from({ length: width }, (_, x) => cell(board, x, 0).color)
}

test('[C32] a rollback of a player brings back what the others had painted, or the background', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1], [2, 1, 0, 2], [3, 2, 0, 3])
  const first = cell(board, 0, 0)
  board.clock.spend(1000)
  await board.place([9, 0, 0, 9], [9, 0, 0, 8], [9, 1, 0, 9], [2, 1, 0, 4], [9, 3, 0, 9])
  await rollback(board, { player: 9 })
  assert.deepEqual(row(board, 4), [1, 4, 3, 0])
  assert.deepEqual(cell(board, 0, 0), first)
  assert.deepEqual(cell(board, 3, 0), BLANK)
})

test('[C32] a rollback of an area or a span of time takes all that matches every condition', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1], [1, 1, 0, 1], [1, 2, 0, 1])
  board.clock.spend(1000)
  await board.place([2, 0, 0, 2], [2, 1, 0, 2], [3, 2, 0, 3])
  board.clock.spend(1000)
  await board.place([2, 1, 0, 4])
  await rollback(board, { area: area(0, 0, 2, 1), fromMs: T0 + 1000, toMs: T0 + 1999 })
  assert.deepEqual(row(board, 3), [1, 4, 3])
  await rollback(board, { player: 2, fromMs: T0 + 2000 })
  assert.deepEqual(row(board, 3), [1, 2, 3])
  await rollback(board, { fromMs: T0 + 1000 })
  assert.deepEqual(row(board, 3), [1, 1, 1])
})

test('[C32] the area of a rollback names cells, not what lies 65,536 further', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([1, 0, 0, 1])
  assert.deepEqual(await planRollback(board.host, { area: area(65_536, 0, 10, 10) }), [])
})

test('[C32] the area of a rollback may lie left of and above the origin', async (t) => {
  const board = await TestBoard.create(t, { extent: area(-50, -50, 100, 100) })
  await board.place([1, -1, -1, 1], [1, 0, 0, 1])
  await rollback(board, { area: area(-5, -5, 5, 5) })
  assert.deepEqual(cell(board, -1, -1), BLANK)
  assert.equal(cell(board, 0, 0).color, 1)
})

test('[C32] cells that lie outside since a resize are rolled back too', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([9, 90, 90, 9])
  await board.append({ type: RecordType.resized, body: { extent: area(-10, -10, 20, 20) } })
  await rollback(board, { player: 9 })
  assert.deepEqual(cell(board, 90, 90), BLANK)
})

test('[C32] what somebody paints while a rollback is planned stays', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([9, 0, 0, 9], [9, 1, 0, 9])
  const cells = await planRollback(board.host, { player: 9 })
  await board.place([1, 0, 0, 1])
  const [outcome] = await board.host.append(restoredRecords('rollback', 9, '', cells))
  assert.deepEqual(row(board, 2), [1, 0])
  assert.deepEqual([...(outcome?.verdicts ?? [])].toSorted(), [0, 9])
})

test('[C32] players who painted over each other may be rolled back in any order', async (t) => {
  for (const order of [
    [8, 9],
    [9, 8],
  ]) {
    const board = await TestBoard.create(t)
    await board.place([1, 0, 0, 1], [8, 0, 0, 8], [9, 0, 0, 9], [8, 1, 0, 8], [9, 1, 0, 9])
    for (const player of order) await rollback(board, { player })
    assert.deepEqual(row(board, 2), [1, 0])
    await board.close()
  }
})

test('[C32] a rollback of more than 1,048,576 cells is refused', async (t) => {
  const board = await TestBoard.create(t, { extent: area(0, 0, 1024, 1025) })
  const count = 65_536
  const player = new Uint32Array(count).fill(9)
  const color = new Uint8Array(count).fill(1)
  const x = Uint16Array.from({ length: count }, (_, i) => i & 0x3ff)
  for (let top = 0; top < 1024; top += 64) {
    const y = Uint16Array.from({ length: count }, (_, i) => top + (i >>> 10))
    await board.append({ type: RecordType.placed, body: { count, player, x, y, color } })
  }
  await board.place([9, 0, 1024, 1])
  await assert.rejects(planRollback(board.host, { player: 9 }), { code: 'too-large' })
})

test('[C33] an unban brings back what the player’s rollbacks took, where nobody painted since', async (t) => {
  const board = await TestBoard.create(t)
  await board.ban(9)
  await board.append({ type: RecordType.unbanned, body: { player: 9 } })
  await board.place([9, 0, 0, 9], [9, 1, 0, 9])
  const painted = cell(board, 0, 0)
  await rollback(board, { player: 9 })
  await board.place([1, 1, 0, 1])
  await reinstate(board, { player: 9 })
  assert.deepEqual(cell(board, 0, 0), painted)
  assert.deepEqual(row(board, 2), [9, 1])
})

test('[C33] what an unban brought back once it does not bring back again', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([9, 0, 0, 9])
  await rollback(board, { player: 9 })
  await reinstate(board, { player: 9 })
  await rollback(board, { area: area(0, 0, 1, 1) })
  await reinstate(board, { player: 9 })
  assert.deepEqual(row(board, 1), [0])
})

test('[C33] after an unban what the player painted may come back by other rollbacks', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([8, 0, 0, 8], [9, 0, 0, 9], [8, 1, 0, 8])
  await rollback(board, { player: 8 })
  await reinstate(board, { player: 8 })
  await rollback(board, { player: 9 })
  assert.deepEqual(row(board, 2), [8, 8])
})

test('[C33] one rollback is undone by its position', async (t) => {
  const board = await TestBoard.create(t)
  await board.place([9, 0, 0, 9], [8, 1, 0, 8])
  const [first] = await rollback(board, { player: 9 })
  await rollback(board, { player: 8 })
  await reinstate(board, { position: first ?? 0 })
  assert.deepEqual(row(board, 2), [9, 0])
})

test('[C31] a plan of more cells than a record takes becomes several', () => {
  const cells = Array.from({ length: 65_537 }, (_, i) => ({
    x: i & 0xff,
    y: i >>> 8,
    expected: BLANK,
    becomes: BLANK,
  }))
  const records = restoredRecords('rollback', 9, 'why', cells)
  assert.deepEqual(
    records.map(({ type, body }) => [type, 'cells' in body ? body.cells.length : 0]),
    [
      [RecordType.restored, 65_536],
      [RecordType.restored, 1],
    ],
  )
  assert.deepEqual(restoredRecords('rollback', 0, 'why', []), [])
  assert.equal(restoredRecords('rollback', 9, 'why', []).length, 1)
})

const tiny: fc.Arbitrary<Placement> = fc.tuple(
  fc.integer({ min: 1, max: 3 }),
  fc.nat(3),
  fc.nat(2),
  fc.nat(5),
)
const placements = fc.array(tiny, { maxLength: 15 })
const filter: fc.Arbitrary<RollbackFilter> = fc.oneof(
  fc.record({ player: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ area: fc.constant(area(1, 0, 2, 2)) }),
  fc.record({ fromMs: fc.integer({ min: T0, max: T0 + 15 }) }),
  fc.record({ player: fc.integer({ min: 1, max: 3 }), toMs: fc.integer({ min: T0, max: T0 + 15 }) }),
)

function matches(filter: RollbackFilter, x: number, y: number, { player, timeMs }: Cell): boolean {
  const { area, fromMs = 0, toMs = Number.POSITIVE_INFINITY } = filter
  if (filter.player !== undefined && player !== filter.player) return false
  if (
    area !== undefined &&
    (x < area.left || y < area.top || x >= area.left + area.width || y >= area.top + area.height)
  )
    return false
  return timeMs >= fromMs && timeMs <= toMs && timeMs > 0
}

test('[C32] [C33] a rollback and its undoing change just the cells they are about', async (t) => {
  await fc.assert(
    fc.asyncProperty(placements, filter, placements, placements, async (before, filter, between, after) => {
      const board = await TestBoard.create(t)
      try {
        const histories = new Map<string, Cell[]>()
        for (const placement of before) {
          board.clock.spend(1)
          await board.place(placement)
          const [, x, y] = placement
          histories.set(`${x},${y}`, [...(histories.get(`${x},${y}`) ?? [BLANK]), cell(board, x, y)])
        }
        const cells = await planRollback(board.host, filter)
        const overtaken = new Set<string>()
        for (const placement of between) {
          board.clock.spend(1)
          if ((await board.place(placement))[0] === 'accepted')
            overtaken.add(`${placement[1]},${placement[2]}`)
        }
        const untouched = new Map([...histories.keys()].map((key) => [key, at(board, key)]))
        const [outcome] = await board.host.append(restoredRecords('rollback', 0, '', cells))
        for (const [key, history] of histories) {
          const [x, y] = coordinates(key)
          const now = history.at(-1) ?? BLANK
          const takenBack = matches(filter, x, y, now) && !overtaken.has(key)
          const expected = takenBack
            ? history.findLast((cell) => !matches(filter, x, y, cell))
            : untouched.get(key)
          assert.deepEqual(at(board, key), expected)
        }
        if (outcome === undefined) return
        const rolled = new Map([...histories.keys()].map((key) => [key, at(board, key)]))
        const repainted = new Set<string>()
        for (const placement of after) {
          board.clock.spend(1)
          if ((await board.place(placement))[0] === 'accepted')
            repainted.add(`${placement[1]},${placement[2]}`)
        }
        const present = new Map([...histories.keys()].map((key) => [key, at(board, key)]))
        await reinstate(board, { position: outcome.position })
        for (const key of histories.keys()) {
          const expected = repainted.has(key) ? present.get(key) : (untouched.get(key) ?? rolled.get(key))
          assert.deepEqual(at(board, key), expected)
        }
      } finally {
        await board.close()
      }
    }),
    { numRuns: 60 },
  )
})

function coordinates(key: string): [x: number, y: number] {
  const [x, y] = key.split(',').map(Number)
  return [x ?? 0, y ?? 0]
}

function at(board: TestBoard, key: string): Cell {
  return cell(board, ...coordinates(key))
}
