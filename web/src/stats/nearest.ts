import type { Problem } from '../../../src/client/api.ts'
import { isSpan, type Span } from './spans.ts'

/** The nearest span of which everything is kept, where a refusal names one. */
export function nearestOf(problem: Problem): Span | undefined {
  if (!('nearest' in problem)) return undefined
  const { nearest } = problem
  if (typeof nearest !== 'object' || nearest === null || !('from' in nearest && 'to' in nearest))
    return undefined
  const { from, to } = nearest
  if (typeof from !== 'number' || typeof to !== 'number') return undefined
  return isSpan({ from, to }) ? { from, to } : undefined
}
