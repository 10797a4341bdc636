import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { StatsPage } from '../stats-page.ts'
import { BandsPanel } from './bands-panel.tsx'
import { ChartPanel } from './chart-panel.tsx'
import { LeadersPanel } from './leaders-panel.tsx'
import { MeasureChoice } from './measure-choice.tsx'
import { Missing } from './missing.tsx'
import { PlayerPanel } from './player-panel.tsx'
import { StatsHeader } from './stats-header.tsx'
import { VersusPanel } from './versus-panel.tsx'

export function StatsApp({ page }: { page: StatsPage }) {
  const { place, failure } = page
  const title = place.kind === 'board' ? place.board : place.kind === 'meter' ? place.meter : ''
  // The chart is drawn first: what stands below it would hold it up.
  const isDrawn = useSignal(false)
  useEffect(() => {
    isDrawn.value = true
  }, [isDrawn])
  useEffect(() => {
    document.title = `${title}: statistics · Spate`
  }, [title])
  return (
    <>
      <StatsHeader page={page} title={title} />
      <main class="stats">
        {failure.value !== undefined ? (
          <Missing title={title} problem={failure.value} />
        ) : (
          <>
            <MeasureChoice page={page} />
            <ChartPanel page={page} />
            {isDrawn.value && <Below page={page} />}
          </>
        )}
      </main>
    </>
  )
}

function Below({ page }: { page: StatsPage }) {
  const { place } = page
  return (
    <>
      <div class="column">
        <LeadersPanel page={page} />
        {place.kind === 'board' ? (
          <VersusPanel page={page} board={place.board} />
        ) : (
          <BandsPanel page={page} />
        )}
      </div>
      <div class="column">
        <PlayerPanel page={page} />
        {place.kind === 'board' && <BandsPanel page={page} />}
      </div>
    </>
  )
}
