import type { Problem } from '../../../../src/client/api.ts'
import { sentence } from '../../words/sentences.ts'
import { keptOf } from '../kept.ts'
import { spanWords } from '../span-words.ts'
import type { StatsPage } from '../stats-page.ts'

interface TroubleProps {
  readonly page: StatsPage
  readonly problem: Problem | undefined
}

function wordsOf({ code, detail }: Problem): string {
  return code === 'gone' ? 'Not everything of this span is kept any more.' : sentence(detail)
}

/** Why there is no chart; where something of it is kept, with a way there. */
export function ChartTrouble({ page, problem }: TroubleProps) {
  if (problem === undefined) return null
  const nearest = problem.nearest ?? undefined
  const shown = page.looked.value?.shown
  const kept = nearest && shown && keptOf(nearest, shown)
  return (
    <div class="trouble" role="alert">
      <p>{wordsOf(problem)}</p>
      {kept !== undefined && (
        <button
          type="button"
          class="primary"
          onClick={() =>
            page.change({ shown: kept.span, span: undefined, unit: kept.unit, zone: 'UTC' }, true)
          }
        >
          Show {spanWords(kept.span, 'UTC')} by {kept.unit}, in UTC
        </button>
      )}
    </div>
  )
}

/** Why a question about the chosen span has no answer; where a span near it has, with a way to that. */
export function SpanTrouble({ page, problem }: TroubleProps) {
  if (problem === undefined) return null
  const nearest = problem.nearest ?? undefined
  // The way out of the chart's own trouble is one for all.
  const isOnlyHere = page.questions.series.problem.value === undefined
  return (
    <div class="trouble" role="alert">
      <p>{wordsOf(problem)}</p>
      {nearest !== undefined && isOnlyHere && (
        <button type="button" class="primary" onClick={() => page.change({ span: nearest }, true)}>
          Choose {spanWords(nearest, page.zone)}
        </button>
      )}
    </div>
  )
}
