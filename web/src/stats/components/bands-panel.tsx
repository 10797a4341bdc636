import { useComputed } from '@preact/signals'
import { colorName } from '../../words/colors.ts'
import { amountWords, shareOf, sizeOf } from '../amounts.ts'
import type { Breakdown, Places, Point } from '../answers.ts'
import type { Line } from '../plot.ts'
import { isStackable, largest, stacked } from '../stacks.ts'
import type { StatsPage } from '../stats-page.ts'
import { Chart } from './chart.tsx'
import { SpanTrouble } from './trouble.tsx'

/** Colours of lines that have none of their own. */
const BANDS = ['--band-1', '--band-2', '--band-3', '--band-4', '--band-5', '--band-6', '--band-7']
/** Of a board each colour is its own. */
const MOST_COLORS = 64

/** What the sums are made of: colours of a board, values of a dimension. */
export function BandsPanel({ page }: { page: StatsPage }) {
  const { place, meter, looked, questions } = page
  const isBoard = place.kind === 'board'
  const dimensions = meter.value?.dimensions ?? []
  const now = looked.value
  const { lines, points, colors } = useBands(page)
  if (!isBoard && dimensions.length === 0) return null
  const title = isBoard ? 'Colours' : 'Breakdown'
  const hasAnswer = questions.bands.answer.value !== undefined
  return (
    <section class="panel part" aria-label={title} aria-busy={questions.bands.isBusy.value}>
      <h2>{title}</h2>
      {!isBoard && <DimensionChoice page={page} dimensions={dimensions} />}
      <Filters page={page} />
      <SpanTrouble page={page} problem={questions.bands.problem.value} />
      {now !== undefined && hasAnswer && (
        <Chart
          label={isBoard ? 'Placements by colour over time' : `By ${now.dimension} over time`}
          points={points.value}
          lines={lines.value}
          zone={now.zone}
          height={180}
          span={now.asked.span}
        />
      )}
      {questions.values.answer.value !== undefined && (
        <ValuesTable
          page={page}
          breakdown={questions.values.answer.value}
          area={questions.area.answer.value}
          colors={colors.value}
        />
      )}
    </section>
  )
}

const NO_POINTS: readonly Point[] = []

/** The bands on one another; lines beside one another where some are negative. */
function useBands(page: StatsPage) {
  const { bands } = page.questions
  const points = useComputed(() => bands.answer.value?.points ?? NO_POINTS)
  const lines = useComputed((): Line[] => {
    const values = bands.answer.value?.values ?? []
    const { shown, others } = largest(values, page.place.kind === 'board' ? MOST_COLORS : BANDS.length)
    const all = [
      ...shown.map((band, i) => ({
        label: band.value,
        sums: band.sums,
        color: values.find(({ value }) => value === band.value)?.color ?? BANDS[i] ?? '--quiet',
      })),
      ...(others === undefined ? [] : [{ label: 'others', sums: others, color: '--quiet' }]),
    ]
    if (!isStackable(all)) {
      return all.map(
        ({ label, sums, color }): Line => ({ label, color, values: sums.map(sizeOf), kind: 'line' }),
      )
    }
    const heights = stacked(all.map(({ sums }) => sums))
    return all
      .map(({ label, color }, i): Line => ({ label, color, values: heights[i] ?? [], kind: 'bars' }))
      .reverse()
  })
  const colors = useComputed(() => new Map(lines.value.map(({ label, color }) => [label, color])))
  return { lines, points, colors }
}

function DimensionChoice({ page, dimensions }: { page: StatsPage; dimensions: readonly string[] }) {
  return (
    <label class="choice">
      <span>by</span>
      <select
        value={page.looked.value?.dimension ?? ''}
        onChange={({ currentTarget: { value } }) => page.change({ dimension: value }, true)}
      >
        {dimensions.map((dimension) => (
          <option key={dimension} value={dimension}>
            {dimension}
          </option>
        ))}
      </select>
    </label>
  )
}

/** The values that everything is narrowed down to. */
function Filters({ page }: { page: StatsPage }) {
  const where = Object.entries(page.asked.value.where)
  if (where.length === 0) return null
  return (
    <ul class="chips">
      {where.map(([dimension, value]) => (
        <li key={dimension}>
          <button type="button" class="chip" onClick={() => page.narrow(dimension, undefined)}>
            {dimension}: <bdi>{value}</bdi>
            <span aria-hidden="true"> ×</span>
            <span class="hidden">, take away</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

interface ValuesTableProps {
  readonly page: StatsPage
  readonly breakdown: Breakdown
  /** Cells of each colour of a board at the end of the span. */
  readonly area: Places | undefined
  /** Of the bands of a chart, by value. */
  readonly colors: ReadonlyMap<string, string>
}

function ValuesTable({ page, breakdown, area, colors }: ValuesTableProps) {
  const isBoard = page.place.kind === 'board'
  const { values } = breakdown
  const cells = new Map(area?.places.map(({ entity, sum }) => [entity, sum]))
  const most = values[0]?.sum ?? 0
  if (values.length === 0) return <p class="empty">Nothing happened in this span.</p>
  return (
    <div class="scroll">
      <table class="leaders">
        <caption class="hidden">{isBoard ? 'Colours' : `By ${page.looked.value?.dimension}`}</caption>
        <thead>
          <tr>
            <th scope="col">{isBoard ? 'Colour' : 'Value'}</th>
            <th scope="col" class="amount">
              {isBoard ? 'Placements' : 'Sum'}
            </th>
            {isBoard && (
              <th scope="col" class="amount">
                Cells at its end
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {values.map(({ value, color, sum }) => (
            <tr key={value}>
              <th scope="row">
                {isBoard ? (
                  <Color value={value} color={color} />
                ) : (
                  <Value page={page} value={value} color={colors.get(value) ?? '--quiet'} />
                )}
              </th>
              <td class="amount number share" style={{ '--share': shareOf(sum, most) }}>
                {amountWords(sum)}
              </td>
              {isBoard && <td class="amount number">{amountWords(cells.get(value) ?? 0)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Color({ value, color }: { value: string; color: string | undefined }) {
  if (color === undefined) return <span class="quiet">colour {value}, no longer in the palette</span>
  return (
    <span class="color">
      <span class="color-sample" style={{ background: color }} aria-hidden="true" />
      {colorName(Number.parseInt(color.slice(1), 16))}{' '}
      <span class="quiet number wide-only">{color.toLowerCase()}</span>
    </span>
  )
}

/** Pressed, it narrows everything down to itself. */
function Value({ page, value, color }: { page: StatsPage; value: string; color: string }) {
  const dimension = page.looked.value?.dimension
  return (
    <span class="color">
      <span class="color-sample round" style={{ background: `var(${color})` }} aria-hidden="true" />
      <button
        type="button"
        class="link who"
        title="Only this"
        onClick={() => dimension !== undefined && page.narrow(dimension, value)}
      >
        <bdi>{value === '' ? '(no value)' : value}</bdi>
      </button>
    </span>
  )
}
