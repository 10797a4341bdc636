import type { Page } from '../page.ts'
import { cooldownSentence } from '../words/rules.ts'
import { duration } from '../words/times.ts'
import { Modal } from './modal.tsx'

/** For everybody; then what needs a keyboard. */
const GESTURES: readonly (readonly [string, string])[] = [
  ['Click, tap', 'paint'],
  ['Drag, W A S D', 'move'],
  ['Wheel, pinch, Q E', 'zoom'],
  ['Right click, long press, I', 'who painted this?'],
]
const KEYS: readonly (readonly [string, string])[] = [
  ['Arrow keys', 'move the cursor; with Shift by ten'],
  ['Enter, Space', 'paint at the cursor'],
  ['1 … 9, 0', 'pick a colour; with Shift the next ten'],
  [', .', 'previous and next colour'],
  ['C', 'pick the colour under the cursor'],
  ['Ctrl+Z', 'undo the last paint'],
  ['R', 'copy the coordinates'],
  ['G', 'grid'],
  ['F', 'whole board'],
]

export function HelpDialog({ page }: { page: Page }) {
  const { rules } = page.store.info.value ?? {}
  return (
    <Modal title="How to paint" onClose={() => page.closeDialog()}>
      <dl class="keys">
        <Entries of={GESTURES} />
      </dl>
      <dl class="keys with-keyboard">
        <Entries of={KEYS} />
      </dl>
      {rules !== undefined && (
        <Rules cooldown={cooldownSentence(rules.cooldown)} undoSeconds={rules.undoSeconds} />
      )}
    </Modal>
  )
}

function Entries({ of }: { of: readonly (readonly [string, string])[] }) {
  return of.map(([keys, meaning]) => (
    <div key={keys}>
      <dt>{keys}</dt>
      <dd>{meaning}</dd>
    </div>
  ))
}

function Rules({ cooldown, undoSeconds }: { cooldown: string; undoSeconds: number }) {
  return (
    <p class="quiet">
      {cooldown}
      {undoSeconds > 0 && ` The last paint can be undone for ${duration(undoSeconds * 1000)}.`}
    </p>
  )
}
