import type { Point } from '../view/view.ts'
import { type Gesture, Gestures, LONG_PRESS_MS } from './gestures.ts'

export interface PointerActions {
  readonly gesture: (gesture: Gesture) => void
  /** The pointer is over this pixel without pressing; undefined: it has left. */
  readonly hover: (at: Point | undefined) => void
  /** The wheel, as a factor of the scale. */
  readonly wheel: (at: Point, factor: number) => void
  /** The secondary button. */
  readonly context: (at: Point) => void
}

/** The scale doubles over this many pixels of the wheel. */
const WHEEL_DOUBLING = 300
/** A pinch on a touchpad comes as a wheel with Control and far smaller steps. */
const TOUCHPAD_DOUBLING = 60
const PIXELS_A_LINE = 20
const PIXELS_A_PAGE = 400

/** Mouse, pen, fingers and wheel over an element. Returns how to stop listening. */
export function listenToPointers(element: HTMLElement, actions: PointerActions): () => void {
  const gestures = new Gestures()
  const stop = new AbortController()
  const { signal } = stop
  let timer: ReturnType<typeof setTimeout> | undefined
  const emit = (gesture: Gesture | undefined): void => {
    if (gesture !== undefined) actions.gesture(gesture)
    element.dataset.moving = String(gestures.isMoving)
  }
  const at = (event: MouseEvent): Point => {
    const { left, top } = element.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }

  element.addEventListener(
    'pointerdown',
    (event) => {
      if (event.pointerType === 'mouse' && event.button === 2) return
      element.setPointerCapture(event.pointerId)
      const isTouch = event.pointerType === 'touch'
      gestures.down(event.pointerId, at(event), isTouch)
      clearTimeout(timer)
      if (isTouch) timer = setTimeout(() => emit(gestures.held(event.pointerId)), LONG_PRESS_MS)
    },
    { signal },
  )
  element.addEventListener(
    'pointermove',
    (event) => {
      emit(gestures.move(event.pointerId, at(event)))
      if (event.pointerType !== 'touch') actions.hover(at(event))
    },
    { signal },
  )
  element.addEventListener(
    'pointerup',
    (event) => {
      clearTimeout(timer)
      emit(gestures.up(event.pointerId))
    },
    { signal },
  )
  element.addEventListener(
    'pointercancel',
    (event) => {
      clearTimeout(timer)
      gestures.cancel(event.pointerId)
      emit(undefined)
    },
    { signal },
  )
  element.addEventListener('pointerleave', () => actions.hover(undefined), { signal })
  element.addEventListener(
    'contextmenu',
    (event) => {
      event.preventDefault()
      // A finger's long press is ours already; the mouse's second button is not.
      if (event.button === 2 && !gestures.isMoving) actions.context(at(event))
    },
    { signal },
  )
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault()
      actions.wheel(at(event), wheelFactor(event))
    },
    { signal, passive: false },
  )
  return () => {
    stop.abort()
    clearTimeout(timer)
  }
}

function wheelFactor({ deltaY, deltaMode, ctrlKey }: WheelEvent): number {
  const unit = deltaMode === 1 ? PIXELS_A_LINE : deltaMode === 2 ? PIXELS_A_PAGE : 1
  const pixels = Math.min(Math.max(deltaY * unit, -PIXELS_A_PAGE), PIXELS_A_PAGE)
  return 2 ** (-pixels / (ctrlKey ? TOUCHPAD_DOUBLING : WHEEL_DOUBLING))
}
