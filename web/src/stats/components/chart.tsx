import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type uPlot from 'uplot'
import { ticksOf } from '../axis.ts'
import { type Line, type Picture, plot } from '../plot.ts'
import { across, isSame, type Nudge, nudged, type Span, touched } from '../spans.ts'

interface ChartProps {
  readonly label: string
  readonly points: readonly Span[]
  readonly lines: readonly Line[]
  readonly zone: string
  readonly height: number
  /** What is chosen on it; undefined: all. */
  readonly span?: Span | undefined
  /** Undefined: nothing can be chosen. */
  readonly onChoose?: (span: Span | undefined) => void
  readonly onHover?: (period: number | undefined) => void
}

/** When the first chart of the page was there, for whoever measures. */
const FIRST = 'chart'
const TICK_PX = 62
/** A pointer that moved less was not dragged. */
const DRAG_PX = 4
const KEYS: Readonly<Record<string, Nudge>> = {
  ArrowLeft: 'earlier',
  ArrowRight: 'later',
  'Shift+ArrowLeft': 'shorter',
  'Shift+ArrowRight': 'longer',
  Home: 'first',
  End: 'last',
}

/** Bars and lines over time, on which a span is chosen by dragging, or by keys once it has the focus. */
export function Chart(props: ChartProps) {
  const { label, points, lines, zone, height, span, onChoose } = props
  const box = useRef<HTMLDivElement>(null)
  const drawn = useRef<uPlot | undefined>(undefined)
  const latest = useRef(props)
  latest.current = props
  /** CSS pixels; known before anything is drawn. */
  const width = useRef(0)
  const resized = useSignal(0)
  const close = useRef(() => {})
  const isDragging = useRef(false)
  /** Drags that have ended. */
  const released = useSignal(0)

  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    width.current = element.clientWidth
    const observer = new ResizeObserver(() => {
      if (width.current === element.clientWidth) return
      width.current = element.clientWidth
      resized.value += 1
    })
    observer.observe(element)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const redraw = (): void => drawn.current?.redraw()
    scheme.addEventListener('change', redraw)
    return () => {
      observer.disconnect()
      scheme.removeEventListener('change', redraw)
    }
  }, [resized])

  const remake = (element: HTMLDivElement): void => {
    close.current()
    const picture: Picture = {
      count: points.length,
      lines,
      ticks: ticksOf(points, zone, Math.max(2, Math.floor((width.current - 60) / TICK_PX))),
    }
    const made = plot(
      picture,
      width.current,
      height,
      {
        onHover: (period) => latest.current.onHover?.(period),
        onDrawn: (made) => mark(made, points, latest.current.span),
      },
      element,
    )
    const stop = listen(made, points, latest, isDragging, () => {
      released.value += 1
    })
    drawn.current = made
    close.current = () => {
      stop()
      made.destroy()
    }
    element.dataset.drawn = String(points.length)
    if (performance.getEntriesByName(FIRST).length === 0) requestAnimationFrame(() => performance.mark(FIRST))
  }

  // While somebody drags, what is under the pointer stays.
  useLayoutEffect(() => {
    const element = box.current
    if (element !== null && width.current > 0 && points.length > 0 && !isDragging.current) remake(element)
  }, [points, lines, zone, height, resized.value, released.value])
  useLayoutEffect(() => () => close.current(), [])

  useEffect(() => {
    if (drawn.current !== undefined && !isDragging.current) mark(drawn.current, points, span)
  }, [span, points])

  const onKeyDown = (event: KeyboardEvent): void => {
    if (onChoose === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Escape' && span !== undefined) onChoose(undefined)
    else {
      const nudge = KEYS[event.shiftKey ? `Shift+${event.key}` : event.key]
      if (nudge === undefined) return
      const chosen = nudged(span, points, nudge)
      if (chosen !== undefined) onChoose(chosen)
    }
    event.preventDefault()
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a chart is no fieldset
    <div
      ref={box}
      class="chart"
      style={{ height: `${height}px` }}
      role="group"
      aria-roledescription="chart"
      aria-label={label}
      aria-describedby={onChoose === undefined ? undefined : 'chart-keys'}
      tabIndex={onChoose === undefined ? undefined : 0}
      onKeyDown={onKeyDown}
    />
  )
}

/** Shows what is chosen. */
function mark(made: uPlot, points: readonly Span[], span: Span | undefined): void {
  const at = span && touched(span, points)
  made.root.dataset.chosen = String(at !== undefined)
  const [left, right] =
    at === undefined ? [0, 0] : [made.valToPos(at.first, 'x'), made.valToPos(at.last + 1, 'x')]
  made.setSelect({ left, width: right - left, top: 0, height: made.over.clientHeight }, false)
}

/**
 * Drags with a mouse, a pen or a finger. Returns how to stop.
 *
 * @param points those that are drawn
 * @param onReleased called after each drag
 */
function listen(
  made: uPlot,
  points: readonly Span[],
  latest: { readonly current: ChartProps },
  isDragging: { current: boolean },
  onReleased: () => void,
): () => void {
  const { over } = made
  let start: number | undefined
  const positionOf = (event: PointerEvent): number => event.clientX - over.getBoundingClientRect().left
  const chosenTo = (px: number): Span | undefined =>
    start === undefined ? undefined : across(points, made.posToVal(start, 'x'), made.posToVal(px, 'x'))
  const begin = (event: PointerEvent): void => {
    if (latest.current.onChoose === undefined || !event.isPrimary || event.button !== 0) return
    start = positionOf(event)
    isDragging.current = true
    over.setPointerCapture(event.pointerId)
  }
  const move = (event: PointerEvent): void => {
    if (start === undefined || Math.abs(positionOf(event) - start) < DRAG_PX) return
    mark(made, points, chosenTo(positionOf(event)))
  }
  const release = (): void => {
    if (start === undefined) return
    start = undefined
    isDragging.current = false
    onReleased()
  }
  const end = (event: PointerEvent): void => {
    const chosen = chosenTo(positionOf(event))
    release()
    if (chosen === undefined) return
    const { span, onChoose } = latest.current
    // Once more the same takes it away.
    onChoose?.(isSame(span, chosen) ? undefined : chosen)
  }
  over.addEventListener('pointerdown', begin)
  over.addEventListener('pointermove', move)
  over.addEventListener('pointerup', end)
  over.addEventListener('pointercancel', release)
  return () => {
    over.removeEventListener('pointerdown', begin)
    over.removeEventListener('pointermove', move)
    over.removeEventListener('pointerup', end)
    over.removeEventListener('pointercancel', release)
  }
}
