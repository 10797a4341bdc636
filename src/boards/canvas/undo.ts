import type { Cell } from './chunk.ts'

/** A player's last placement while it can be taken back. */
export interface UndoSlot {
  /** Wrapped. */
  readonly x: number
  readonly y: number
  readonly color: number
  readonly timeMs: number
  readonly cost: number
  readonly before: Cell
}

/** One slot a player, in order of placing, so that the expired are found at the front. */
export class UndoSlots {
  readonly byPlayer = new Map<number, UndoSlot>()

  get(player: number): UndoSlot | undefined {
    return this.byPlayer.get(player)
  }

  remember(player: number, slot: UndoSlot): void {
    this.byPlayer.delete(player)
    this.byPlayer.set(player, slot)
  }

  drop(player: number): void {
    this.byPlayer.delete(player)
  }

  /** Forgets what was placed before `timeMs`. */
  forget(timeMs: number): void {
    for (const [player, slot] of this.byPlayer) {
      if (slot.timeMs >= timeMs) return
      this.byPlayer.delete(player)
    }
  }

  clear(): void {
    this.byPlayer.clear()
  }
}
