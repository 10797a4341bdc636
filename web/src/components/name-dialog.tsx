import { useState } from 'preact/hooks'
import type { Page } from '../page.ts'
import { Modal } from './modal.tsx'

/** As the server counts them; it has the last word. */
const MOST_CHARACTERS = 26

export function NameDialog({ page }: { page: Page }) {
  const { me, dialog, notice } = page.store
  const [failure, setFailure] = useState<string>()
  const [isBusy, setIsBusy] = useState(false)

  async function submit(form: HTMLFormElement): Promise<void> {
    setIsBusy(true)
    const name = String(new FormData(form).get('name') ?? '')
    const reason = await page.rename(name)
    setIsBusy(false)
    setFailure(reason)
    if (reason !== undefined) return
    dialog.value = undefined
    notice.value = { text: `You paint as ${me.value?.name}.`, tone: 'plain' }
  }

  return (
    <Modal title="Your name" onClose={() => page.closeDialog()}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit(event.currentTarget)
        }}
      >
        <label>
          <span>What others see beside the cells you painted</span>
          <input
            name="name"
            type="text"
            required
            maxLength={MOST_CHARACTERS}
            autoComplete="nickname"
            defaultValue={me.value?.name ?? ''}
            aria-invalid={failure !== undefined}
            aria-describedby="name-failure"
          />
        </label>
        <p id="name-failure" class="failure-text" role="alert">
          {failure}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          Take this name
        </button>
      </form>
    </Modal>
  )
}
