import { type GroupTotals, moveTotal, NO_TOTALS } from '../../src/meters/group-totals.ts'
import type { Write } from '../../src/meters/writes.ts'

interface Event {
  readonly meter: string
  readonly entity: string
  readonly dimensions: readonly string[]
  readonly second: number
  readonly amount: bigint
}

export interface Range {
  readonly from: number
  readonly to: number
}

interface Place {
  readonly entity: string
  readonly rank: number
  readonly sum: bigint
  readonly lastSecond: number
}

interface Streak {
  readonly entity: string
  readonly rank: number
  readonly longest: Range & { readonly periods: number }
  readonly current: (Range & { readonly periods: number }) | undefined
}

type Takes = (event: Event) => boolean

/** Meters by brute force: a list of amounts, and every question a walk through all of it. */
export class MeterModel {
  readonly events: Event[] = []
  readonly #totalsOver: Readonly<Record<string, number>>
  readonly #isNumbered: boolean
  #groups = new Map<string, GroupTotals>()
  #added = new Map<string, bigint>()
  #firstSeen = new Map<string, number>()

  /**
   * @param totalsOver by meter, how many dimensions a total is about; of one that is not named all
   * @param isNumbered entities are numbers, of which the lower stands before
   */
  constructor(totalsOver: Readonly<Record<string, number>> = {}, isNumbered = false) {
    this.#totalsOver = totalsOver
    this.#isNumbered = isNumbered
  }

  /** All or none: false where a total would move too much. */
  writeAll(writes: readonly Write[]): boolean {
    const count = this.events.length
    const before = [new Map(this.#groups), new Map(this.#added), new Map(this.#firstSeen)] as const
    if (writes.every((write) => this.write(write))) return true
    this.events.length = count
    ;[this.#groups, this.#added, this.#firstSeen] = before
    return false
  }

  /** False where a total would move too much; not to be gone on from then. */
  write(write: Write): boolean {
    const { meter, entity, dimensions = [] } = write
    const name = `${meter}/${entity}`
    if (!this.#firstSeen.has(name))
      this.#firstSeen.set(name, this.#isNumbered ? Number(entity) : this.#firstSeen.size)
    const add = (second: number, amount: bigint): void => {
      if (amount !== 0n) this.events.push({ meter, entity, dimensions, second, amount })
    }
    if (write.kind !== 'total') {
      const amount = BigInt(write.amount ?? 1)
      add(write.second, amount)
      this.#added.set(meter, (this.#added.get(meter) ?? 0n) + (amount < 0n ? -amount : amount))
      return true
    }
    const width = this.#totalsOver[meter] ?? dimensions.length
    const groupOf = (of: Pick<Event, 'meter' | 'entity' | 'dimensions'>): string =>
      JSON.stringify([of.meter, of.entity, of.dimensions.slice(0, width)])
    const group = groupOf({ meter, entity, dimensions })
    const value = BigInt(write.amount)
    const missing = value - this.sum(write, (event) => groupOf(event) === group)
    const window = { from: write.from, end: write.to + 1 }
    const before = this.#groups.get(group) ?? NO_TOTALS
    const moving = moveTotal(before, { window, value, missing }, this.#added.get(meter) ?? 0n, 0)
    if (moving === undefined) return false
    this.#groups.set(group, moving.after)
    for (const { second, sign } of moving.landings) add(second, BigInt(sign) * missing)
    return true
  }

  sum({ from, to }: Range, takes: Takes): bigint {
    let sum = 0n
    for (const event of this.events) {
      if (event.second >= from && event.second <= to && takes(event)) sum += event.amount
    }
    return sum
  }

  /** All places of a range, in order. */
  places({ from, to }: Range, takes: Takes): Place[] {
    const found = new Map<string, { sum: bigint; lastSecond: number; seen: number }>()
    for (const event of this.events) {
      if (event.second < from || event.second > to || !takes(event)) continue
      const seen = this.#firstSeen.get(`${event.meter}/${event.entity}`) ?? 0
      const place = found.get(event.entity) ?? { sum: 0n, lastSecond: 0, seen }
      place.sum += event.amount
      place.lastSecond = Math.max(place.lastSecond, event.second)
      found.set(event.entity, place)
    }
    return [...found]
      .sort(([, a], [, b]) => {
        if (a.sum !== b.sum) return a.sum > b.sum ? -1 : 1
        return a.lastSecond - b.lastSecond || a.seen - b.seen
      })
      .map(([entity, { sum, lastSecond }], i) => ({ entity, rank: i + 1, sum, lastSecond }))
  }

  breakdown(range: Range, dimension: number, takes: Takes): Map<string, bigint> {
    const values = new Set(this.events.map(({ dimensions }) => dimensions[dimension] ?? ''))
    const sums = [...values].map((value): [string, bigint] => [
      value,
      this.sum(range, (event) => takes(event) && event.dimensions[dimension] === value),
    ])
    return new Map(sums.filter(([, sum]) => sum !== 0n))
  }

  /** All longest and current runs of parts in which something happened, in order. */
  streaks(parts: readonly Range[], takes: Takes): Streak[] {
    const found = new Map<string, Streak & { readonly end: number; readonly seen: number }>()
    for (const [name, seen] of this.#firstSeen) {
      const happened = parts.map(({ from, to }) =>
        this.events.some(
          (event) =>
            `${event.meter}/${event.entity}` === name &&
            event.second >= from &&
            event.second <= to &&
            takes(event),
        ),
      )
      const runs: { first: number; last: number }[] = []
      for (const [i, isSo] of happened.entries()) {
        if (isSo && happened[i - 1] === true) runs.push({ first: runs.pop()?.first ?? i, last: i })
        else if (isSo) runs.push({ first: i, last: i })
      }
      const spanOf = ({ first, last }: { first: number; last: number }) => ({
        periods: last - first + 1,
        from: parts[first]?.from ?? 0,
        to: parts[last]?.to ?? 0,
      })
      const longest = runs.toSorted((a, b) => b.last - b.first - (a.last - a.first))[0]
      if (longest === undefined) continue
      const current = runs.find(({ last }) => last === parts.length - 1)
      const entity = name.slice(name.indexOf('/') + 1)
      found.set(name, {
        entity,
        rank: 0,
        longest: spanOf(longest),
        current: current && spanOf(current),
        end: longest.last,
        seen,
      })
    }
    return [...found.values()]
      .sort((a, b) => b.longest.periods - a.longest.periods || a.end - b.end || a.seen - b.seen)
      .map(({ entity, longest, current }, i) => ({ entity, rank: i + 1, longest, current }))
  }
}
