const FIRST_CAPACITY = 1024
/** A quarter of a canvas: past that, every cell is said. */
const MAX_CELLS = 262_144

/** Cells of a canvas that changed since its last frame; some more than once. Bounded: 1 MiB. */
export class PendingCells {
  #cells = new Uint32Array(FIRST_CAPACITY)
  #count = 0
  #isEverything = false

  get isEmpty(): boolean {
    return this.#count === 0 && !this.#isEverything
  }

  add(cell: number): void {
    if (this.#isEverything) return
    if (this.#count === MAX_CELLS) {
      this.addEverything()
      return
    }
    if (this.#count === this.#cells.length) {
      const more = new Uint32Array(this.#count * 2)
      more.set(this.#cells)
      this.#cells = more
    }
    this.#cells[this.#count++] = cell
  }

  addEverything(): void {
    this.#isEverything = true
    this.#count = 0
    this.#cells = new Uint32Array(FIRST_CAPACITY)
  }

  addAll(cells: Taken): void {
    if (cells === 'everything') this.addEverything()
    else for (const cell of cells) this.add(cell)
  }

  /** From now on it is empty. */
  take(): Taken {
    const taken = this.#isEverything ? 'everything' : this.#cells.slice(0, this.#count)
    this.#isEverything = false
    this.#count = 0
    return taken
  }
}

export type Taken = Uint32Array | 'everything'
