import type { Canvas } from '../boards/canvas/canvas.ts'
import type { Chunk } from '../boards/canvas/chunk.ts'
import type { CanvasRecord } from '../boards/canvas/records.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { eachCell, type JudgedRecord } from '../boards/history.ts'
import type { PlayerDirectory } from '../players/directory.ts'
import { idOf } from './placement-rows.ts'
import { shownName } from './shown-name.ts'

/** Cells of one event, but for a record that has more. */
const CELLS_AN_EVENT = 4096

export type Players = Pick<PlayerDirectory, 'player'>

/** Cells in columns: signed coordinates, colours as indexes of the present palette, players by number, times in ms. */
class CellColumns {
  readonly x: number[] = []
  readonly y: number[] = []
  readonly color: number[] = []
  readonly player: number[] = []
  readonly timeMs: number[] = []
  readonly #authors = new Map<number, readonly [id: string, name: string | null]>()
  readonly #players: Players
  readonly #palette: readonly number[]

  constructor(players: Players, palette: readonly number[]) {
    this.#players = players
    this.#palette = palette
  }

  add(at: { x: number; y: number }, color: number, player: number, timeMs: number): void {
    this.x.push(at.x)
    this.y.push(at.y)
    this.color.push(color)
    this.player.push(player)
    this.timeMs.push(timeMs)
    if (player === 0 || this.#authors.has(player)) return
    const known = this.#players.player(player)
    this.#authors.set(player, [idOf(player, known), shownName(known)])
  }

  /** Fields of a JSON object. */
  get json(): string {
    const { x, y, color, player, timeMs } = this
    const authors = Object.fromEntries(this.#authors)
    const rgb = Object.fromEntries([...new Set(color)].map((index) => [index, this.#palette[index] ?? 0]))
    return JSON.stringify({ x, y, color, player, timeMs, authors, rgb }).slice(1, -1)
  }
}

/** Gathers what records set into events, whole records each; what changes the board itself is an event of its own. */
export class PlacementEvents {
  readonly #canvas: Pick<Canvas, 'signed' | 'info'>
  readonly #players: Players
  #cells: CellColumns
  /** Of the last record that was added. */
  position = 0

  constructor(canvas: Pick<Canvas, 'signed' | 'info'>, players: Players) {
    this.#canvas = canvas
    this.#players = players
    this.#cells = new CellColumns(players, canvas.info.palette)
  }

  /** Events that are complete with it. */
  add(judged: JudgedRecord): string {
    const { record, position, timeMs } = judged
    let text = ''
    const told = toldOf(record)
    if (told !== undefined) {
      text += this.flush()
      text += `event: ${told.event}\nid: ${position}\ndata: ${JSON.stringify({ ...told.data, timeMs })}\n\n`
    }
    this.position = position
    const isRestored = record.type === RecordType.restored
    eachCell(judged, (x, y, cell) => {
      this.#cells.add(this.#canvas.signed(x, y), cell.color, cell.player, isRestored ? timeMs : cell.timeMs)
    })
    return this.#cells.x.length >= CELLS_AN_EVENT ? this.flush() : text
  }

  /** What has gathered, if anything. */
  flush(): string {
    if (this.#cells.x.length === 0) return ''
    const text = `id: ${this.position}\ndata: {${this.#cells.json}}\n\n`
    this.#cells = new CellColumns(this.#players, this.#canvas.info.palette)
    return text
  }
}

function toldOf(record: CanvasRecord): { event: string; data: object } | undefined {
  switch (record.type) {
    case RecordType.created: {
      const { extent, palette, background } = record.body
      return { event: 'created', data: { extent, palette, background } }
    }
    case RecordType.resized:
      return { event: 'resized', data: { extent: record.body.extent } }
    case RecordType.repainted:
      return { event: 'repainted', data: { palette: record.body.palette } }
    default:
      return undefined
  }
}

/** A chunk as it is now: all of its cells that were ever painted. */
export function stateEvent(
  index: number,
  chunk: Chunk,
  canvas: Pick<Canvas, 'signed' | 'info'>,
  players: Players,
): string {
  const cells = new CellColumns(players, canvas.info.palette)
  const [left, top] = [(index & 0xff) << 8, index & 0xff00]
  chunk.timesMs.forEach((timeMs, cell) => {
    if (timeMs === 0) return
    const at = canvas.signed(left | (cell & 0xff), top | (cell >>> 8))
    cells.add(at, chunk.colors[cell] ?? 0, chunk.players[cell] ?? 0, timeMs)
  })
  return `event: state\ndata: {"chunk":${index},${cells.json}}\n\n`
}
