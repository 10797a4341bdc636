import type { Canvas } from '../../boards/canvas/canvas.ts'
import { MAX_CELLS_A_RECORD } from '../../boards/canvas/codec.ts'
import { cellInChunk, wrap } from '../../boards/canvas/geometry.ts'
import type { CanvasRecord, Painted } from '../../boards/canvas/records.ts'
import { RecordType } from '../../boards/canvas/records.ts'
import type { BoardShape, SourceCells, SpateEvent } from './events.ts'

/** A board's past can be seen at the end of any second of the cells' own time. */
const RECORD_SPAN_MS = 1000

export interface TimedRecord {
  readonly record: CanvasRecord
  readonly timeMs: number
}

/** One thing to do to the board, in the order of the source's positions. */
export type Step =
  | { readonly kind: 'append'; readonly timed: TimedRecord }
  /** The board is to be of that shape; made if there is none. */
  | { readonly kind: 'shape'; readonly shape: BoardShape }
  /** A chunk is to show this. */
  | { readonly kind: 'state'; readonly chunk: number; readonly cells: NumberedCells }

/** With the players' numbers here. */
export type NumberedCells = Omit<SourceCells, 'authors' | 'rgb'>

/** @param numberOf of a source's player here */
export function stepsOf(event: SpateEvent, numberOf: (id: string) => number): Step[] {
  switch (event.kind) {
    case 'created':
    case 'gap':
      return [{ kind: 'shape', shape: event.body }]
    case 'resized': {
      const { extent, timeMs } = event.body
      return [{ kind: 'append', timed: { record: { type: RecordType.resized, body: { extent } }, timeMs } }]
    }
    case 'repainted': {
      const { palette, timeMs } = event.body
      return [
        { kind: 'append', timed: { record: { type: RecordType.repainted, body: { palette } }, timeMs } },
      ]
    }
    case 'message':
      return paintedRecords(numbered(event.body, numberOf)).map((timed) => ({ kind: 'append', timed }))
    case 'state':
      return [{ kind: 'state', chunk: event.body.chunk, cells: numbered(event.body, numberOf) }]
  }
}

function numbered(cells: SourceCells, numberOf: (id: string) => number): NumberedCells {
  const { authors, rgb: _rgb, ...columns } = cells
  const numbers = new Map(Object.entries(authors).map(([number, [id]]) => [Number(number), numberOf(id)]))
  return { ...columns, player: cells.player.map((number) => numbers.get(number) ?? 0) }
}

/** Cut where a second of the cells' own time ends, and at the most that a record holds. */
export function paintedRecords({ x, y, color, player, timeMs }: NumberedCells): TimedRecord[] {
  const records: TimedRecord[] = []
  const secondOf = (i: number): number => Math.floor((timeMs[i] ?? 0) / RECORD_SPAN_MS)
  for (let from = 0; from < x.length; ) {
    let to = from + 1
    while (to < x.length && to - from < MAX_CELLS_A_RECORD && secondOf(to) === secondOf(from)) to += 1
    const body: Painted = {
      count: to - from,
      player: Uint32Array.from(player.slice(from, to)),
      x: Uint16Array.from(x.slice(from, to), wrap),
      y: Uint16Array.from(y.slice(from, to), wrap),
      color: Uint8Array.from(color.slice(from, to)),
      timeMs: Float64Array.from(timeMs.slice(from, to)),
    }
    records.push({
      record: { type: RecordType.painted, body },
      timeMs: body.timeMs.reduce((latest, each) => Math.max(latest, each)),
    })
    from = to
  }
  return records
}

/**
 * The cells of a chunk that must be painted so that it shows what the source showed. A cell keeps the source's time
 * where the board has no later one; else, as for one that was put back to the background, it has the moment `atMs`.
 */
export function differing(canvas: Canvas, index: number, cells: NumberedCells, atMs: number): NumberedCells {
  const painted: NumberedCells = { x: [], y: [], color: [], player: [], timeMs: [] }
  const chunk = canvas.chunks[index]
  const told = new Set<number>()
  const paint = (x: number, y: number, color: number, player: number, timeMs: number): void => {
    painted.x.push(x)
    painted.y.push(y)
    painted.color.push(color)
    painted.player.push(player)
    painted.timeMs.push(timeMs)
  }
  for (const [i, x] of cells.x.entries()) {
    const y = cells.y[i] ?? 0
    const cell = cellInChunk(wrap(x), wrap(y))
    told.add(cell)
    const has = canvas.cellAt(wrap(x), wrap(y))
    const wants = { color: cells.color[i] ?? 0, player: cells.player[i] ?? 0, timeMs: cells.timeMs[i] ?? 0 }
    const isSame = has.color === wants.color && has.player === wants.player && has.timeMs === wants.timeMs
    if (isSame) continue
    const timeMs = wants.timeMs >= has.timeMs ? wants.timeMs : Math.max(atMs, has.timeMs)
    paint(x, y, wants.color, wants.player, timeMs)
  }
  chunk?.timesMs.forEach((timeMs, cell) => {
    if (timeMs === 0 || told.has(cell)) return
    const { background } = canvas.info
    if (chunk.colors[cell] === background && chunk.players[cell] === 0) return
    const at = canvas.signed(((index & 0xff) << 8) | (cell & 0xff), (index & 0xff00) | (cell >>> 8))
    paint(at.x, at.y, background, 0, Math.max(atMs, timeMs))
  })
  return painted
}
