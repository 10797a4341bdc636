import { amountWords, shareOf } from '../amounts.ts'
import { PLACES } from '../asked.ts'
import type { Leader, Leaders } from '../leaders.ts'
import { movementSign, movementWords } from '../movements.ts'
import { spanWords } from '../span-words.ts'
import { before } from '../spans.ts'
import type { StatsPage } from '../stats-page.ts'
import { earlierOf, type Looked, streakUnit } from '../wanted.ts'
import { SpanFields } from './span-choice.tsx'
import { SpanTrouble } from './trouble.tsx'
import { Who } from './who.tsx'

/** Who leads in the chosen span. */
export function LeadersPanel({ page }: { page: StatsPage }) {
  const { questions, looked } = page
  const now = looked.value
  const leaders = questions.leaders.answer.value
  return (
    <section class="panel part" aria-label="Leaderboard" aria-busy={questions.leaders.isBusy.value}>
      <h2>Who leads</h2>
      {now !== undefined && now.measure.kind !== 'streaks' && <CompareChoice page={page} looked={now} />}
      <SpanTrouble page={page} problem={questions.leaders.problem.value} />
      {now !== undefined && leaders !== undefined && (
        <LeadersTable page={page} looked={now} leaders={leaders} />
      )}
    </section>
  )
}

interface LeadersTableProps {
  readonly page: StatsPage
  readonly looked: Looked
  readonly leaders: Leaders
}

function LeadersTable({ page, looked, leaders }: LeadersTableProps) {
  const { rows, kind } = leaders
  const { measure, asked, span, zone } = looked
  const { places } = asked
  if (rows.length === 0) return <p class="empty">Nothing happened in this span.</p>
  const most = rows[0]?.amount ?? 0
  const more = PLACES.find((each) => each > places)
  const unit = streakUnit(span)
  return (
    <>
      <div class="scroll">
        <table class="leaders">
          <caption>
            {measure.kind === 'level' ? `At the end of ${spanWords(span, zone)}` : spanWords(span, zone)}
          </caption>
          <thead>
            <tr>
              <th scope="col" class="rank">
                <span class="hidden">Rank</span>
              </th>
              {kind === 'compare' && (
                <th scope="col" class="movement">
                  <span class="hidden">Change of rank</span>
                </th>
              )}
              <th scope="col">{page.place.kind === 'board' ? 'Player' : 'Name'}</th>
              <th scope="col" class="amount">
                {kind === 'streaks' ? `Longest, ${unit}s` : measure.label}
              </th>
              {kind === 'compare' && (
                <th scope="col" class="amount wide-only">
                  Before
                </th>
              )}
              {kind === 'streaks' && (
                <th scope="col" class="amount">
                  Now
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <LeaderRow key={row.entity} page={page} row={row} most={most} kind={kind} />
            ))}
          </tbody>
        </table>
      </div>
      {more !== undefined && rows.length >= places && (
        <button type="button" onClick={() => page.change({ places: more })}>
          Show {amountWords(more)}
        </button>
      )}
    </>
  )
}

interface LeaderRowProps {
  readonly page: StatsPage
  readonly row: Leader
  readonly most: Leader['amount']
  readonly kind: Leaders['kind']
}

function LeaderRow({ page, row, most, kind }: LeaderRowProps) {
  const { rank, movement, amount, before, current } = row
  return (
    <tr data-own={page.looked.value?.who === row.entity}>
      <td class="rank number">{amountWords(rank)}</td>
      {kind === 'compare' && movement !== undefined && (
        <td class="movement number" data-kind={movement.kind}>
          <span aria-hidden="true">{movementSign(movement)}</span>
          <span class="hidden">{movementWords(movement)}</span>
        </td>
      )}
      <th scope="row">
        <Who page={page} of={row} />
      </th>
      <td class="amount number share" style={{ '--share': shareOf(amount, most) }}>
        {amountWords(amount)}
      </td>
      {kind === 'compare' && (
        <td class="amount number quiet wide-only">{before === undefined ? '–' : amountWords(before)}</td>
      )}
      {kind === 'streaks' && <td class="amount number quiet">{amountWords(current ?? 0)}</td>}
    </tr>
  )
}

/** With what the leaderboard is compared. */
function CompareChoice({ page, looked }: { page: StatsPage; looked: Looked }) {
  const { asked, measure, span, zone } = looked
  const { earlier } = asked
  const other = earlierOf(looked)
  const value = earlier === undefined ? 'nothing' : earlier === 'before' ? 'before' : 'other'
  const choose = (choice: string): void => {
    const another = before(span) ?? { from: 0, to: Math.max(0, span.from - 1) }
    page.change({ earlier: choice === 'before' ? 'before' : choice === 'other' ? another : undefined }, true)
  }
  return (
    <div class="compare">
      <label class="choice">
        <span>compared with</span>
        <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
          <option value="nothing">nothing</option>
          <option value="before">
            {measure.kind === 'level' ? 'the beginning of the span' : 'the time before'}
          </option>
          <option value="other">{measure.kind === 'level' ? 'another moment' : 'another span'}</option>
        </select>
      </label>
      {typeof earlier === 'object' && (
        <SpanFields zone={zone} span={earlier} onSpan={(chosen) => page.change({ earlier: chosen })} />
      )}
      {earlier === 'before' && other !== undefined && measure.kind === 'flow' && (
        <span class="quiet small">{spanWords(other, zone)}</span>
      )}
    </div>
  )
}
