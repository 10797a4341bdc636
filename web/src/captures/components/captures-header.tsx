import { Mark } from '../../components/icons.tsx'
import type { CapturesPage } from '../captures-page.ts'

const STATUS = { connecting: 'Connecting…', live: 'Live', waiting: 'Reconnecting…' } as const

export function CapturesHeader({ page }: { page: CapturesPage }) {
  const { status, away, notice, organiser } = page
  return (
    <header class="panel page-header">
      <Mark />
      <a class="link-button" href="/">
        Boards
      </a>
      <h1>Captures</h1>
      <output class="status" data-status={status.value}>
        <span class="dot" aria-hidden="true" />
        <span>{STATUS[status.value]}</span>
      </output>
      <div class="choices">
        {organiser.isIn.value ? (
          <>
            <button type="button" aria-haspopup="dialog" onClick={() => page.open({ kind: 'begin' })}>
              Begin a capture
            </button>
            <button type="button" onClick={() => page.signOut()}>
              Sign out
            </button>
          </>
        ) : (
          <button type="button" aria-haspopup="dialog" onClick={() => page.open({ kind: 'sign-in' })}>
            Organiser
          </button>
        )}
      </div>
      {away.value !== undefined && (
        <p class="away" role="status">
          {away.value} What you see may be old; it is asked again.{' '}
          <button type="button" class="link" onClick={() => page.lookNow()}>
            Try now
          </button>
        </p>
      )}
      {!organiser.isIn.value && organiser.lost.value !== undefined && (
        <p class="away" role="status">
          {organiser.lost.value}
        </p>
      )}
      <p class="notice" role="status">
        {organiser.isIn.value && notice.value}
      </p>
    </header>
  )
}
