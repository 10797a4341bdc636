import { useEffect } from 'preact/hooks'
import type { CapturesPage } from '../captures-page.ts'
import { aboutJob } from '../job-words.ts'
import { BeginDialog } from './begin-dialog.tsx'
import { CapturePanel, panelId } from './capture-panel.tsx'
import { CapturesHeader } from './captures-header.tsx'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { focusJobs, JobsPanel } from './jobs-panel.tsx'
import { SignInDialog } from './sign-in-dialog.tsx'

/** Every capture that the server knows. */
export function CapturesApp({ page }: { page: CapturesPage }) {
  const { captures, organiser } = page
  useEffect(() => {
    document.title = 'Captures · Spate'
  }, [])
  const isKnown = captures.value !== undefined
  useEffect(() => {
    // A link to one of them: it was not there when the browser looked for it.
    if (isKnown) document.getElementById(panelId(location.hash.slice(1)))?.scrollIntoView()
  }, [isKnown])
  return (
    <>
      <CapturesHeader page={page} />
      <main class="captures">
        {captures.value?.length === 0 && (
          <section class="panel part">
            <p class="empty">
              Nothing is captured yet: the organiser begins, {organiser.isIn.value ? 'here or ' : ''}with{' '}
              <code>spate capture place</code>.
            </p>
          </section>
        )}
        {organiser.isIn.value && <JobsPanel page={page} />}
        {captures.value?.map((shown) => (
          <CapturePanel key={shown.line.name} page={page} shown={shown} />
        ))}
      </main>
      <Dialogs page={page} />
    </>
  )
}

function Dialogs({ page }: { page: CapturesPage }) {
  const dialog = page.dialog.value
  const close = (): void => page.closeDialog()
  if (dialog?.kind === 'sign-in') return <SignInDialog page={page} />
  if (dialog === undefined || !page.organiser.isIn.value) return null
  switch (dialog.kind) {
    case 'begin':
      return <BeginDialog page={page} />
    case 'stop':
      return (
        <ConfirmDialog
          title={`Stop ${dialog.name}?`}
          verb="Stop"
          onConfirm={() => page.stop(dialog.name)}
          onClose={close}
        >
          <p>It is followed no more. What was captured stays, and what happens from now on is missing.</p>
        </ConfirmDialog>
      )
    case 'drop': {
      const { what, where } = aboutJob(dialog.job)
      return (
        <ConfirmDialog
          title="Drop this job?"
          verb="Drop"
          onConfirm={async () => {
            const reason = await page.drop(dialog.job)
            // Once the dialog is gone, which gives the focus back to what may be gone, too.
            if (reason === undefined) requestAnimationFrame(() => requestAnimationFrame(focusJobs))
            return reason
          }}
          onClose={close}
        >
          <p>
            <bdi>{what}</bdi>
            {where !== '' && (
              <>
                {' '}
                of <bdi>{where}</bdi>
              </>
            )}{' '}
            is not tried for any more.
          </p>
        </ConfirmDialog>
      )
    }
  }
}
