import { useSignal } from '@preact/signals'
import { found } from '../entities.ts'
import type { StatsPage } from '../stats-page.ts'
import { Who } from './who.tsx'

const MOST_FOUND = 8

/** Looks for one of those that the meter is about, by name or number; for oneself, too. */
export function Search({ page }: { page: StatsPage }) {
  const text = useSignal('')
  const { everybody } = page.questions
  const isPlayer = page.place.kind === 'board'
  const results = found(everybody.answer.value?.places ?? [], text.value, MOST_FOUND)
  const ask = (): void => {
    const looked = page.looked.peek()
    if (looked !== undefined) page.questions.askEverybody(looked)
  }
  const submit = async (): Promise<void> => {
    const wanted = text.value.trim()
    if (wanted === '') return
    const number = /^#?(\d{1,10})$/.exec(wanted)?.[1]
    const who = isPlayer
      ? (number ?? results[0]?.entity ?? (await page.numberOf(wanted)))
      : (results[0]?.entity ?? wanted)
    if (who === undefined) return
    text.value = ''
    page.change({ who }, true)
  }
  return (
    <>
      <search>
        <form
          class="search"
          onSubmit={(event) => {
            event.preventDefault()
            void submit()
          }}
        >
          <label>
            <span class="hidden">{isPlayer ? 'Name or number' : 'Name'}</span>
            <input
              type="search"
              placeholder={isPlayer ? 'Name or number' : 'Name'}
              autoComplete="off"
              maxLength={128}
              value={text.value}
              onFocus={ask}
              onInput={({ currentTarget: { value } }) => {
                text.value = value
                ask()
              }}
            />
          </label>
          <button type="submit">Show</button>
          {isPlayer && (
            <button
              type="button"
              aria-pressed={page.asked.value.who === 'me'}
              onClick={() => page.change({ who: page.asked.peek().who === 'me' ? undefined : 'me' }, true)}
            >
              Me
            </button>
          )}
        </form>
      </search>
      <p class="hidden" aria-live="polite">
        {text.value.trim() === '' || everybody.answer.value === undefined ? '' : `${results.length} found`}
      </p>
      {text.value.trim() !== '' && everybody.answer.value !== undefined && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the buttons inside take keys; this only ends the search
        <ul
          class="found"
          onClick={() => {
            text.value = ''
          }}
        >
          {results.map((entity) => (
            <li key={entity.entity}>
              <Who page={page} of={entity} />
            </li>
          ))}
          {results.length === 0 && <li class="quiet">Nobody is called so.</li>}
        </ul>
      )}
    </>
  )
}
