import { BackIcon, Mark } from '../../components/icons.tsx'
import type { StatsPage, Status } from '../stats-page.ts'
import { ZoneChoice } from './zone-choice.tsx'

const STATUS: Readonly<Record<Status, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  waiting: 'Reconnecting…',
  still: 'Not live',
}

export function StatsHeader({ page, title }: { page: StatsPage; title: string }) {
  const { place, status } = page
  const back =
    place.kind === 'board'
      ? { href: `/?${new URLSearchParams({ board: place.board })}`, words: 'Board' }
      : { href: '/meters', words: 'All meters' }
  return (
    <header class="panel page-header">
      <Mark />
      <a class="link-button" href={back.href}>
        <BackIcon />
        {back.words}
      </a>
      <h1 class="clip">
        <bdi>{title}</bdi>
      </h1>
      {page.failure.value === undefined && (
        <output class="status" data-status={status.value}>
          <span class="dot" aria-hidden="true" />
          <span>{STATUS[status.value]}</span>
        </output>
      )}
      <ZoneChoice page={page} />
      {status.value === 'waiting' && (
        <p class="away" role="status">
          {page.away.value ?? 'The server cannot be reached.'} What you see may be old; it is asked again.{' '}
          <button type="button" class="link" onClick={() => page.retryNow()}>
            Try now
          </button>
        </p>
      )}
    </header>
  )
}
