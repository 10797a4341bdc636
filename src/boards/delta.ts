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
  const cells = distinct(touched.cells.subarray(0, touched.cellCount))
  const numbers = distinct(touched.players.subarray(0, touched.playerCount))
  const count = cells.length
  const colors = new Uint8Array(count)
  const authors = new Uint32Array(count)
  const timesMs = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const key = cells[i] ?? 0
    const chunk = chunks[chunkIndex(key & 0xffff, key >>> 16)]
    const index = cellInChunk(key & 0xffff, key >>> 16)
    colors[i] = chunk?.colors[index] ?? 0
    authors[i] = chunk?.players[index] ?? 0
    timesMs[i] = chunk?.timesMs[index] ?? 0
  }
  const writer = new ByteWriter(8 + count * 17 + numbers.length * 29)
    .u32(count)
    .u32(numbers.length)
    .column(cells)
    .column(colors)
    .column(authors)
    .column(timesMs)
    .column(numbers)
  for (const column of ['debt', 'spent', 'activeIn'] as const) {
    writer.column(Float64Array.from(numbers, (number) => players.page(number)[column][slotOf(number)] ?? 0))
  }
  return writer
    .column(Uint8Array.from(numbers, (number) => players.page(number).banned[slotOf(number)] ?? 0))
    .finish()
}

/** In order: sorting costs less than a set, and cells that lie together are read together. */
function distinct(keys: Uint32Array): Uint32Array {
  const sorted = keys.toSorted()
  let count = 0
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i] ?? 0
  }
  return sorted.subarray(0, count)
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
