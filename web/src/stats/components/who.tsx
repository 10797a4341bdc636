import type { Named } from '../answers.ts'
import { entityWords } from '../entities.ts'
import type { StatsPage } from '../stats-page.ts'

/** One that a meter is about; pressing it shows more of it. */
export function Who({ page, of }: { page: StatsPage; of: Named }) {
  const isPlayer = page.place.kind === 'board'
  const isChosen = page.looked.value?.who === of.entity
  return (
    <button
      type="button"
      class="link who"
      title={entityWords(of, isPlayer)}
      aria-pressed={isChosen}
      onClick={() => page.change({ who: isChosen ? undefined : of.entity }, true)}
    >
      <bdi>{entityWords(of, isPlayer)}</bdi>
      {isPlayer && typeof of.name === 'string' && <span class="quiet number"> #{of.entity}</span>}
    </button>
  )
}
