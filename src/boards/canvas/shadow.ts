import { keepNewest } from '../../base/keep-newest.ts'

/** What shadow-banned players painted and only they see. Bounded: a player's oldest cells go first. */
const MAX_CELLS_A_PLAYER = 4096

function keyOf(x: number, y: number): number {
  return y * 65_536 + x
}

export class ShadowOverlays {
  /** player → cell (y × 65,536 + x, wrapped) → colour; in order of painting. */
  readonly byPlayer = new Map<number, Map<number, number>>()

  get size(): number {
    return this.byPlayer.size
  }

  colorAt(player: number, x: number, y: number): number | undefined {
    return this.byPlayer.get(player)?.get(keyOf(x, y))
  }

  set(player: number, x: number, y: number, color: number): void {
    let cells = this.byPlayer.get(player)
    if (cells === undefined) {
      cells = new Map()
      this.byPlayer.set(player, cells)
    }
    const key = keyOf(x, y)
    cells.delete(key)
    cells.set(key, color)
    keepNewest(cells, MAX_CELLS_A_PLAYER)
  }

  /** Somebody painted the cell for all to see: it covers what the shadow-banned saw there. */
  reveal(x: number, y: number): void {
    const key = keyOf(x, y)
    for (const [player, cells] of this.byPlayer) {
      if (cells.delete(key) && cells.size === 0) this.byPlayer.delete(player)
    }
  }

  drop(player: number): void {
    this.byPlayer.delete(player)
  }

  /** Wrapped cells that `player` alone sees. */
  cellsOf(player: number): { x: number; y: number; color: number }[] {
    return [...(this.byPlayer.get(player) ?? [])].map(([key, color]) => ({
      x: key % 65_536,
      y: Math.floor(key / 65_536),
      color,
    }))
  }
}
