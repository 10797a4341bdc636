import { sentence } from '../../words/sentences.ts'
import { nearestOf } from '../nearest.ts'
import type { Question } from '../question.ts'
import { spanWords } from '../span-words.ts'
import type { Span } from '../spans.ts'
import type { StatsPage } from '../stats-page.ts'

interface TroubleProps<T> {
  readonly page: StatsPage
  readonly question: Question<T>
  /** Asks about the nearest span of which everything is kept. */
  readonly onNearest: (span: Span) => void
}

/** Why a question has no answer; where there is a span that has one, with a way to it. */
export function Trouble<T>({ page, question, onNearest }: TroubleProps<T>) {
  const problem = question.problem.value
  if (problem === undefined) return null
  const nearest = nearestOf(problem)
  return (
    <div class="trouble" role="alert">
      <p>
        {problem.code === 'gone' ? 'Not everything of this span is kept any more.' : sentence(problem.detail)}
      </p>
      {nearest !== undefined && (
        <button type="button" class="primary" onClick={() => onNearest(nearest)}>
          Show {spanWords(nearest, page.zone)}
        </button>
      )}
    </div>
  )
}
