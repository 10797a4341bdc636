import type { Hole, Interval } from './answers.ts'

/** One or several holes as they are drawn, in shares of the bar. */
export interface Mark {
  readonly from: number
  readonly to: number
  readonly span: Interval
  readonly holes: number
  /** Of the holes themselves. */
  readonly holeMs: number
  readonly causes: readonly string[]
}

/** So that the shortest hole of four days is seen. */
export const LEAST_SHARE = 1 / 250

/**
 * Holes of what was seen as marks of a bar, in order: none narrower than a 250th of it, those that would touch as one.
 * So there are never more than 250.
 */
export function marksOf(seen: Interval, holes: readonly Hole[]): Mark[] {
  const seenMs = Math.max(1, seen.toMs - seen.fromMs)
  const marks: Mark[] = []
  for (const hole of holes) {
    const { from, to } = shownAt((hole.fromMs - seen.fromMs) / seenMs, (hole.toMs - seen.fromMs) / seenMs)
    const holeMs = hole.toMs - hole.fromMs
    const before = marks.at(-1)
    if (before === undefined || before.to < from) {
      const span = { fromMs: hole.fromMs, toMs: hole.toMs }
      marks.push({ from, to, span, holes: 1, holeMs, causes: [...hole.causes] })
      continue
    }
    marks[marks.length - 1] = {
      from: before.from,
      to: Math.max(before.to, to),
      span: { fromMs: before.span.fromMs, toMs: hole.toMs },
      holes: before.holes + 1,
      holeMs: before.holeMs + holeMs,
      causes: [...new Set([...before.causes, ...hole.causes])],
    }
  }
  return marks
}

function shownAt(from: number, to: number): { from: number; to: number } {
  const missing = Math.max(0, LEAST_SHARE - (to - from)) / 2
  const start = Math.min(Math.max(0, from - missing), 1 - LEAST_SHARE)
  return { from: start, to: Math.min(1, Math.max(to + missing, start + LEAST_SHARE)) }
}
