import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CHUNK_CELLS } from '../boards/canvas/geometry.ts'
import type { ChunkEdits } from '../live/protocol.ts'
import { LastWrites } from '../live/recent.ts'
import { Replica } from './replica.ts'

type Cell = readonly [x: number, y: number, color: number]

function edits(...cells: readonly Cell[]): ChunkEdits[] {
  const writes = new LastWrites()
  for (const [x, y, color] of cells) writes.add(x, y, color)
  return writes.groups()
}

function chunkWith(...cells: readonly (readonly [cell: number, color: number])[]): Uint8Array {
  const colors = new Uint8Array(CHUNK_CELLS)
  for (const [cell, color] of cells) colors[cell] = color
  return colors
}

test('[V18] what was neither fetched nor painted is background', () => {
  const replica = new Replica(3)
  replica.apply(1, edits([300, 5, 7]))
  assert.deepEqual([replica.colorAt(300, 5), replica.colorAt(301, 5), replica.colorAt(0, 0)], [7, 3, 3])
  assert.deepEqual(replica.indexes, [1])
})

test('[V18] a frame that a fetched chunk has in it is skipped', () => {
  const replica = new Replica(0)
  replica.loaded(0, 10, chunkWith([0, 5]))
  replica.apply(10, edits([0, 0, 1], [300, 0, 1]))
  assert.deepEqual([replica.colorAt(0, 0), replica.colorAt(300, 0)], [5, 1])
  replica.apply(11, edits([0, 0, 2]))
  assert.equal(replica.colorAt(0, 0), 2)
})

test('[V18] frames for a chunk that is being fetched wait for it, and those it has are dropped', () => {
  const replica = new Replica(0)
  replica.expect(0, 10)
  replica.apply(12, edits([0, 0, 1], [1, 0, 1]))
  replica.apply(14, edits([1, 0, 2]))
  assert.deepEqual([replica.isLoading, replica.colorAt(0, 0)], [true, 0])
  assert.equal(replica.loaded(0, 12, chunkWith([0, 9])), true)
  assert.deepEqual([replica.colorAt(0, 0), replica.colorAt(1, 0), replica.isLoading], [9, 2, false])
})

test('[V18] a chunk older than it has to be is refused and still expected', () => {
  const replica = new Replica(0)
  replica.expect(0, 10)
  assert.equal(replica.loaded(0, 9, chunkWith([0, 9])), false)
  assert.deepEqual([replica.expected(0), replica.colorAt(0, 0)], [10, 0])
  replica.expect(0, 5)
  assert.equal(replica.expected(0), 10)
  replica.expect(0, 20)
  assert.equal(replica.expected(0), 20)
})

test('[V18] an empty chunk is background, with what came since', () => {
  const replica = new Replica(4)
  replica.loaded(0, 1, chunkWith([0, 9]))
  replica.expect(0, 5)
  replica.apply(6, edits([1, 0, 2]))
  replica.loaded(0, 5, undefined)
  assert.deepEqual([replica.colorAt(0, 0), replica.colorAt(1, 0)], [4, 2])
})

test('[V18] a thousand frames wait; then the chunk has to be fetched later instead', () => {
  const replica = new Replica(0)
  replica.expect(0, 1)
  for (let position = 2; position <= 1025; position++) replica.apply(position, edits([0, 0, 1]))
  assert.equal(replica.expected(0), 1)
  replica.apply(1026, edits([0, 0, 2], [300, 0, 2]))
  assert.equal(replica.expected(0), 1026)
  assert.equal(replica.loaded(0, 1025, chunkWith()), false)
  replica.apply(1027, edits([1, 0, 3]))
  assert.equal(replica.loaded(0, 1026, chunkWith([0, 2])), true)
  assert.deepEqual([replica.colorAt(0, 0), replica.colorAt(1, 0)], [2, 3])
})

test('[V18] a forgotten chunk is neither shown nor expected', () => {
  const replica = new Replica(0)
  replica.loaded(0, 1, chunkWith([0, 9]))
  replica.loaded(1, 1, chunkWith([0, 9]))
  replica.expect(2, 1)
  replica.keep((index) => index === 1)
  assert.deepEqual([replica.indexes, replica.isLoading], [[1], false])
})

test('[V18] however frames and fetches interleave, the replica is the board', () => {
  const write = fc.tuple(fc.constantFrom(0, 1, 255, 256, 257), fc.nat(1), fc.integer({ min: 1, max: 9 }))
  const history = fc.array(fc.array(write, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 30 })
  const steps = fc.array(
    fc.oneof(
      fc.record({ do: fc.constant('frame' as const), span: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ do: fc.constant('fetch' as const), chunk: fc.nat(1), late: fc.nat(4) }),
      fc.record({ do: fc.constant('arrive' as const), which: fc.nat() }),
    ),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(history, steps, (records, script) => {
      const head = records.length
      const boardAt = (chunk: number, position: number): Uint8Array => {
        const colors = new Uint8Array(CHUNK_CELLS)
        for (const [x, y, color] of records.slice(0, position).flat()) {
          if (x >>> 8 === chunk) colors[(y << 8) | (x & 0xff)] = color
        }
        return colors
      }
      const replica = new Replica(0)
      const under: { chunk: number; position: number }[] = []
      let sent = 0
      const frame = (span: number): void => {
        const from = sent
        sent = Math.min(head, sent + span)
        if (sent > from) replica.apply(sent, edits(...records.slice(from, sent).flat()))
      }
      const arrive = (which: number): void => {
        const [one] = under.splice(which % under.length, 1)
        if (one === undefined) return
        const { chunk, position } = one
        if (replica.expected(chunk) === undefined) return
        if (!replica.loaded(chunk, position, boardAt(chunk, position))) {
          under.push({ chunk, position: Math.max(position, replica.expected(chunk) ?? 0) })
        }
      }
      for (const step of script) {
        if (step.do === 'frame') frame(step.span)
        else if (step.do === 'arrive') arrive(step.which)
        else {
          replica.expect(step.chunk, sent)
          under.push({ chunk: step.chunk, position: Math.min(head, Math.max(0, sent + step.late - 2)) })
        }
      }
      frame(head)
      while (under.length > 0) arrive(0)
      assert.equal(replica.isLoading, false)
      for (const chunk of [0, 1]) {
        const shown = replica.chunk(chunk) ?? new Uint8Array(CHUNK_CELLS)
        assert.ok(Buffer.from(shown).equals(boardAt(chunk, head)), `chunk ${chunk}`)
      }
    }),
    { numRuns: 500 },
  )
})
