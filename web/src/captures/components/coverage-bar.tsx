import { useSignal } from '@preact/signals'
import type { CanvasAnswer } from '../answers.ts'
import { type Mark, marksOf } from '../marks.ts'
import { causeWords, lengthWords, momentWords, shareWords, spanWords } from '../words.ts'

const WIDTH = 1000
const HEIGHT = 20

/** What of one canvas was seen, from its first to its last frame. The holes are told under the mouse, or by the arrow keys. */
export function CoverageBar({ canvas, name: what }: { canvas: CanvasAnswer; name: string }) {
  const chosen = useSignal<number | undefined>(undefined)
  const { seen, holes } = canvas
  const marks = seen === undefined ? [] : marksOf(seen, holes)
  const mark = chosen.value === undefined ? undefined : marks[chosen.value]
  if (seen === undefined) return null
  const choose = (to: number): void => {
    chosen.value = Math.min(Math.max(0, to), marks.length - 1)
  }
  const at = chosen.value ?? 0
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: chosen.value === undefined ? 0 : at + 1,
      ArrowLeft: chosen.value === undefined ? marks.length - 1 : at - 1,
      Home: 0,
      End: marks.length - 1,
    }
    const to = steps[event.key]
    if (event.key === 'Escape') chosen.value = undefined
    else if (to !== undefined && marks.length > 0) choose(to)
    else return
    event.preventDefault()
  }
  const name = `Coverage, ${what}: ${shareWords(canvas.coveredShare)}`
  return (
    <div class="coverage">
      <div class="coverage-head small">
        <span class="quiet">{what}</span>
        <span class="number">{shareWords(canvas.coveredShare)}</span>
      </div>
      <svg
        class="coverage-bar"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        tabIndex={0}
        role={marks.length > 0 ? 'slider' : 'img'}
        aria-label={name}
        {...(marks.length > 0
          ? {
              'aria-valuemin': 1,
              'aria-valuemax': marks.length,
              'aria-valuenow': at + 1,
              'aria-valuetext': markWords(marks[at]),
            }
          : {})}
        onKeyDown={onKeyDown}
        onFocus={() => {
          if (marks.length > 0 && chosen.value === undefined) choose(0)
        }}
        onBlur={() => {
          chosen.value = undefined
        }}
        onPointerLeave={() => {
          chosen.value = undefined
        }}
      >
        <rect class="covered" width={WIDTH} height={HEIGHT} />
        {marks.map(({ from, to }, i) => (
          <rect
            key={from}
            class="hole"
            data-chosen={i === chosen.value}
            x={from * WIDTH}
            width={(to - from) * WIDTH}
            height={HEIGHT}
            onPointerEnter={() => choose(i)}
            onPointerDown={() => choose(i)}
          />
        ))}
      </svg>
      <p class="coverage-told small" data-testid="hole">
        {mark === undefined ? <span class="quiet number">{spanWords(seen)}</span> : markWords(mark)}
      </p>
    </div>
  )
}

function markWords(mark: Mark | undefined): string {
  if (mark === undefined) return ''
  const { span, holes, holeMs, causes } = mark
  const which = holes === 1 ? 'Hole' : `${holes} holes, ${lengthWords(holeMs)} in all,`
  return `${which} from ${momentWords(span.fromMs)} to ${momentWords(span.toMs)} (${lengthWords(span.toMs - span.fromMs)}): ${causeWords(causes)}`
}
