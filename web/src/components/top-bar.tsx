import type { ConnectionStatus } from '../../../src/client/board.ts'
import type { Page } from '../page.ts'
import { CaptureIcon, ChartIcon, ChevronIcon, Mark, PersonIcon } from './icons.tsx'

const STATUS: Readonly<Record<ConnectionStatus, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  waiting: 'Reconnecting…',
  closed: 'Closed',
}

export function TopBar({ page }: { page: Page }) {
  const { board, info, isCaptured, status, me } = page.store
  const extent = info.value?.extent
  return (
    <header class="top">
      <div class="panel group board-group">
        <Mark />
        <button type="button" class="plain strong" aria-haspopup="dialog" onClick={() => page.open('boards')}>
          <span class="clip">{board.value}</span>
          <span class="hidden"> board, choose another</span>
          <ChevronIcon />
        </button>
        {extent !== undefined && (
          <span class="quiet wide-only number">
            {extent.width} × {extent.height}
          </span>
        )}
      </div>
      <div class="panel group">
        <output class="status" data-status={status.value}>
          <span class="dot" aria-hidden="true" />
          <span class="wide-text">{STATUS[status.value]}</span>
        </output>
        <a
          class="icon-link"
          href={`/boards/${encodeURIComponent(board.value)}/stats`}
          aria-label="Statistics"
          title="Statistics"
        >
          <ChartIcon />
        </a>
        {isCaptured.value && (
          <a
            class="icon-link capture-link"
            href={`/captures#${encodeURIComponent(board.value)}`}
            aria-label="How its capture is doing"
            title="How its capture is doing"
          >
            <CaptureIcon />
          </a>
        )}
        <button
          type="button"
          class="plain"
          aria-haspopup="dialog"
          aria-label={me.value?.name ?? 'Name'}
          onClick={() => page.open('name')}
        >
          <PersonIcon />
          <span class="clip own-name">{me.value?.name ?? 'Name'}</span>
        </button>
        <button
          type="button"
          class="plain"
          aria-haspopup="dialog"
          aria-label="Help"
          onClick={() => page.open('help')}
        >
          <span aria-hidden="true" class="glyph">
            ?
          </span>
        </button>
      </div>
    </header>
  )
}
