import type { CellInfo } from '../../../src/client/api.ts'
import type { Page } from '../page.ts'
import { colorName, hexOf } from '../words/colors.ts'
import { ago } from '../words/times.ts'
import { CloseIcon } from './icons.tsx'

/** Who placed a cell, and when. */
export function CellCard({ page }: { page: Page }) {
  const { inspection, info } = page.store
  const asked = inspection.value
  if (asked === undefined) return null
  const { x, y, nowMs, answer, failure } = asked
  const rgb = info.value?.palette[answer?.color ?? page.picture.colorAt(x, y)] ?? 0
  return (
    <section class="panel card" aria-label="Cell" data-testid="cell-card">
      <span class="sample" style={{ backgroundColor: hexOf(rgb) }} aria-hidden="true" />
      <div aria-live="polite">
        <p class="strong number">
          {x}, {y} <span class="quiet">{colorName(rgb)}</span>
        </p>
        <p>{failure ?? (answer === undefined ? 'Asking…' : <Author answer={answer} nowMs={nowMs} />)}</p>
      </div>
      <button
        type="button"
        class="plain"
        aria-label="Close"
        onClick={() => {
          inspection.value = undefined
        }}
      >
        <CloseIcon />
      </button>
    </section>
  )
}

function Author({ answer: { player, at }, nowMs }: { answer: CellInfo; nowMs: number }) {
  if (at === null) return <>Nobody has painted here yet.</>
  const time = <time dateTime={at}>{ago(Date.parse(at), nowMs)}</time>
  if (player === null) return <>Painted {time}.</>
  return (
    <>
      Painted by <b>{player.name ?? `player ${player.number}`}</b>, <span title={at}>{time}</span>.
    </>
  )
}
