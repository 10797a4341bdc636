import { ByteReader, ByteWriter } from '../base/bytes.ts'
import type { Canvas } from './canvas/canvas.ts'
import { cellInChunk, chunkIndex } from './canvas/geometry.ts'
import { slotOf } from './canvas/players.ts'

/**
 * The cells and charges that changed between two snapshots: 17 bytes a cell and 29 a player, where the strips
 * and pages that hold them would take kilobytes each.
 *
 *     cells u32 | players u32
 *     cell u32 × cells (y × 65,536 + x, wrapped) | colour u8 × cells | player u32 × cells | time f64 × cells
 *     player u32 × players | debt f64 × players | spent f64 × players | active in f64 × players | banned u8 × players
 */
export function deltaOf(canvas: Canvas): Uint8Array {
  const { touched, chunks, players } = canvas
  const cells = new Set(touched.cells.subarray(0, touched.cellCount))
  const numbers = new Set(touched.players.subarray(0, touched.playerCount))
  const colors = new Uint8Array(cells.size)
  const authors = new Uint32Array(cells.size)
  const timesMs = new Float64Array(cells.size)
  let at = 0
  for (const key of cells) {
    const cell = chunks[chunkIndex(key & 0xffff, key >>> 16)]?.cell(cellInChunk(key & 0xffff, key >>> 16))
    colors[at] = cell?.color ?? 0
    authors[at] = cell?.player ?? 0
    timesMs[at] = cell?.timeMs ?? 0
    at += 1
  }
  const writer = new ByteWriter(8 + cells.size * 17 + numbers.size * 29)
    .u32(cells.size)
    .u32(numbers.size)
    .column(Uint32Array.from(cells))
    .column(colors)
    .column(authors)
    .column(timesMs)
    .column(Uint32Array.from(numbers))
  for (const column of ['debt', 'spent', 'activeIn'] as const) {
    writer.column(Float64Array.from(numbers, (number) => players.page(number)[column][slotOf(number)] ?? 0))
  }
  return writer
    .column(Uint8Array.from(numbers, (number) => players.page(number).banned[slotOf(number)] ?? 0))
    .finish()
}

/** Brings a canvas forward whose chunks are there; what it changes counts as not yet in the snapshot's base. */
export function applyDelta(canvas: Canvas, bytes: Uint8Array): void {
  const reader = new ByteReader(bytes)
  const cellCount = reader.u32()
  const playerCount = reader.u32()
  const cells = reader.u32s(cellCount)
  const colors = reader.bytes(cellCount)
  const authors = reader.u32s(cellCount)
  const timesMs = reader.f64s(cellCount)
  for (let i = 0; i < cellCount; i++) {
    const key = cells[i] ?? 0
    const chunk = canvas.chunks[chunkIndex(key & 0xffff, key >>> 16)]
    const index = cellInChunk(key & 0xffff, key >>> 16)
    chunk?.set(index, colors[i] ?? 0, authors[i] ?? 0, timesMs[i] ?? 0, chunk.changedAt)
  }
  const numbers = reader.u32s(playerCount)
  const [debt, spent, activeIn] = [0, 1, 2].map(() => reader.f64s(playerCount))
  const banned = reader.bytes(playerCount)
  for (let i = 0; i < playerCount; i++) {
    const page = canvas.players.page(numbers[i] ?? 0)
    const slot = slotOf(numbers[i] ?? 0)
    page.debt[slot] = debt?.[i] ?? 0
    page.spent[slot] = spent?.[i] ?? 0
    page.activeIn[slot] = activeIn?.[i] ?? 0
    page.banned[slot] = banned[i] ?? 0
    page.dirty = true
  }
}
