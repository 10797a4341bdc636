import { CHUNK_CELLS } from './geometry.ts'

/** A chunk is saved in strips of 16 rows, so that a snapshot writes only what has changed. */
export const STRIPS = 16
export const STRIP_CELLS = CHUNK_CELLS / STRIPS
const STRIP_SHIFT = 12

/** What one cell holds. Player 0 is nobody: the organiser, or a cell never touched. */
export interface Cell {
  readonly color: number
  readonly player: number
  /** When it was painted, ms; 0 for never. */
  readonly timeMs: number
}

export function equalCells(a: Cell, b: Cell): boolean {
  return a.color === b.color && a.player === b.player && a.timeMs === b.timeMs
}

/** 256 × 256 cells in columns: 13 bytes a cell. */
export class Chunk {
  readonly colors = new Uint8Array(CHUNK_CELLS)
  readonly players = new Uint32Array(CHUNK_CELLS)
  readonly timesMs = new Float64Array(CHUNK_CELLS)
  /** Position of the last record that changed something here. */
  changedAt = 0
  /** Bit s is set when strip s has changed since the last snapshot. */
  dirtyStrips = 0

  constructor(background: number) {
    if (background !== 0) this.colors.fill(background)
  }

  cell(index: number): Cell {
    return {
      color: this.colors[index] ?? 0,
      player: this.players[index] ?? 0,
      timeMs: this.timesMs[index] ?? 0,
    }
  }

  set(index: number, color: number, player: number, timeMs: number, position: number): void {
    this.colors[index] = color
    this.players[index] = player
    this.timesMs[index] = timeMs
    this.changedAt = position
    this.dirtyStrips |= 1 << (index >>> STRIP_SHIFT)
  }
}
