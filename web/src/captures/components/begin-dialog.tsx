import { useState } from 'preact/hooks'
import { Modal } from '../../components/modal.tsx'
import type { CapturesPage } from '../captures-page.ts'
import type { Said } from '../wanted.ts'

const KINDS: readonly (readonly [Said['kind'], string])[] = [
  ['place', 'An r/place'],
  ['spate', 'A board of another Spate'],
  ['feed', 'A feed of messages'],
]

const URLS: Readonly<Record<Said['kind'], string>> = {
  place: 'Page that holds the token',
  spate: 'Address of the server',
  feed: 'Address: server-sent events (https://…) or a WebSocket (wss://…)',
}

/** The least that a capture needs; all else is said with the command. */
export function BeginDialog({ page }: { page: CapturesPage }) {
  const [kind, setKind] = useState<Said['kind']>('place')
  const [failure, setFailure] = useState<string>()
  const [isBusy, setIsBusy] = useState(false)

  async function submit(form: HTMLFormElement): Promise<void> {
    const data = new FormData(form)
    const text = (name: string): string => String(data.get(name) ?? '').trim()
    setIsBusy(true)
    const said = { kind, name: text('name'), url: text('url'), query: text('query'), board: text('board') }
    const reason = await page.begin(said)
    setIsBusy(false)
    setFailure(reason)
    if (reason === undefined) page.closeDialog()
  }

  return (
    <Modal title="Begin a capture" onClose={() => page.closeDialog()}>
      <form
        method="post"
        class="fields"
        onSubmit={(event) => {
          event.preventDefault()
          void submit(event.currentTarget)
        }}
      >
        <label>
          <span>What is captured</span>
          <select
            value={kind}
            onChange={({ currentTarget: { value } }) => {
              setKind(KINDS.find(([each]) => each === value)?.[0] ?? 'place')
              setFailure(undefined)
            }}
          >
            {KINDS.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>{kind === 'feed' ? 'Name' : 'Name, also of the board here'}</span>
          <input
            name="name"
            type="text"
            required
            maxLength={64}
            pattern="[a-z0-9][a-z0-9._\-]*"
            title="a to z, 0 to 9, . _ -, beginning with a letter or a digit"
            autoComplete="off"
            spellcheck={false}
          />
        </label>
        <label>
          <span>{URLS[kind]}</span>
          <input name="url" type="url" required={kind !== 'place'} maxLength={2000} autoComplete="off" />
        </label>
        {kind === 'place' && (
          <label>
            <span>WebSocket (wss://…)</span>
            <input name="query" type="url" maxLength={2000} autoComplete="off" />
          </label>
        )}
        {kind === 'spate' && (
          <label>
            <span>Board there</span>
            <input name="board" type="text" required maxLength={64} defaultValue="lobby" autoComplete="off" />
          </label>
        )}
        <p class="quiet small">
          {kind === 'place' && (
            <>
              A board of another Spate is its page alone, …/compat/place/BOARD/. With both empty it is
              Reddit’s own of 2022.{' '}
            </>
          )}
          <code>spate capture {kind}</code> can say more.
        </p>
        <p class="failure-text" role="alert">
          {failure}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          Begin
        </button>
      </form>
    </Modal>
  )
}
