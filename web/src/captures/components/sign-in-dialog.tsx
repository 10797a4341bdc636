import { useRef, useState } from 'preact/hooks'
import { Modal } from '../../components/modal.tsx'
import type { CapturesPage } from '../captures-page.ts'

/** Asks for the organiser's token. The field has no name: no browser sends or keeps what is in it. */
export function SignInDialog({ page }: { page: CapturesPage }) {
  const field = useRef<HTMLInputElement>(null)
  const [failure, setFailure] = useState<string>()
  const [isBusy, setIsBusy] = useState(false)

  async function submit(): Promise<void> {
    setIsBusy(true)
    const reason = await page.signIn(field.current?.value ?? '')
    setIsBusy(false)
    setFailure(reason)
    if (reason !== undefined) field.current?.focus()
  }

  return (
    <Modal title="Organiser" onClose={() => page.closeDialog()}>
      <form
        method="post"
        class="fields"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <label>
          <span>Token</span>
          <input
            ref={field}
            type="password"
            required
            maxLength={300}
            autoComplete="off"
            spellcheck={false}
            aria-invalid={failure !== undefined}
            aria-describedby="sign-in-failure"
          />
        </label>
        <p id="sign-in-failure" class="failure-text" role="alert">
          {failure}
        </p>
        <p class="quiet small">
          The first start of the server printed it; it lies in the data folder as <code>admin-token</code>.
          This tab alone keeps it, until it is closed.
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Asking…' : 'Sign in'}
        </button>
      </form>
    </Modal>
  )
}
