import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { crashPoint } from '../base/crash.ts'
import { type Position, positionOf, START } from '../log/port.ts'
import type { Changes, Kv, Table } from '../store/kv.ts'
import { type BoardInfo, Canvas } from './canvas/canvas.ts'
import { Chunk, STRIP_CELLS, STRIPS } from './canvas/chunk.ts'
import type { Area } from './canvas/geometry.ts'
import { PAGE_PLAYERS, PlayerPage } from './canvas/players.ts'
import type { Banned } from './canvas/records.ts'
import type { UndoSlot } from './canvas/undo.ts'
import type { Refusals } from './refusals.ts'

/** A snapshot of another layout is not read: the board is folded from the log instead. */
const LAYOUT = 2

interface Meta {
  readonly layout: number
  readonly position: number
  readonly timeMs: number
  readonly info: BoardInfo
  readonly infoAt: number
  readonly hull: Area
  readonly bans: readonly Banned[]
  readonly shadows: readonly [player: number, cells: readonly [cell: number, color: number][]][]
  readonly undo: readonly [player: number, slot: UndoSlot][]
  readonly activity: Canvas['activity']
  readonly chunks: readonly [index: number, changedAt: number][]
  /** Numbers of the player pages: what else is stored belongs to no snapshot. */
  readonly pages: readonly number[]
  readonly keyframeAt: number
  readonly cellsSinceKeyframe: number
}

/** What a board looked like at a position. */
export interface KeyframeHead {
  readonly position: Position
  readonly timeMs: number
  readonly info: BoardInfo
  readonly hull: Area
}

/**
 * A board's projections in the local store, all of which the log can rebuild:
 *
 *     snapshots  [board, 'meta'] · [board, 'cells', chunk, strip] · [board, 'players', page]
 *     keyframes  [board, position] → head · [board, 'chunk', chunk, position] → zstd of its colours
 *     refusals   [board, position] → bits
 *
 * One transaction moves them and the position they reflect.
 */
export class Snapshots {
  readonly #kv: Kv
  readonly #board: string
  readonly #snapshots: Table
  readonly #keyframes: Table
  readonly #keyChunks: Table
  readonly #refusals: Table
  /** Position of the newest keyframe that is stored. */
  keyframeAt: Position = START
  /** Cells folded between that keyframe and the stored state. */
  cellsSinceKeyframe = 0

  constructor(kv: Kv, board: string) {
    this.#kv = kv
    this.#board = board
    this.#snapshots = kv.table('snapshots')
    this.#keyframes = kv.table('keyframes')
    this.#keyChunks = kv.table('keyframe-chunks')
    this.#refusals = kv.table('refusals')
  }

  /** The stored state, or an empty canvas. */
  load(): Canvas {
    const canvas = new Canvas()
    const stored = this.#snapshots.get([this.#board, 'meta'])
    if (stored === undefined) return canvas
    // Our own bytes, written by `save` with the same layout number.
    const meta = JSON.parse(stored.toString()) as Meta
    if (meta.layout !== LAYOUT) return canvas
    canvas.position = positionOf(meta.position)
    canvas.timeMs = meta.timeMs
    canvas.info = meta.info
    canvas.infoAt = positionOf(meta.infoAt)
    canvas.hull = meta.hull
    for (const ban of meta.bans) canvas.bans.set(ban.player, ban)
    for (const [player, cells] of meta.shadows) canvas.shadows.byPlayer.set(player, new Map(cells))
    for (const [player, slot] of meta.undo) canvas.undo.byPlayer.set(player, slot)
    Object.assign(canvas.activity, meta.activity)
    for (const [index, changedAt] of meta.chunks) {
      const chunk = new Chunk(meta.info.background)
      chunk.changedAt = changedAt
      canvas.chunks[index] = chunk
    }
    const cells = { start: [this.#board, 'cells'], end: [this.#board, 'cells', 65_536] }
    for (const { key, value } of this.#snapshots.range(cells)) {
      const [, , index, strip] = key as [string, string, number, number]
      const chunk = canvas.chunks[index]
      if (chunk !== undefined) readStrip(chunk, strip, value)
    }
    const known = new Set(meta.pages)
    const pages = { start: [this.#board, 'players'], end: [this.#board, 'players', 2 ** 32] }
    for (const { key, value } of this.#snapshots.range(pages)) {
      const [, , index] = key as [string, string, number]
      if (known.has(index)) canvas.players.set(index, readPage(value))
    }
    canvas.resume()
    this.keyframeAt = positionOf(meta.keyframeAt)
    this.cellsSinceKeyframe = meta.cellsSinceKeyframe
    return canvas
  }

  /**
   * Writes what changed since the last save, and with `keyframe` also what everybody saw. The state is
   * copied before the first await, so the fold may go on. When it fails, nothing was written and the next
   * save includes it all.
   */
  async save(
    canvas: Canvas,
    refusals: ReadonlyMap<Position, Refusals>,
    keyframe: boolean,
    cellsSinceKeyframe: number,
  ): Promise<void> {
    const board = this.#board
    const dirty = takeDirty(canvas)
    const keyframeAt = keyframe ? canvas.position : this.keyframeAt
    const meta = Buffer.from(JSON.stringify(metaOf(canvas, keyframeAt, cellsSinceKeyframe)))
    const keyChunks = keyframe ? this.#keyChunksOf(canvas) : []
    try {
      await this.#kv.commit('visible', (changes) => {
        for (const { index, strip, bytes } of dirty.strips) {
          changes.put(this.#snapshots, [board, 'cells', index, strip], bytes)
        }
        for (const { index, bytes } of dirty.pages)
          changes.put(this.#snapshots, [board, 'players', index], bytes)
        for (const [position, bits] of refusals) changes.put(this.#refusals, [board, position], bits)
        if (keyframe) this.#putKeyframe(changes, canvas, keyChunks)
        changes.put(this.#snapshots, [board, 'meta'], meta)
        crashPoint('snapshot.before-commit')
      })
    } catch (error) {
      dirty.giveBack()
      throw error
    }
    crashPoint('snapshot.after-commit')
    this.keyframeAt = keyframeAt
    this.cellsSinceKeyframe = cellsSinceKeyframe
  }

  #keyChunksOf(canvas: Canvas): { index: number; bytes: Buffer }[] {
    const out: { index: number; bytes: Buffer }[] = []
    canvas.chunks.forEach((chunk, index) => {
      if (chunk === undefined || chunk.changedAt <= this.keyframeAt) return
      out.push({ index, bytes: zstdCompressSync(chunk.colors) })
    })
    return out
  }

  #putKeyframe(changes: Changes, canvas: Canvas, chunks: readonly { index: number; bytes: Buffer }[]): void {
    const { position, timeMs, info, hull } = canvas
    const head: KeyframeHead = { position, timeMs, info, hull }
    changes.put(this.#keyframes, [this.#board, position], Buffer.from(JSON.stringify(head)))
    for (const { index, bytes } of chunks) {
      changes.put(this.#keyChunks, [this.#board, index, position], bytes)
    }
  }

  /** The last keyframe at or before a position. */
  keyframeBefore(position: Position): KeyframeHead | undefined {
    const range = { start: [this.#board, position], end: [this.#board, -1], reverse: true, limit: 1 }
    for (const { value } of this.#keyframes.range(range)) return JSON.parse(value.toString()) as KeyframeHead
    return undefined
  }

  /** The last keyframe at or before a time. */
  keyframeBeforeTime(timeMs: number): KeyframeHead | undefined {
    const range = { start: [this.#board, Number.MAX_SAFE_INTEGER], end: [this.#board, -1], reverse: true }
    for (const { value } of this.#keyframes.range(range)) {
      const head = JSON.parse(value.toString()) as KeyframeHead
      if (head.timeMs <= timeMs) return head
    }
    return undefined
  }

  /** The colours of the chunk as of the keyframe at `position`; undefined: all background. */
  keyChunk(index: number, position: Position): Uint8Array<ArrayBuffer> | undefined {
    const range = {
      start: [this.#board, index, position],
      end: [this.#board, index, -1],
      reverse: true,
      limit: 1,
    }
    for (const { value } of this.#keyChunks.range(range)) return new Uint8Array(zstdDecompressSync(value))
    return undefined
  }

  refusalsAt(position: Position): Refusals | undefined {
    return this.#refusals.get([this.#board, position])
  }

  /** Stored refusals of records in (after, upTo]. */
  refusalsIn(after: Position, upTo: Position): Map<Position, Refusals> {
    const out = new Map<Position, Refusals>()
    const range = { start: [this.#board, after + 1], end: [this.#board, upTo + 1] }
    for (const { key, value } of this.#refusals.range(range)) {
      const [, position] = key as [string, number]
      out.set(positionOf(position), value)
    }
    return out
  }
}

function metaOf(canvas: Canvas, keyframeAt: Position, cellsSinceKeyframe: number): Meta {
  const chunks: [number, number][] = []
  canvas.chunks.forEach((chunk, index) => {
    if (chunk !== undefined) chunks.push([index, chunk.changedAt])
  })
  return {
    layout: LAYOUT,
    position: canvas.position,
    timeMs: canvas.timeMs,
    info: canvas.info,
    infoAt: canvas.infoAt,
    hull: canvas.hull,
    bans: [...canvas.bans.values()],
    shadows: [...canvas.shadows.byPlayer].map(([player, cells]) => [player, [...cells]]),
    undo: [...canvas.undo.byPlayer],
    activity: { ...canvas.activity },
    chunks,
    pages: [...canvas.players.entries()].map(([index]) => index),
    keyframeAt,
    cellsSinceKeyframe,
  }
}

interface Dirty {
  readonly strips: { index: number; strip: number; bytes: Uint8Array }[]
  readonly pages: { index: number; bytes: Uint8Array }[]
  /** Marks everything taken as changed again, after a save that failed. */
  giveBack(): void
}

function takeDirty(canvas: Canvas): Dirty {
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

function readStrip(chunk: Chunk, strip: number, bytes: Uint8Array): void {
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

function readPage(bytes: Uint8Array): PlayerPage {
  const reader = new ByteReader(bytes)
  const page = new PlayerPage()
  page.debt.set(reader.f64s(PAGE_PLAYERS))
  page.spent.set(reader.f64s(PAGE_PLAYERS))
  page.activeIn.set(reader.f64s(PAGE_PLAYERS))
  page.banned.set(reader.bytes(PAGE_PLAYERS))
  page.dirty = false
  return page
}
