import { assert } from '../../base/assert.ts'
import { Pace } from '../../base/pace.ts'
import type { Boards } from '../../boards/boards.ts'
import type { Canvas } from '../../boards/canvas/canvas.ts'
import { MAX_CELLS_A_RECORD } from '../../boards/canvas/codec.ts'
import { type Area, cellInChunk, chunkIndex, hullOf, wrap } from '../../boards/canvas/geometry.ts'
import type { CanvasRecord, Painted } from '../../boards/canvas/records.ts'
import { RecordType } from '../../boards/canvas/records.ts'
import { MAX_COLORS } from '../../boards/canvas/rules.ts'
import type { BoardHost } from '../../boards/host.ts'
import { CLOSED_RULES } from '../closed-rules.ts'
import { PALETTE_2022 } from '../datasets/palettes.ts'
import type { PlaceConfig } from './messages.ts'
import { cellOrder, FirstCells, type Found, type Owed } from './owed.ts'
import type { FrameCells } from './picture.ts'

const WHITE = 0xffffff

/** Cells that are to be painted at one time; wrapped coordinates of the board. */
export interface CellsToPaint {
  readonly count: number
  readonly x: Uint16Array
  readonly y: Uint16Array
  readonly color: Uint8Array
}

/** Where a frame lies on the board. */
export interface FramePlace {
  readonly dx: number
  readonly dy: number
  readonly timestampMs: number
}

/**
 * The board that shows what is captured: made when the source's configuration is first known, as large as all canvases
 * together, in the source's colours, and grown with them. A cell holds the time of the frame that changed it last, so
 * what is painted twice is seen and left out.
 */
export class CaptureBoard {
  readonly #boards: Pick<Boards, 'has' | 'get' | 'create'>
  readonly #id: string
  #turn: Promise<unknown> = Promise.resolve()
  #colors: ReadonlyMap<number, number> = new Map()
  #colorsOf: readonly number[] = []

  constructor(boards: Pick<Boards, 'has' | 'get' | 'create'>, id: string) {
    this.#boards = boards
    this.#id = id
  }

  get host(): BoardHost {
    return this.#boards.get(this.#id)
  }

  get exists(): boolean {
    return this.#boards.has(this.#id)
  }

  /**
   * Makes the board what the configuration takes. Errors: those of the log and the board; a board that nobody may make
   * so large stays as it is, and what lies outside is not painted.
   */
  configure(config: PlaceConfig, beganMs: number): Promise<void> {
    return this.#inTurn(async () => {
      const extent = extentOf(config)
      if (!this.exists) {
        await this.#create(extent, config, beganMs)
        return
      }
      const { info } = this.host.canvas
      const hull = hullOf(info.extent, extent)
      const isLarger = hull.width !== info.extent.width || hull.height !== info.extent.height
      if (isLarger) await this.host.append([{ type: RecordType.resized, body: { extent: hull } }])
      await this.#addColors(config.palette.map(({ rgb }) => rgb))
    })
  }

  async #create(extent: Area, config: PlaceConfig, beganMs: number): Promise<void> {
    const named = [...new Set(config.palette.map(({ rgb }) => rgb))]
    const palette = named.length > 0 ? named : PALETTE_2022
    const background = Math.max(0, palette.indexOf(WHITE))
    await this.#boards.create({ id: this.#id, extent, palette, background, rules: CLOSED_RULES }, beganMs)
  }

  /** Resolves with those that the palette now has room for. */
  async #addColors(colors: readonly number[]): Promise<void> {
    const { palette } = this.host.canvas.info
    const added = [...new Set(colors)].filter((rgb) => !palette.includes(rgb))
    const grown = [...palette, ...added].slice(0, MAX_COLORS)
    if (grown.length > palette.length) {
      await this.host.append([{ type: RecordType.repainted, body: { palette: grown } }])
    }
  }

  /**
   * The board's index of each cell's colour. The palette grows by colours that it lacks, which are told to `onUnknown` first.
   * Beyond 256 colours the nearest is taken.
   */
  async colorsOf(
    cells: FrameCells,
    onUnknown: (colors: readonly number[]) => Promise<void>,
  ): Promise<Uint8Array> {
    const indexes = new Uint8Array(cells.count)
    const unknown = new Set<number>()
    const known = this.#known()
    let lastRgb = -1
    let index: number | undefined
    for (let i = 0; i < cells.count; i++) {
      const rgb = cells.rgb[i]!
      // Neighbours are often alike.
      if (rgb !== lastRgb) index = known.get(rgb)
      lastRgb = rgb
      if (index === undefined) unknown.add(rgb)
      else indexes[i] = index
    }
    if (unknown.size === 0) return indexes
    await onUnknown([...unknown])
    await this.#inTurn(() => this.#addColors([...unknown]))
    const grown = this.#known()
    for (let i = 0; i < cells.count; i++) {
      const rgb = cells.rgb[i]!
      indexes[i] = grown.get(rgb) ?? nearest(rgb, this.host.canvas.info.palette)
    }
    return indexes
  }

  #known(): ReadonlyMap<number, number> {
    const { palette } = this.host.canvas.info
    if (palette !== this.#colorsOf) {
      this.#colorsOf = palette
      // Where two entries are the same colour, the first.
      this.#colors = new Map(palette.map((rgb, index) => [rgb, index] as const).reverse())
    }
    return this.#colors
  }

  /** When a cell of that area was painted last; 0 for never. */
  latestMs({ left, top, width, height }: Area): number {
    const { chunks } = this.host.canvas
    let latestMs = 0
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        latestMs = Math.max(latestMs, timeIn(chunks, wrap(left + column), wrap(top + row)))
      }
    }
    return latestMs
  }

  /** When a cell was painted last; 0 for never. Wrapped coordinates. */
  timeMs(x: number, y: number): number {
    return timeIn(this.host.canvas.chunks, x, y)
  }

  /** The first `limit` cells of an area that show what is owed, which must not change meanwhile. */
  async showing({ left, top, width, height }: Area, owed: Owed, limit: number): Promise<Found> {
    const pace = new Pace()
    const first = new FirstCells(limit, owed.end)
    for (let row = 0; row < height; row++) {
      await pace.turn()
      const { canvas } = this.host
      const { chunks, info } = canvas
      for (let column = 0; column < width; column++) {
        const [x, y] = [left + column, top + row]
        const ms = timeIn(chunks, wrap(x), wrap(y))
        const cell = cellOrder(column, row)
        if (ms === 0 || !first.takes(ms, cell) || !owed.has(ms, cell)) continue
        const rgb = info.palette[canvas.colorAt(wrap(x), wrap(y))] ?? 0
        first.add({ ms, cell }, { x, y, changeMs: ms, rgb })
      }
    }
    return first.finish()
  }

  /** All of a frame's cells, for one that is later than whatever the board has there. */
  all(cells: FrameCells, colors: Uint8Array, { dx, dy }: FramePlace): CellsToPaint {
    const { count, at, width } = cells
    const x = new Uint16Array(count)
    const y = new Uint16Array(count)
    for (let i = 0; i < count; i++) {
      const row = Math.floor(at[i]! / width)
      x[i] = wrap(at[i]! - row * width + dx)
      y[i] = wrap(row + dy)
    }
    return { count, x, y, color: colors }
  }

  /**
   * Those of a frame's cells that the board does not have yet: not those that it has of the same time or a later one,
   * and of a full frame only those of another colour.
   */
  missing(cells: FrameCells, colors: Uint8Array, place: FramePlace, isFull: boolean): CellsToPaint {
    const { canvas } = this.host
    const { dx, dy, timestampMs } = place
    const { width } = cells
    const x = new Uint16Array(cells.count)
    const y = new Uint16Array(cells.count)
    const color = new Uint8Array(cells.count)
    let count = 0
    for (let i = 0; i < cells.count; i++) {
      const at = cells.at[i]!
      const row = Math.floor(at / width)
      const boardX = wrap(at - row * width + dx)
      const boardY = wrap(row + dy)
      const chunk = canvas.chunks[chunkIndex(boardX, boardY)]
      const cell = cellInChunk(boardX, boardY)
      const paintedMs = chunk?.timesMs[cell] ?? 0
      const shown = chunk?.colors[cell] ?? canvas.info.background
      const isThere = isFull
        ? paintedMs > timestampMs || shown === colors[i]
        : paintedMs > timestampMs || (paintedMs === timestampMs && shown === colors[i])
      if (isThere) continue
      x[count] = boardX
      y[count] = boardY
      color[count] = colors[i]!
      count += 1
    }
    return { count, x, y, color }
  }

  /** All of it in one append, in order. Errors: those of the log and the board. */
  async paint(frames: readonly (CellsToPaint & { readonly timestampMs: number })[]): Promise<void> {
    const records: CanvasRecord[] = []
    const timesMs: number[] = []
    for (const { count, x, y, color, timestampMs } of frames) {
      for (let from = 0; from < count; from += MAX_CELLS_A_RECORD) {
        const to = Math.min(count, from + MAX_CELLS_A_RECORD)
        const body: Painted = {
          count: to - from,
          player: new Uint32Array(to - from),
          x: x.subarray(from, to),
          y: y.subarray(from, to),
          color: color.subarray(from, to),
          timeMs: new Float64Array(to - from).fill(timestampMs),
        }
        records.push({ type: RecordType.painted, body })
        timesMs.push(timestampMs)
      }
    }
    if (records.length === 0) return
    const outcomes = await this.host.append(records, timesMs)
    assert(outcomes.length === records.length, 'an outcome for each record')
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run)
    this.#turn = result.catch(() => {})
    return result
  }
}

function timeIn(chunks: Canvas['chunks'], x: number, y: number): number {
  return chunks[chunkIndex(x, y)]?.timesMs[cellInChunk(x, y)] ?? 0
}

function extentOf({ canvases, canvasWidth: width, canvasHeight: height }: PlaceConfig): Area {
  const areas = canvases.map(({ dx, dy }): Area => ({ left: dx, top: dy, width, height }))
  return areas.reduce(hullOf)
}

function nearest(rgb: number, palette: readonly number[]): number {
  let best = 0
  let leastDistance = Number.POSITIVE_INFINITY
  for (const [index, candidate] of palette.entries()) {
    const distance = [16, 8, 0].reduce((sum, shift) => {
      const difference = ((rgb >>> shift) & 0xff) - ((candidate >>> shift) & 0xff)
      return sum + difference * difference
    }, 0)
    if (distance < leastDistance) {
      leastDistance = distance
      best = index
    }
  }
  return best
}
