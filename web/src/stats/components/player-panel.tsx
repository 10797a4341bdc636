import { useComputed } from '@preact/signals'
import { amountWords, sizeOf } from '../amounts.ts'
import type { Named, Point, Standing } from '../answers.ts'
import { entityWords } from '../entities.ts'
import type { Line } from '../plot.ts'
import type { StatsPage } from '../stats-page.ts'
import { type Looked, streakUnit } from '../wanted.ts'
import { Chart } from './chart.tsx'
import { amountsOf } from './chart-panel.tsx'
import { Search } from './search.tsx'
import { Who } from './who.tsx'

const NO_POINTS: readonly Point[] = []

/** One player, or whoever the meter is about: rank, neighbours, streak, course. */
export function PlayerPanel({ page }: { page: StatsPage }) {
  const { looked, questions, asked, me, place } = page
  const isPlayer = place.kind === 'board'
  const now = looked.value
  return (
    <section
      class="panel part"
      aria-label={isPlayer ? 'A player' : 'Look one up'}
      aria-busy={questions.own.isBusy.value}
    >
      <h2>{isPlayer ? 'A player' : 'Look one up'}</h2>
      <Search page={page} />
      {asked.value.who === 'me' && isPlayer && me.value !== undefined && me.value.player === null && (
        <p class="empty">You have not painted yet.</p>
      )}
      {now?.who !== undefined && <Own page={page} looked={now} who={now.who} />}
    </section>
  )
}

function Own({ page, looked, who }: { page: StatsPage; looked: Looked; who: string }) {
  const { own, ownSeries, ownBase, ownStreak } = page.questions
  const isPlayer = page.place.kind === 'board'
  const points = useComputed(() => ownSeries.answer.value?.points ?? NO_POINTS)
  const isLevel = looked.measure.kind === 'level'
  const lines = useComputed((): Line[] => [
    {
      label: 'own',
      values: amountsOf(
        ownSeries.answer.value,
        page.looked.value?.measure.kind === 'level',
        ownBase.answer.value,
      ).map(sizeOf),
      color: '--own',
      kind: page.looked.value?.measure.kind === 'level' ? 'line' : 'bars',
    },
  ])
  const places = own.answer.value?.places
  const standing = places?.find(({ entity }) => entity === who)
  const streak = ownStreak.answer.value?.places.find(({ entity }) => entity === who)
  const named: Named = standing ?? { entity: who }
  const unit = streakUnit(looked.span)
  return (
    <>
      <h3>
        <bdi>{entityWords(named, isPlayer)}</bdi>
        {isPlayer && /^\d+$/.test(who) && <span class="quiet number"> #{who}</span>}
      </h3>
      {places !== undefined && standing === undefined && (
        <p class="empty">{isLevel ? 'Nothing at this moment.' : 'Nothing happened in this span.'}</p>
      )}
      {standing !== undefined && (
        <dl class="facts">
          <div>
            <dt>Rank</dt>
            <dd class="number">{amountWords(standing.rank)}</dd>
          </div>
          <div>
            <dt>{looked.measure.unit}</dt>
            <dd class="number">{amountWords(standing.sum)}</dd>
          </div>
          {streak !== undefined && (
            <>
              <div>
                <dt>Longest streak</dt>
                <dd class="number">{counted(streak.longest.periods, unit)}</dd>
              </div>
              <div>
                <dt>Streak now</dt>
                <dd class="number">{counted(streak.current?.periods ?? 0, unit)}</dd>
              </div>
            </>
          )}
        </dl>
      )}
      <Chart
        label={`${entityWords(named, isPlayer)} over time`}
        points={points.value}
        lines={lines.value}
        zone={looked.zone}
        height={150}
        span={looked.asked.span}
      />
      {places !== undefined && standing !== undefined && (
        <Neighbours page={page} places={places} who={who} by={looked.measure.unit} />
      )}
    </>
  )
}

function counted(count: number, unit: string): string {
  return `${amountWords(count)} ${count === 1 ? unit : `${unit}s`}`
}

interface NeighboursProps {
  readonly page: StatsPage
  readonly places: readonly (Named & Standing)[]
  readonly who: string
  readonly by: string
}

function Neighbours({ page, places, who, by }: NeighboursProps) {
  return (
    <div class="scroll">
      <table class="leaders">
        <caption>Neighbours by {by.toLowerCase()}</caption>
        <thead class="hidden">
          <tr>
            <th scope="col">Rank</th>
            <th scope="col">Name</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          {places.map((place) => (
            <tr key={place.entity} data-own={place.entity === who}>
              <td class="rank number">{amountWords(place.rank)}</td>
              <th scope="row">
                <Who page={page} of={place} />
              </th>
              <td class="amount number">{amountWords(place.sum)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
