/** A closed span of the source's time. */
export interface Interval {
  readonly fromMs: number
  readonly toMs: number
}

interface Part {
  fromMs: number
  toMs: number
  /** The earliest point of the part from which on it is vouched for. */
  anchorMs: number | null
  /** The latest such point. */
  lastAnchorMs: number | null
}

/** Parts kept at most. Beyond, the shortest are forgotten: then less is vouched for, never more. */
const MAX_PARTS = 10_000
const FORGOTTEN_AT_ONCE = 1000

/**
 * Disjoint closed intervals that merge where they touch, each with its anchors. What it holds depends on what was
 * added, not on the order of it (below {@link MAX_PARTS} parts).
 */
export class Intervals {
  #parts: Part[] = []

  get parts(): readonly Readonly<Part>[] {
    return this.#parts
  }

  /** The latest point of all. */
  get endMs(): number | undefined {
    return this.#parts.at(-1)?.toMs
  }

  add(fromMs: number, toMs: number): void {
    this.#merge({ fromMs, toMs, anchorMs: null, lastAnchorMs: null })
  }

  anchor(atMs: number): void {
    this.#merge({ fromMs: atMs, toMs: atMs, anchorMs: atMs, lastAnchorMs: atMs })
  }

  /** The part that holds the point. */
  at(pointMs: number): Readonly<Part> | undefined {
    const part = this.#parts[this.#firstEndingAtOrAfter(pointMs)]
    return part !== undefined && part.fromMs <= pointMs ? part : undefined
  }

  #firstEndingAtOrAfter(pointMs: number): number {
    let low = 0
    let high = this.#parts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#parts[middle]?.toMs ?? 0) < pointMs) low = middle + 1
      else high = middle
    }
    return low
  }

  #merge(part: Part): void {
    const first = this.#firstEndingAtOrAfter(part.fromMs)
    let last = first
    for (let met = this.#parts[last]; met !== undefined && met.fromMs <= part.toMs; met = this.#parts[last]) {
      part.fromMs = Math.min(part.fromMs, met.fromMs)
      part.toMs = Math.max(part.toMs, met.toMs)
      part.anchorMs = either(Math.min, part.anchorMs, met.anchorMs)
      part.lastAnchorMs = either(Math.max, part.lastAnchorMs, met.lastAnchorMs)
      last += 1
    }
    this.#parts.splice(first, last - first, part)
    if (this.#parts.length > MAX_PARTS) this.#forgetShortest()
  }

  /** All but the last, which still grows. */
  #forgetShortest(): void {
    const last = this.#parts.length - 1
    const lengths = this.#parts.slice(0, last).map(({ fromMs, toMs }) => toMs - fromMs)
    const least = lengths.toSorted((a, b) => a - b)[FORGOTTEN_AT_ONCE] ?? 0
    let left = FORGOTTEN_AT_ONCE
    this.#parts = this.#parts.filter((_, i) => i === last || (lengths[i] ?? 0) > least || left-- <= 0)
  }

  toJSON(): (number | null)[][] {
    return this.#parts.map(({ fromMs, toMs, anchorMs, lastAnchorMs }) => [
      fromMs,
      toMs,
      anchorMs,
      lastAnchorMs,
    ])
  }

  static fromJSON(json: (number | null)[][]): Intervals {
    const intervals = new Intervals()
    intervals.#parts = json.map(([fromMs, toMs, anchorMs, lastAnchorMs]) => ({
      fromMs: fromMs ?? 0,
      toMs: toMs ?? 0,
      anchorMs: anchorMs ?? null,
      lastAnchorMs: lastAnchorMs ?? null,
    }))
    return intervals
  }
}

function either(choose: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return choose(a, b)
}
