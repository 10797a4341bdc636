import type { Changes } from '../boards/canvas/changes.ts'
import { cellInChunk, chunkIndex } from '../boards/canvas/geometry.ts'
import type { ChunkEdits } from './protocol.ts'

const FIRST_CAPACITY = 1024
/** What a room remembers for those who resume: changes, 13 bytes each. */
const MAX_CAPACITY = 131_072
const MAX_GROUP = 65_535

/** A ring of the latest changes with their positions. */
export class RecentChanges {
  #capacity = FIRST_CAPACITY
  #positions = new Float64Array(FIRST_CAPACITY)
  #x = new Uint16Array(FIRST_CAPACITY)
  #y = new Uint16Array(FIRST_CAPACITY)
  #color = new Uint8Array(FIRST_CAPACITY)
  /** Changes ever pushed; the ring holds the last `#held` of them. */
  #pushed = 0
  #held = 0
  #since: number

  /** @param since the position after which everything is pushed */
  constructor(since: number) {
    this.#since = since
  }

  /** Whether nothing after `position` was forgotten. */
  covers(position: number): boolean {
    return position >= this.#since
  }

  push(position: number, changes: Changes): void {
    for (let i = 0; i < changes.count; i++) {
      if (this.#held === this.#capacity) this.#makeRoom()
      const at = this.#pushed % this.#capacity
      this.#positions[at] = position
      this.#x[at] = changes.x[i] ?? 0
      this.#y[at] = changes.y[i] ?? 0
      this.#color[at] = changes.color[i] ?? 0
      this.#pushed += 1
      this.#held += 1
    }
  }

  /** Grows up to the limit, then forgets the oldest record. */
  #makeRoom(): void {
    if (this.#capacity < MAX_CAPACITY) {
      const bigger = this.#capacity * 2
      const order = Array.from({ length: this.#held }, (_, i) => this.#slot(i))
      this.#positions = gather(this.#positions, order, new Float64Array(bigger))
      this.#x = gather(this.#x, order, new Uint16Array(bigger))
      this.#y = gather(this.#y, order, new Uint16Array(bigger))
      this.#color = gather(this.#color, order, new Uint8Array(bigger))
      this.#capacity = bigger
      this.#pushed = this.#held
      return
    }
    const oldest = this.#positions[this.#slot(0)] ?? 0
    this.#since = oldest
    while (this.#held > 0 && this.#positions[this.#slot(0)] === oldest) this.#held -= 1
  }

  #slot(i: number): number {
    return (this.#pushed - this.#held + i) % this.#capacity
  }

  /** How many changes came after a position that is covered. */
  countAfter(position: number): number {
    let low = 0
    let high = this.#held
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#positions[this.#slot(middle)] ?? 0) > position) high = middle
      else low = middle + 1
    }
    return this.#held - low
  }

  /** The last colour of every cell that changed after a position that is covered. */
  after(position: number): ChunkEdits[] {
    const collect = new LastWrites()
    for (let i = this.#held - this.countAfter(position); i < this.#held; i++) {
      const at = this.#slot(i)
      collect.add(this.#x[at] ?? 0, this.#y[at] ?? 0, this.#color[at] ?? 0)
    }
    return collect.groups()
  }
}

function gather<T extends Float64Array | Uint16Array | Uint8Array>(
  from: T,
  order: readonly number[],
  into: T,
): T {
  order.forEach((at, i) => {
    into[i] = from[at] ?? 0
  })
  return into
}

/** Keeps the last colour a cell and sorts cells by chunk. */
export class LastWrites {
  readonly #chunks = new Map<number, Map<number, number>>()

  add(x: number, y: number, color: number): void {
    const chunk = chunkIndex(x, y)
    let cells = this.#chunks.get(chunk)
    if (cells === undefined) {
      cells = new Map()
      this.#chunks.set(chunk, cells)
    }
    cells.set(cellInChunk(x, y), color)
  }

  groups(): ChunkEdits[] {
    const groups: ChunkEdits[] = []
    for (const [chunk, edits] of this.#chunks) {
      const cells = Uint16Array.from(edits.keys())
      const colors = Uint8Array.from(edits.values())
      for (let from = 0; from < cells.length; from += MAX_GROUP) {
        const part = cells.subarray(from, from + MAX_GROUP)
        groups.push({
          chunk,
          count: part.length,
          cells: part,
          colors: colors.subarray(from, from + MAX_GROUP),
        })
      }
    }
    return groups
  }
}
