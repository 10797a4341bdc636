/** When anything happened first, found by looking closer and closer. Pure but for what it asks. */
import { sizeOf } from './amounts.ts'
import type { Series } from './answers.ts'
import type { Span } from './spans.ts'

const CLOSER = ['year', 'day', 'minute'] as const

/**
 * The minute from which on there is anything; undefined: there is nothing.
 *
 * @param ask for a series of all of a meter in UTC; `to` undefined: until now
 */
export async function firstSecond(
  ask: (unit: (typeof CLOSER)[number], from: number, to: number | undefined) => Promise<Series>,
): Promise<number | undefined> {
  let within: Span | undefined
  for (const unit of CLOSER) {
    const { points } = await ask(unit, within?.from ?? 0, within?.to)
    const first = points.find(({ sum }) => sizeOf(sum) !== 0)
    // What cancels itself out within a part is found no closer than that.
    if (first === undefined) return within?.from
    within = first
  }
  return within?.from
}
