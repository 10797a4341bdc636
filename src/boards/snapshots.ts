import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib'
import { crashPoint } from '../base/crash.ts'
import { type Position, positionOf, START } from '../log/port.ts'
import type { Changes, KeyPart, Kv, Table } from '../store/kv.ts'
import { type BoardInfo, Canvas } from './canvas/canvas.ts'
import { Chunk } from './canvas/chunk.ts'
import { type Area, CHUNK_CELLS } from './canvas/geometry.ts'
import { PlayerPage } from './canvas/players.ts'
import type { Banned } from './canvas/records.ts'
import type { UndoSlot } from './canvas/undo.ts'
import { applyDelta, deltaOf } from './delta.ts'
import type { StrokesPart } from './kept-strokes.ts'
import { RefusalRun } from './refusals.ts'
import { readPage, readStrip, takeDirty } from './strips.ts'

const compress = promisify(zstdCompress)
/** The fastest level is as small on colours as the default, in less than half the time; a chunk comes out in one piece. */
const FAST = { chunkSize: 80 << 10, params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** A snapshot of another layout is not read: the board is folded from the log instead. */
const LAYOUT = 4
/** Changed cells and players kept as deltas before the base is written anew. */
const MAX_IN_DELTAS = 1_000_000

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
  /** Changed cells and players in the deltas since the base. */
  readonly inDeltas: number
  /** What later records did to cells is kept for the meters. */
  readonly strokesFrom?: number
}

/** What one save writes of the cells and players. */
interface Part {
  readonly inDeltas: number
  write(changes: Changes): void
  /** Counts it all as unsaved again, after a save that failed. */
  giveBack(): void
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
 *     snapshots  [board, 'meta'] · [board, 'cells', chunk, strip] · [board, 'players', page] · [board, 'delta', position]
 *     keyframes  [board, position] → head · [board, 'chunk', chunk, position] → zstd of its colours
 *     refusal-runs  [board, position of the last record in it] → a run
 *
 * One transaction moves them and the position they reflect. The runs hold the refusals from the stream's start on; after a
 * rebuild there may be two that tell the same. A snapshot is a base (strips and pages, whole) and
 * the deltas since; when those hold a million changes, the base is brought up to date and they go.
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
  /** The strokes that are stored belong to the stored state, from there on; undefined: they do not. */
  strokesFrom: Position | undefined
  /** Changes in the stored deltas; undefined: there is no base to add one to. */
  #inDeltas: number | undefined

  constructor(kv: Kv, board: string) {
    this.#kv = kv
    this.#board = board
    this.#snapshots = kv.table('snapshots')
    this.#keyframes = kv.table('keyframes')
    this.#keyChunks = kv.table('keyframe-chunks')
    this.#refusals = kv.table('refusal-runs')
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
    for (const index of known) canvas.players.set(index, new PlayerPage())
    const pages = { start: [this.#board, 'players'], end: [this.#board, 'players', 2 ** 32] }
    for (const { key, value } of this.#snapshots.range(pages)) {
      const [, , index] = key as [string, string, number]
      if (known.has(index)) canvas.players.set(index, readPage(value))
    }
    for (const { value } of this.#snapshots.range(this.#deltas())) applyDelta(canvas, value)
    canvas.touched.clear()
    canvas.resume()
    this.#inDeltas = meta.inDeltas
    this.keyframeAt = positionOf(meta.keyframeAt)
    this.cellsSinceKeyframe = meta.cellsSinceKeyframe
    if (meta.strokesFrom !== undefined) this.strokesFrom = positionOf(meta.strokesFrom)
    return canvas
  }

  #deltas(): { start: KeyPart[]; end: KeyPart[] } {
    return { start: [this.#board, 'delta'], end: [this.#board, 'delta', Number.MAX_SAFE_INTEGER] }
  }

  /**
   * Writes what changed since the last save, and with `keyframe` also what everybody saw. The state is
   * copied before the first await, so the fold may go on. When it fails, nothing was written and the next
   * save includes it all.
   * @param strokes those up to this moment, unless they are not gathered
   */
  async save(
    canvas: Canvas,
    refusals: RefusalRun,
    keyframe: boolean,
    cellsSinceKeyframe: number,
    strokes?: StrokesPart,
  ): Promise<void> {
    const board = this.#board
    const part = this.#takePart(canvas)
    const keyframeAt = keyframe ? canvas.position : this.keyframeAt
    const meta = Buffer.from(
      JSON.stringify({
        ...metaOf(canvas, keyframeAt, cellsSinceKeyframe, part.inDeltas),
        ...(strokes === undefined ? {} : { strokesFrom: strokes.from }),
      }),
    )
    const frame = keyframe ? this.#takeKeyframe(canvas) : undefined
    try {
      const putKeyframe = await frame
      const putStrokes = await strokes?.write
      await this.#kv.commit('visible', (changes) => {
        part.write(changes)
        this.#putRefusals(changes, refusals)
        putKeyframe?.(changes)
        putStrokes?.(changes)
        changes.put(this.#snapshots, [board, 'meta'], meta)
        crashPoint('snapshot.before-commit')
      })
    } catch (error) {
      part.giveBack()
      throw error
    }
    crashPoint('snapshot.after-commit')
    strokes?.stored()
    this.#inDeltas = part.inDeltas
    this.keyframeAt = keyframeAt
    this.cellsSinceKeyframe = cellsSinceKeyframe
  }

  #putRefusals(changes: Changes, run: RefusalRun): void {
    if (run.count > 0) changes.put(this.#refusals, [this.#board, run.last], run.encode())
  }

  /** A delta while that is little, else the base. */
  #takePart(canvas: Canvas): Part {
    const { touched } = canvas
    const inDeltas = (this.#inDeltas ?? 0) + touched.cellCount + touched.playerCount
    if (this.#inDeltas === undefined || touched.isEverything || inDeltas > MAX_IN_DELTAS) {
      return this.#takeBase(canvas)
    }
    // A second save at one position has nothing to add, and must not replace the first one's delta.
    if (touched.isEmpty) return { inDeltas, write: () => {}, giveBack: () => {} }
    const key = [this.#board, 'delta', canvas.position]
    const bytes = deltaOf(canvas)
    touched.clear()
    return {
      inDeltas,
      write: (changes) => changes.put(this.#snapshots, key, bytes),
      // What the delta held is dirty still: the next save may write the base.
      giveBack: () => touched.everything(),
    }
  }

  #takeBase(canvas: Canvas): Part {
    const board = this.#board
    const dirty = takeDirty(canvas)
    canvas.touched.clear()
    const stale = [...this.#snapshots.keys(this.#deltas())]
    return {
      inDeltas: 0,
      write: (changes) => {
        for (const key of stale) changes.remove(this.#snapshots, key)
        for (const { index, strip, bytes } of dirty.strips) {
          changes.put(this.#snapshots, [board, 'cells', index, strip], bytes)
        }
        for (const { index, bytes } of dirty.pages) {
          changes.put(this.#snapshots, [board, 'players', index], bytes)
        }
      },
      giveBack: () => {
        dirty.giveBack()
        canvas.touched.everything()
      },
    }
  }

  /**
   * Stores a keyframe alone, while a board that is far behind catches up: the snapshot follows when it has. Its
   * position stays true whatever becomes of the snapshot, and so do the refusals. The state is copied before the first
   * await.
   */
  async saveKeyframe(canvas: Canvas, refusals: RefusalRun): Promise<void> {
    const { position } = canvas
    const putKeyframe = await this.#takeKeyframe(canvas)
    await this.#kv.commit('visible', (changes) => {
      putKeyframe(changes)
      this.#putRefusals(changes, refusals)
    })
    this.keyframeAt = position
  }

  /** Copies what everybody sees, in the chunks that changed since the last keyframe; compresses it elsewhere. */
  async #takeKeyframe(canvas: Canvas): Promise<(changes: Changes) => void> {
    const { position, timeMs, info, hull } = canvas
    const head: KeyframeHead = { position, timeMs, info, hull }
    const copies: { index: number; colors: Uint8Array }[] = []
    canvas.chunks.forEach((chunk, index) => {
      if (chunk === undefined || chunk.changedAt <= this.keyframeAt) return
      copies.push({ index, colors: chunk.colors.slice() })
    })
    const chunks = await Promise.all(
      copies.map(async ({ index, colors }) => ({ index, bytes: await compress(colors, FAST) })),
    )
    return (changes) => {
      changes.put(this.#keyframes, [this.#board, position], Buffer.from(JSON.stringify(head)))
      for (const { index, bytes } of chunks) {
        changes.put(this.#keyChunks, [this.#board, index, position], bytes)
      }
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
    for (const { value } of this.#keyChunks.range(range))
      return new Uint8Array(zstdDecompressSync(value, { chunkSize: CHUNK_CELLS }))
    return undefined
  }

  /** Stored runs that know the refusals of the records in (after, upTo]. */
  refusalsIn(after: Position, upTo: Position): RefusalRun[] {
    const runs: RefusalRun[] = []
    const range = { start: [this.#board, after + 1], end: [this.#board, Number.MAX_SAFE_INTEGER] }
    for (const { value } of this.#refusals.range(range)) {
      const run = RefusalRun.decode(value)
      if (run.first > upTo) break
      runs.push(run)
    }
    return runs
  }
}

function metaOf(canvas: Canvas, keyframeAt: Position, cellsSinceKeyframe: number, inDeltas: number): Meta {
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
    inDeltas,
  }
}
