import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { CloseIcon } from './icons.tsx'

interface ModalProps {
  readonly title: string
  /** Called once it is closed, however that came about. */
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** A dialog over the page. The browser keeps the focus inside, and gives it back when it closes. */
export function Modal({ title, onClose, children }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const dialog = ref.current
    dialog?.showModal()
    // Who is asked for something begins there, not at the button that closes.
    dialog?.querySelector<HTMLElement>('form :is(input, select, textarea)')?.focus()
    return () => dialog?.close()
  }, [])
  const close = (): void => ref.current?.close()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a modal dialog already
    <dialog
      ref={ref}
      class="panel modal"
      aria-label={title}
      onClose={onClose}
      onClick={(event) => {
        // What is around the content belongs to the dialog itself: the backdrop.
        if (event.target === ref.current) close()
      }}
    >
      <div class="modal-content">
        <header>
          <h1>{title}</h1>
          <button type="button" class="plain" aria-label="Close" onClick={close}>
            <CloseIcon />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  )
}
