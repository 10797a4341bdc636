import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BoardInfo } from '../../../boards/canvas/canvas.ts'
import { type Area, contains } from '../../../boards/canvas/geometry.ts'
import { FREE_RULES } from '../../../boards/canvas/rules.ts'
import { cellNumber, cellsGained, diffPixels, fullPixels } from './frame-pixels.ts'

function board(extent: Area, colors: number): BoardInfo {
  const palette = Array.from({ length: colors }, (_, i) => i * 257)
  return { id: '', extent, palette, background: 1, rules: FREE_RULES, locks: [] }
}

/** The board shows 1 but for what is set. */
function chunks(set: ReadonlyMap<number, number>): (index: number) => Uint8Array | undefined {
  const first = new Uint8Array(65_536).fill(1)
  for (const [cell, color] of set) first[cell] = color
  return (index) => (index === 0 ? first : undefined)
}

const CANVAS = { left: 0, top: 0, width: 20, height: 10 }

test('[S47] a diff is transparent but for the cells that it tells', () => {
  const info = board(CANVAS, 16)
  const shown = chunks(new Map([[3 * 256 + 4, 7]]))
  const cells = Uint32Array.of(cellNumber(4, 3), cellNumber(4, 3), cellNumber(0, 0), cellNumber(30, 0))
  const frame = diffPixels(CANVAS, info, shown, cells)
  const pixels = new Uint8Array(200).fill(16)
  pixels[3 * 20 + 4] = 7
  pixels[0] = 1
  assert.deepEqual(frame, { pixels, width: 20, height: 10, palette: [...info.palette, 0], transparent: 16 })
})

test('[S47] a full frame is transparent outside of the board', () => {
  const extent = { left: 5, top: 2, width: 100, height: 3 }
  const frame = fullPixels(CANVAS, board(extent, 4), chunks(new Map()))
  assert.equal(frame.transparent, 4)
  frame.pixels.forEach((color, i) => {
    const isInside = contains(extent, i % 20, Math.floor(i / 20))
    assert.equal(color, isInside ? 1 : 4)
  })
  const whole = fullPixels(CANVAS, board(CANVAS, 4), chunks(new Map()))
  assert.equal(whole.transparent, undefined)
})

test('[S47] with 256 colours, one that a frame does not use is given up; if it uses all, every cell is told', () => {
  const wide = { left: 0, top: 0, width: 256, height: 2 }
  const info = board(wide, 256)
  const all = new Map(Array.from({ length: 256 }, (_, i) => [i, i]))
  const every = Uint32Array.from({ length: 256 }, (_, i) => i)
  assert.equal(diffPixels(wide, info, chunks(all), every), undefined)
  const frame = diffPixels(wide, info, chunks(all), every.subarray(1))
  assert.equal(frame?.transparent, 0)
  assert.equal(frame?.palette.length, 256)
})

test('[S48] the cells that a board gains are those that it has now and had not', () => {
  const side = fc.record({
    left: fc.integer({ min: -10, max: 15 }),
    top: fc.integer({ min: -10, max: 10 }),
    width: fc.integer({ min: 1, max: 30 }),
    height: fc.integer({ min: 1, max: 20 }),
  })
  fc.assert(
    fc.property(side, side, (before, now) => {
      const gained = new Set(cellsGained(CANVAS, before, now))
      for (let x = 0; x < 20; x++)
        for (let y = 0; y < 10; y++)
          assert.equal(gained.has(cellNumber(x, y)), contains(now, x, y) && !contains(before, x, y))
    }),
  )
})
