import { render } from 'preact'
import { MetersList } from './components/meters-list.tsx'
import { StatsApp } from './components/stats-app.tsx'
import { placeOf } from './place.ts'
import { StatsPage } from './stats-page.ts'

const root = document.getElementById('page')
if (root === null) throw new Error('stats.html has no #page')
const place = placeOf(location.pathname)
if (place.kind === 'meters') render(<MetersList origin={location.origin} />, root)
else {
  const page = new StatsPage(location.origin, place, location.search)
  page.start()
  render(<StatsApp page={page} />, root)
}
