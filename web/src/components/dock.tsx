import type { Page } from '../page.ts'
import { duration } from '../words/times.ts'
import { UndoIcon } from './icons.tsx'
import { Palette } from './palette.tsx'

/** What painting needs: where, when again, the colours, undo. */
export function Dock({ page }: { page: Page }) {
  return (
    <section class="panel dock" aria-label="Painting">
      <div class="dock-line">
        <Where page={page} />
        <Cooldown page={page} />
        <Undo page={page} />
      </div>
      <Palette page={page} />
    </section>
  )
}

function Where({ page }: { page: Page }) {
  const { cursor, view } = page.store
  const { x, y } = cursor.value ?? { x: Math.floor(view.value.x), y: Math.floor(view.value.y) }
  return (
    <button
      type="button"
      class="plain number where"
      title="Copy the coordinates (R)"
      onClick={() => void page.copyPlace()}
    >
      <span class="hidden">Copy the coordinates </span>
      <span data-testid="position">
        {x}, {y}
      </span>
      <span class="quiet wide-only">{scaleText(view.value.scale)}</span>
    </button>
  )
}

function scaleText(scale: number): string {
  return `${scale >= 10 ? Math.round(scale) : Number(scale.toPrecision(2))}×`
}

function Cooldown({ page }: { page: Page }) {
  const { nextMs, nowMs, status } = page.store
  const waitMs = nextMs.value - nowMs.value
  const isWaiting = waitMs > 0
  return (
    <span class="cooldown number" data-waiting={isWaiting} data-testid="cooldown">
      {status.value !== 'live'
        ? 'Not connected'
        : isWaiting
          ? `Next paint in ${duration(waitMs)}`
          : 'Ready to paint'}
    </span>
  )
}

function Undo({ page }: { page: Page }) {
  const { info, undoUntilMs, nowMs } = page.store
  if ((info.value?.rules.undoSeconds ?? 0) === 0) return null
  const leftMs = undoUntilMs.value - nowMs.value
  return (
    <button
      type="button"
      class="plain"
      disabled={leftMs <= 0}
      title="Undo the last paint (Ctrl+Z)"
      onClick={() => page.undo()}
    >
      <UndoIcon />
      <span>Undo{leftMs > 0 && <span class="number quiet"> {duration(leftMs)}</span>}</span>
    </button>
  )
}
