import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BLANK, Fold, T0 } from '../../../test/support/boards.ts'
import { manySteps, STEPS_BOARD, take } from '../../../test/support/canvas-steps.ts'
import { type LogRecord, positionOf, START } from '../../log/port.ts'
import { Canvas } from './canvas.ts'
import { Changes } from './changes.ts'
import type { Cell } from './chunk.ts'
import { IS_PAINTED, kindOf, StrokeKind, Strokes, WAS_PAINTED } from './strokes.ts'
import { Verdict } from './verdict.ts'

interface Stroke {
  readonly at: readonly [x: number, y: number]
  readonly kind: number
  readonly was: Whose
  readonly is: Whose
  readonly second: number
}

interface Whose {
  readonly player: number
  readonly color: number
  readonly isPainted: boolean
}

function strokeAt(strokes: Strokes, i: number): Stroke {
  const mark = strokes.mark[i]!
  return {
    at: [strokes.x[i]!, strokes.y[i]!],
    kind: kindOf(mark),
    was: {
      player: strokes.owner[i]!,
      color: strokes.colorBefore[i]!,
      isPainted: (mark & WAS_PAINTED) !== 0,
    },
    is: { player: strokes.player[i]!, color: strokes.color[i]!, isPainted: (mark & IS_PAINTED) !== 0 },
    second: strokes.second[i]!,
  }
}

function told(records: readonly LogRecord[]): Strokes {
  const canvas = new Canvas()
  const strokes = new Strokes(START, 0)
  for (const record of records) canvas.apply(record, new Changes(), strokes)
  return strokes
}

function whose({ player, color, timeMs }: Cell): Whose {
  return { player, color, isPainted: player !== 0 || timeMs !== 0 }
}

test('[M30] every placement that counts is told with what was there before', () => {
  const fold = new Fold({ background: 2 })
  fold.place([1, 3, 4, 5], [1, 3, 4, 5], [2, 3, 4, 6])
  fold.nowMs += 1500
  fold.paint([0, 3, 4, 6, T0], [7, 3, 4, 6, T0 + 1000])
  fold.paint([8, 0, 0, 1, 0])
  // The source again.
  fold.paint([7, 3, 4, 6, T0 + 1000])
  fold.paint([8, 0, 0, 1, 0])
  const strokes = told(fold.records)
  const second = T0 / 1000
  const blank = { player: 0, color: 2, isPainted: false }
  const of = (player: number, color: number): Whose => ({ player, color, isPainted: true })
  assert.deepEqual(
    Array.from({ length: strokes.count }, (_, i) => strokeAt(strokes, i)),
    [
      { at: [3, 4], kind: StrokeKind.placed, was: blank, is: of(1, 5), second },
      { at: [3, 4], kind: StrokeKind.placed, was: of(1, 5), is: of(2, 6), second },
      { at: [3, 4], kind: StrokeKind.placed, was: of(2, 6), is: of(0, 6), second },
      { at: [3, 4], kind: StrokeKind.placed, was: of(0, 6), is: of(7, 6), second: second + 1 },
      { at: [0, 0], kind: StrokeKind.placed, was: blank, is: of(8, 1), second: 0 },
    ],
  )
})

test('[M30] what is put back is told as such, and what its own player took back', () => {
  const fold = new Fold({ rules: { cooldown: { kind: 'none' }, undoSeconds: 5, activeZone: null } })
  fold.place([1, 0, 0, 3])
  fold.undo(1)
  fold.place([2, 0, 0, 4])
  fold.restore('rollback', {
    x: 0,
    y: 0,
    expected: fold.cell(0, 0),
    becomes: { color: 3, player: 1, timeMs: T0 },
  })
  fold.restore('rollback', { x: 0, y: 0, expected: fold.cell(0, 0), becomes: BLANK })
  const strokes = told(fold.records)
  const blank = { player: 0, color: 0, isPainted: false }
  assert.deepEqual(
    Array.from({ length: strokes.count }, (_, i) => strokeAt(strokes, i)).map(({ kind, was, is }) => ({
      kind,
      was,
      is,
    })),
    [
      { kind: StrokeKind.placed, was: blank, is: { player: 1, color: 3, isPainted: true } },
      { kind: StrokeKind.undone, was: { player: 1, color: 3, isPainted: true }, is: blank },
      { kind: StrokeKind.placed, was: blank, is: { player: 2, color: 4, isPainted: true } },
      {
        kind: StrokeKind.restored,
        was: { player: 2, color: 4, isPainted: true },
        is: { player: 1, color: 3, isPainted: true },
      },
      { kind: StrokeKind.restored, was: { player: 1, color: 3, isPainted: true }, is: blank },
    ],
  )
})

test('[M30] what is told leads from cell to cell as the board shows them, whatever happened', () => {
  fc.assert(
    fc.property(manySteps, (steps) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      const strokes = told(fold.records)
      const cells = new Map<string, Whose>()
      for (let i = 0; i < strokes.count; i++) {
        const { at, was, is } = strokeAt(strokes, i)
        assert.deepEqual(was, cells.get(at.join()) ?? whose({ ...BLANK, color: 2 }))
        cells.set(at.join(), is)
      }
      for (const [at, is] of cells) {
        const [x = 0, y = 0] = at.split(',').map(Number)
        assert.deepEqual(is, whose(fold.canvas.cellAt(x, y)))
      }
    }),
    { numRuns: 200 },
  )
})

test('[M30] a stroke is told for each cell or intent that was accepted, and for no other', () => {
  fc.assert(
    fc.property(manySteps, (steps) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      const canvas = new Canvas()
      const strokes = new Strokes(START, 0)
      for (const record of fold.records) {
        const before = strokes.count
        const verdicts = canvas.apply(record, new Changes(), strokes)
        const isAboutCells = [2, 3, 6].includes(record.type)
        const accepted = verdicts.filter((verdict) => verdict === Verdict.accepted).length
        const told = strokes.count - before
        // Painted cells may be just so already.
        if (record.type === 3) assert.ok(told <= accepted)
        else assert.equal(told, isAboutCells ? accepted : 0)
      }
    }),
    { numRuns: 100 },
  )
})

test('[M31] strokes are read as they were written, and from any position on', () => {
  const fold = new Fold()
  for (let i = 0; i < 300; i++) {
    if (i % 3 === 0) fold.ban(9)
    else fold.place(...Array.from({ length: i % 7 }, (_, x) => [1 + (i % 5), x, i % 100, i % 16] as const))
  }
  const strokes = told(fold.records)
  const read = Strokes.decode(strokes.encode())
  assert.deepEqual([read.after, read.upTo, read.timeMs, read.count], [0, 301, T0, strokes.count])
  for (let i = 0; i < strokes.count; i++) assert.deepEqual(strokeAt(read, i), strokeAt(strokes, i))
  const canvas = new Canvas()
  const counted = new Strokes(START, 0)
  for (const record of fold.records) {
    canvas.apply(record, new Changes(), counted)
    assert.equal(read.startAfter(record.position), counted.count)
  }
})

test('[M31] strokes are cut between records, so that no part is larger than asked unless a record is', () => {
  const fold = new Fold()
  for (const count of [3, 4, 0, 10, 2]) {
    fold.place(...Array.from({ length: count }, (_, x) => [1, x, count, 1] as const))
  }
  const strokes = told(fold.records)
  const cuts: [end: number, upTo: number][] = []
  for (let start = 0; start < strokes.count; ) {
    const { end, upTo } = strokes.cut(start, 7)
    cuts.push([end, upTo])
    start = end
  }
  assert.deepEqual(cuts, [
    [7, 3],
    [17, 5],
    [19, 6],
  ])
  assert.deepEqual(new Strokes(positionOf(4), 0).cut(0, 7), { end: 0, upTo: 4 })
})
