/** A binary heap of runs by the time of their next row; of equal times the earlier run is first. */
export class RunHeap {
  readonly #timeMs: Float64Array
  readonly #heap: Uint32Array
  #size: number

  /** One time a run, at its index. */
  constructor(timesMs: readonly number[]) {
    this.#timeMs = Float64Array.from(timesMs)
    this.#heap = Uint32Array.from(timesMs.keys())
    this.#size = timesMs.length
    for (let at = (this.#size >>> 1) - 1; at >= 0; at -= 1) this.#sink(at)
  }

  get size(): number {
    return this.#size
  }

  /** The run whose row comes next; meaningless when empty. */
  get first(): number {
    return this.#heap[0]!
  }

  /** The first run goes on with a row of this time. */
  replaceFirst(timeMs: number): void {
    this.#timeMs[this.first] = timeMs
    this.#sink(0)
  }

  removeFirst(): void {
    this.#size -= 1
    this.#heap[0] = this.#heap[this.#size]!
    this.#sink(0)
  }

  #sink(from: number): void {
    const heap = this.#heap
    const size = this.#size
    const run = heap[from]!
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && this.#before(heap[child + 1]!, heap[child]!)) child += 1
      if (!this.#before(heap[child]!, run)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = run
  }

  #before(a: number, b: number): boolean {
    const timeA = this.#timeMs[a]!
    const timeB = this.#timeMs[b]!
    return timeA < timeB || (timeA === timeB && a < b)
  }
}
