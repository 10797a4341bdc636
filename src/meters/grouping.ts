/** Sums of series, added up by what they are of. Pure. */
import type { Members } from './members.ts'
import type { Tally } from './port.ts'

export interface Grouping {
  /** By series, from 1 on at index 0: the number of its group; 0 where it is in none. */
  readonly groups: Uint32Array
  /** The highest group. */
  readonly count: number
}

/** One group for each number in a column of the members, of those whose dimensions have the wanted values. */
export function matching(
  { width, numbers }: Members,
  column: number,
  count: number,
  wanted: ReadonlyMap<number, number>,
): Grouping {
  const groups = new Uint32Array(Math.floor(numbers.length / width))
  const conditions = [...wanted].map(([dimension, value]) => ({ at: dimension + 1, value }))
  for (let i = 0; i < groups.length; i++) {
    const base = i * width
    const isIn = conditions.every(({ at, value }) => numbers[base + at] === value)
    if (isIn) groups[i] = numbers[base + column] ?? 0
  }
  return { groups, count }
}

/** All those series that are in a group as one. */
export function together({ groups }: Grouping): Grouping {
  return { groups: groups.map((group) => (group === 0 ? 0 : 1)), count: 1 }
}

/** By group, from a tally of the series. */
export function grouped({ sums, last }: Tally, { groups, count }: Grouping): Tally {
  const lasts = new Uint32Array(count + 1)
  const small = sums instanceof Float64Array ? new Float64Array(count + 1) : undefined
  // No partial sum is further from 0 than this.
  let furthest = 0
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] ?? 0
    const changed = last[i + 1] ?? 0
    if (group === 0 || group > count || changed === 0) continue
    if (changed > (lasts[group] ?? 0)) lasts[group] = changed
    if (small === undefined) continue
    const sum = Number(sums[i + 1] ?? 0)
    furthest += Math.abs(sum)
    small[group] = (small[group] ?? 0) + sum
  }
  if (small !== undefined && furthest <= Number.MAX_SAFE_INTEGER) return { sums: small, last: lasts }
  const exact = new BigInt64Array(count + 1)
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] ?? 0
    if (group === 0 || group > count || (last[i + 1] ?? 0) === 0) continue
    exact[group] = (exact[group] ?? 0n) + BigInt(sums[i + 1] ?? 0)
  }
  return { sums: exact, last: lasts }
}
