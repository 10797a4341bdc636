import { useEffect } from 'preact/hooks'
import { Mark } from '../../components/icons.tsx'
import type { CapturesPage } from '../captures-page.ts'
import { CapturePanel } from './capture-panel.tsx'

const STATUS = { connecting: 'Connecting…', live: 'Live', waiting: 'Reconnecting…' } as const

/** Every capture that the server knows. */
export function CapturesApp({ page }: { page: CapturesPage }) {
  const { captures, status, away } = page
  useEffect(() => {
    document.title = 'Captures · Spate'
  }, [])
  return (
    <>
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
        {away.value !== undefined && (
          <p class="away" role="status">
            {away.value} What you see may be old; it is asked again.{' '}
            <button type="button" class="link" onClick={() => page.lookNow()}>
              Try now
            </button>
          </p>
        )}
      </header>
      <main class="captures">
        {captures.value?.length === 0 && (
          <section class="panel part">
            <p class="empty">
              Nothing is captured yet: the organiser begins, with <code>spate capture place</code>.
            </p>
          </section>
        )}
        {captures.value?.map((shown) => (
          <CapturePanel key={shown.line.name} shown={shown} nowMs={page.nowMs.value} />
        ))}
      </main>
    </>
  )
}
