/** What to show where not everything of a span is kept any more. Pure. */
import type { Span } from './spans.ts'
import type { Unit } from './units.ts'

export interface Kept {
  readonly span: Span
  /** Of UTC: only its own periods are kept whole. */
  readonly unit: Unit
}

const DAY = 86_400
const LEVELS: readonly (readonly [unit: Unit, seconds: number])[] = [
  ['day', DAY],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

/**
 * By the periods that the refusal's nearest exact span is made of, from its beginning on: what comes later is kept at
 * least as finely. To the end of what was to be shown, or to the last whole period before.
 */
export function keptOf(nearest: Span, shown: Span): Kept {
  const coarse = coarseUnit(nearest)
  if (coarse !== undefined) return { span: nearest, unit: coarse }
  const [unit, seconds] = LEVELS.find(([, seconds]) => isWhole(nearest, seconds)) ?? ['second', 1]
  const to = Math.floor((shown.to + 1) / seconds) * seconds - 1
  return { span: { from: nearest.from, to: Math.max(nearest.to, to) }, unit }
}

function isWhole({ from, to }: Span, seconds: number): boolean {
  return from % seconds === 0 && (to + 1) % seconds === 0
}

/** Of whole months or years nobody knows whether their days are kept. */
function coarseUnit(span: Span): Unit | undefined {
  const ends = [span.from, span.to + 1].map((second) => new Date(second * 1000))
  if (!isWhole(span, DAY) || ends.some((end) => end.getUTCDate() !== 1)) return undefined
  return ends.every((end) => end.getUTCMonth() === 0) ? 'year' : 'month'
}
