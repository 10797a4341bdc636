import { ByteReader, ByteWriter } from '../base/bytes.ts'
import type { Canvas } from './canvas/canvas.ts'
import { type Chunk, STRIP_CELLS, STRIPS } from './canvas/chunk.ts'
import { PAGE_PLAYERS, PlayerPage } from './canvas/players.ts'

/** A snapshot's base: strips of cells and pages of players, whole. */
export interface Dirty {
  readonly strips: { index: number; strip: number; bytes: Uint8Array }[]
  readonly pages: { index: number; bytes: Uint8Array }[]
  /** Marks everything taken as changed again, after a save that failed. */
  giveBack(): void
}

/** Copies all that is dirty, which then counts as saved. */
export function takeDirty(canvas: Canvas): Dirty {
  const strips: Dirty['strips'] = []
  const pages: Dirty['pages'] = []
  const taken: (() => void)[] = []
  canvas.chunks.forEach((chunk, index) => {
    if (chunk === undefined || chunk.dirtyStrips === 0) return
    const bits = chunk.dirtyStrips
    for (let strip = 0; strip < STRIPS; strip++) {
      if ((bits & (1 << strip)) !== 0) strips.push({ index, strip, bytes: stripBytes(chunk, strip) })
    }
    chunk.dirtyStrips = 0
    taken.push(() => {
      chunk.dirtyStrips |= bits
    })
  })
  for (const [index, page] of canvas.players.entries()) {
    if (!page.dirty) continue
    pages.push({ index, bytes: pageBytes(page) })
    page.dirty = false
    taken.push(() => {
      page.dirty = true
    })
  }
  return {
    strips,
    pages,
    giveBack: () =>
      taken.forEach((mark) => {
        mark()
      }),
  }
}

function stripBytes(chunk: Chunk, strip: number): Uint8Array {
  const from = strip * STRIP_CELLS
  const to = from + STRIP_CELLS
  return new ByteWriter(STRIP_CELLS * 13)
    .column(chunk.colors.subarray(from, to))
    .column(chunk.players.subarray(from, to))
    .column(chunk.timesMs.subarray(from, to))
    .finish()
}

export function readStrip(chunk: Chunk, strip: number, bytes: Uint8Array): void {
  const reader = new ByteReader(bytes)
  const from = strip * STRIP_CELLS
  chunk.colors.set(reader.bytes(STRIP_CELLS), from)
  chunk.players.set(reader.u32s(STRIP_CELLS), from)
  chunk.timesMs.set(reader.f64s(STRIP_CELLS), from)
}

function pageBytes(page: PlayerPage): Uint8Array {
  return new ByteWriter(PAGE_PLAYERS * 25)
    .column(page.debt)
    .column(page.spent)
    .column(page.activeIn)
    .column(page.banned)
    .finish()
}

export function readPage(bytes: Uint8Array): PlayerPage {
  const reader = new ByteReader(bytes)
  const page = new PlayerPage()
  page.debt.set(reader.f64s(PAGE_PLAYERS))
  page.spent.set(reader.f64s(PAGE_PLAYERS))
  page.activeIn.set(reader.f64s(PAGE_PLAYERS))
  page.banned.set(reader.bytes(PAGE_PLAYERS))
  page.dirty = false
  return page
}
