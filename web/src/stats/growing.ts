/** A series that goes on while it is looked at. Pure. */
import type { Span } from './spans.ts'

/**
 * What is known with what is newer, from the newer's beginning on; what has left the chart goes.
 *
 * @param tail from the beginning of a known period on
 * @param from where the chart begins now
 */
export function grown<T extends Span>(known: readonly T[], tail: readonly T[], from: number): T[] {
  const first = tail[0]?.from ?? Number.POSITIVE_INFINITY
  return [...known.filter((part) => part.from < first), ...tail].filter((part) => part.to >= from)
}
