import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Modal } from '../../components/modal.tsx'

interface ConfirmProps {
  readonly title: string
  /** What the button that does it says. */
  readonly verb: string
  /** Resolves with why not; undefined once it is done. */
  readonly onConfirm: () => Promise<string | undefined>
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** Before what cannot be undone. */
export function ConfirmDialog({ title, verb, onConfirm, onClose, children }: ConfirmProps) {
  const [failure, setFailure] = useState<string>()
  const [isBusy, setIsBusy] = useState(false)

  async function confirm(): Promise<void> {
    setIsBusy(true)
    const reason = await onConfirm()
    setIsBusy(false)
    setFailure(reason)
    if (reason === undefined) onClose()
  }

  return (
    <Modal title={title} onClose={onClose}>
      <div class="confirm-about">{children}</div>
      <p class="failure-text" role="alert">
        {failure}
      </p>
      <div class="choices">
        <button type="button" class="danger" disabled={isBusy} onClick={() => void confirm()}>
          {verb}
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Modal>
  )
}
