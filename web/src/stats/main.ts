import { placeOf } from './place.ts'
import { StatsPage } from './stats-page.ts'

// What draws is loaded and made ready while the server answers the first questions.
const drawing = import('./show.tsx')
const place = placeOf(location.pathname)
const page = place.kind === 'meters' ? undefined : new StatsPage(location.origin, place, location.search)
page?.start()
const { show } = await drawing
await page?.begun
show(page)
