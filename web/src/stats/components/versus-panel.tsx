import { useComputed } from '@preact/signals'
import type { Problem } from '../../../../src/client/api.ts'
import { type Amount, added, amountWords, changeWords, shareOf, sizeOf } from '../amounts.ts'
import type { Point, Series } from '../answers.ts'
import { MOST_VERSUS } from '../asked.ts'
import { pathOf } from '../place.ts'
import type { Line } from '../plot.ts'
import { type Span, touched } from '../spans.ts'
import type { StatsPage } from '../stats-page.ts'
import { Chart } from './chart.tsx'

/** This board, then the others. */
const COLORS = ['--accent', '--band-2', '--band-3', '--band-4', '--band-5', '--band-6']
const NO_POINTS: readonly Point[] = []

/** A board beside others. */
export function VersusPanel({ page, board }: { page: StatsPage; board: string }) {
  const { boards, asked, looked, questions } = page
  const { versus } = asked.value
  const points = useComputed(() => questions.series.answer.value?.points ?? NO_POINTS)
  const series = useComputed(() => [
    { board, answer: questions.series.answer.value, problem: undefined },
    ...asked.value.versus.map((each, i) => ({
      board: each,
      answer: questions.versus[i]?.answer.value,
      problem: questions.versus[i]?.problem.value,
    })),
  ])
  const lines = useComputed((): Line[] =>
    series.value.map(({ board, answer }, i) => ({
      label: board,
      // While a later answer is awaited, one may be longer than the other.
      values: points.value.map((_, i) => sizeOf(answer?.points[i]?.sum ?? 0)),
      color: COLORS[i] ?? '--quiet',
      kind: 'line',
    })),
  )
  const now = looked.value
  const others = boards.value.filter((each) => each !== board && !versus.includes(each))
  return (
    <section class="panel part" aria-label="Board against board">
      <h2>Board against board</h2>
      {others.length > 0 && versus.length < MOST_VERSUS && (
        <label class="choice">
          <span>beside</span>
          <select
            value=""
            onChange={({ currentTarget: { value } }) =>
              value !== '' && page.change({ versus: [...versus, value] }, true)
            }
          >
            <option value="">choose a board…</option>
            {others.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
      )}
      {boards.value.length === 1 && <p class="empty">There is no other board here.</p>}
      {now !== undefined && versus.length > 0 && (
        <>
          <Chart
            label={`${series.value.map(({ board }) => board).join(', ')} over time`}
            points={points.value}
            lines={lines.value}
            zone={now.zone}
            height={180}
            span={now.asked.span}
          />
          <Boards
            page={page}
            rows={series.value.map(({ board, answer, problem }) => ({
              board,
              sum: sumIn(answer, now.span),
              problem,
            }))}
          />
        </>
      )}
    </section>
  )
}

/** Of the periods that the span touches. */
function sumIn(series: Series | undefined, span: Span): Amount | undefined {
  if (series === undefined) return undefined
  const at = touched(span, series.points)
  return at === undefined ? 0 : added(series.points.slice(at.first, at.last + 1).map(({ sum }) => sum))
}

interface BoardsProps {
  readonly page: StatsPage
  readonly rows: readonly {
    readonly board: string
    readonly sum: Amount | undefined
    readonly problem: Problem | undefined
  }[]
}

function Boards({ page, rows }: BoardsProps) {
  const { versus } = page.asked.value
  const isLevel = page.looked.value?.measure.kind === 'level'
  const words = isLevel ? changeWords : amountWords
  const most = rows.reduce<Amount>((most, { sum = 0 }) => (sizeOf(sum) > sizeOf(most) ? sum : most), 0)
  return (
    <table class="leaders">
      <caption class="hidden">Boards</caption>
      <thead class="hidden">
        <tr>
          <th scope="col">Board</th>
          <th scope="col">Amount</th>
          <th scope="col">Take away</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ board, sum, problem }, i) => (
          <tr key={board}>
            <th scope="row">
              <span class="color">
                <span
                  class="color-sample round"
                  style={{ background: `var(${COLORS[i] ?? '--quiet'})` }}
                  aria-hidden="true"
                />
                <a href={pathOf({ kind: 'board', board })}>{board}</a>
              </span>
            </th>
            <td class="amount number share" style={{ '--share': shareOf(sum ?? 0, most) }}>
              {problem !== undefined ? 'not there' : sum === undefined ? '…' : words(sum)}
            </td>
            <td>
              {i > 0 && (
                <button
                  type="button"
                  aria-label={`Take ${board} away`}
                  onClick={() => page.change({ versus: versus.filter((each) => each !== board) }, true)}
                >
                  ×
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
