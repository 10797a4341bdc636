import { render } from 'preact'
import { MetersList } from './components/meters-list.tsx'
import { StatsApp } from './components/stats-app.tsx'
import type { StatsPage } from './stats-page.ts'

/** @param page undefined: the list of meters */
export function show(page: StatsPage | undefined): void {
  const root = document.getElementById('page')
  if (root === null) throw new Error('stats.html has no #page')
  render(page === undefined ? <MetersList origin={location.origin} /> : <StatsApp page={page} />, root)
}
