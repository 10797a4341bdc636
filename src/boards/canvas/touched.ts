/** Past this many, writing everything that is dirty costs no more than writing them one by one. */
const MAX_TOUCHED = 131_072

/** Which cells and players have changed since the last snapshot, in order, with repeats. */
export class Touched {
  cellCount = 0
  playerCount = 0
  /** Wrapped: y × 65,536 + x. */
  cells = new Uint32Array(1024)
  players = new Uint32Array(1024)
  /** Too many to list, or something else than cells and players' charges has changed. */
  isEverything = false

  get isEmpty(): boolean {
    return !this.isEverything && this.cellCount === 0 && this.playerCount === 0
  }

  cell(x: number, y: number): void {
    if (this.isEverything) return
    if (this.cellCount === this.cells.length) this.cells = this.#grown(this.cells)
    this.cells[this.cellCount++] = (y << 16) | x
    if (this.cellCount >= MAX_TOUCHED) this.everything()
  }

  player(player: number): void {
    if (this.isEverything) return
    if (this.playerCount === this.players.length) this.players = this.#grown(this.players)
    this.players[this.playerCount++] = player
    if (this.playerCount >= MAX_TOUCHED) this.everything()
  }

  everything(): void {
    this.isEverything = true
    this.cellCount = 0
    this.playerCount = 0
  }

  clear(): void {
    this.isEverything = false
    this.cellCount = 0
    this.playerCount = 0
  }

  #grown(list: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
    const bigger = new Uint32Array(list.length * 2)
    bigger.set(list)
    return bigger
  }
}
