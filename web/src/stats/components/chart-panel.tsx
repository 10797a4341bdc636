import { useComputed, useSignal } from '@preact/signals'
import type { Amount } from '../amounts.ts'
import { added, amountWords, running, sizeOf } from '../amounts.ts'
import type { Point, Series, Sum } from '../answers.ts'
import type { Line } from '../plot.ts'
import { periodWords, spanWords } from '../span-words.ts'
import type { StatsPage } from '../stats-page.ts'
import type { Unit } from '../units.ts'
import { Chart } from './chart.tsx'
import { SpanChoice } from './span-choice.tsx'
import { ChartTrouble } from './trouble.tsx'

const NO_POINTS: readonly Point[] = []

/** What was counted over time, and the span that everything else is about. */
export function ChartPanel({ page }: { page: StatsPage }) {
  const { questions, looked, wanted } = page
  const hovered = useSignal<number | undefined>(undefined)
  const isLevel = useComputed(() => looked.value?.measure.kind === 'level')
  const points = useComputed(() => questions.series.answer.value?.points ?? NO_POINTS)
  const amounts = useComputed(() =>
    amountsOf(questions.series.answer.value, isLevel.value, questions.base.answer.value),
  )
  const lines = useComputed((): Line[] => [
    {
      label: 'all',
      values: amounts.value.map(sizeOf),
      color: '--accent',
      kind: isLevel.value ? 'line' : 'bars',
    },
  ])
  const now = looked.value
  if (now === undefined || wanted.value === undefined) return <ChartPlace />
  const { measure, asked, span, zone } = now
  const { unit } = wanted.value
  const title = measure.unit
  return (
    <section
      class="panel part wide"
      aria-label={`${title} over time`}
      aria-busy={questions.series.isBusy.value}
    >
      <SpanChoice page={page} looked={now} />
      <ChartTrouble page={page} problem={questions.series.problem.value} />
      {questions.series.problem.value === undefined && (
        <>
          <p class="readout number">
            <Readout
              points={points.value}
              amounts={amounts.value}
              at={hovered.value}
              unit={unit}
              zone={zone}
              isLevel={measure.kind === 'level'}
            />
          </p>
          <Chart
            label={`${title} by ${unit}, ${spanWords(now.shown, zone)}`}
            points={points.value}
            lines={lines.value}
            zone={zone}
            height={240}
            span={asked.span}
            onChoose={(chosen) => page.change({ span: chosen })}
            onHover={(period) => {
              hovered.value = period
            }}
          />
          <p class="quiet small">
            Drag over the chart to choose a span.{' '}
            <span id="chart-keys" class="with-keyboard">
              Keys: ← → move it, Shift and ← → change its length, Escape clears it.
            </span>
          </p>
          <p class="hidden" aria-live="polite" data-testid="chosen">
            {asked.span === undefined ? '' : `${spanWords(asked.span, zone)} chosen`}
          </p>
          <ChartTable
            points={points.value}
            amounts={amounts.value}
            unit={unit}
            zone={zone}
            title={title}
            span={spanWords(span, zone)}
          />
        </>
      )}
    </section>
  )
}

/** Takes its place until it is known what it goes over. */
function ChartPlace() {
  return <section class="panel part wide chart-place" aria-busy="true" />
}

/** What is drawn: of a level all that came before, too. */
export function amountsOf(
  series: Series | undefined,
  isLevel: boolean,
  base: Sum | undefined,
): readonly Amount[] {
  const sums = series?.points.map(({ sum }) => sum) ?? []
  return isLevel ? running(sums, base?.sums[0]?.sum ?? 0) : sums
}

interface ReadoutProps {
  readonly points: readonly Point[]
  readonly amounts: readonly Amount[]
  readonly at: number | undefined
  readonly unit: Unit
  readonly zone: string
  readonly isLevel: boolean
}

function Readout({ points, amounts, at, unit, zone, isLevel }: ReadoutProps) {
  const point = at === undefined ? undefined : points[at]
  if (at !== undefined && point !== undefined) {
    return (
      <>
        {periodWords(point, unit, zone)}: <strong>{amountWords(amounts[at] ?? 0)}</strong>
      </>
    )
  }
  return (
    <>
      {isLevel ? 'At the end' : 'Altogether'}:{' '}
      <strong>{amountWords(isLevel ? (amounts.at(-1) ?? 0) : added(amounts))}</strong>
    </>
  )
}

interface ChartTableProps {
  readonly points: readonly Point[]
  readonly amounts: readonly Amount[]
  readonly unit: Unit
  readonly zone: string
  readonly title: string
  readonly span: string
}

/** The chart for those who do not see it; made when it is opened. */
function ChartTable({ points, amounts, unit, zone, title, span }: ChartTableProps) {
  const isOpen = useSignal(false)
  return (
    <details
      onToggle={({ currentTarget }) => {
        isOpen.value = currentTarget.open
      }}
    >
      <summary>The chart as a table</summary>
      {isOpen.value && (
        <div class="scroll">
          <table>
            <caption class="hidden">
              {title}, {span}
            </caption>
            <thead>
              <tr>
                <th scope="col">{unit}</th>
                <th scope="col" class="amount">
                  {title}
                </th>
              </tr>
            </thead>
            <tbody>
              {points.map((point, i) => (
                <tr key={point.from}>
                  <td>{periodWords(point, unit, zone)}</td>
                  <td class="amount number">{amountWords(amounts[i] ?? 0)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  )
}
