import type { Point } from '../view/view.ts'

/** A pointer moved less than this, in CSS pixels, has not moved: hands tremble. */
const SLOP_MOUSE = 4
const SLOP_TOUCH = 10
export const LONG_PRESS_MS = 500

export type Gesture =
  | { readonly type: 'tap'; readonly at: Point; readonly isTouch: boolean }
  | { readonly type: 'pan'; readonly dx: number; readonly dy: number }
  | {
      readonly type: 'pinch'
      readonly at: Point
      readonly dx: number
      readonly dy: number
      readonly factor: number
    }
  | { readonly type: 'long-press'; readonly at: Point }

interface Pointer {
  readonly start: Point
  readonly at: Point
  readonly isTouch: boolean
}

/**
 * Tells taps, drags, pinches and long presses apart.
 *
 *     idle ── down ──▶ pressed ── up ──▶ tap
 *                        │  └── held still for LONG_PRESS_MS ──▶ long press, then nothing until all are up
 *                        └── moved past the slop ──▶ panning (one pointer) or pinching (two)
 *
 * Two pointers never tap; the finger that stays after a pinch pans.
 */
export class Gestures {
  readonly #pointers = new Map<number, Pointer>()
  #phase: 'idle' | 'pressed' | 'moving' | 'done' = 'idle'

  get isPressed(): boolean {
    return this.#phase === 'pressed'
  }

  get isMoving(): boolean {
    return this.#phase === 'moving'
  }

  down(id: number, at: Point, isTouch: boolean): void {
    this.#pointers.set(id, { start: at, at, isTouch })
    if (this.#phase === 'idle') this.#phase = 'pressed'
    else if (this.#phase === 'pressed') this.#phase = 'moving'
  }

  move(id: number, at: Point): Gesture | undefined {
    const pointer = this.#pointers.get(id)
    if (pointer === undefined) return undefined
    if (this.#phase === 'pressed') {
      const slop = pointer.isTouch ? SLOP_TOUCH : SLOP_MOUSE
      if (distance(pointer.start, at) < slop) return undefined
      this.#phase = 'moving'
    }
    const others = [...this.#pointers].filter(([other]) => other !== id)
    this.#pointers.set(id, { ...pointer, at })
    if (this.#phase !== 'moving') return undefined
    const anchor = others[0]?.[1].at
    if (anchor === undefined) return { type: 'pan', dx: at.x - pointer.at.x, dy: at.y - pointer.at.y }
    if (others.length > 1) return undefined
    return pinch(anchor, pointer.at, at)
  }

  up(id: number): Gesture | undefined {
    const pointer = this.#pointers.get(id)
    const wasPressed = this.#phase === 'pressed'
    this.#forget(id)
    if (pointer === undefined || !wasPressed) return undefined
    return { type: 'tap', at: pointer.start, isTouch: pointer.isTouch }
  }

  /** The system took the pointer away: nothing was meant by it. */
  cancel(id: number): void {
    this.#forget(id)
  }

  /** To be called LONG_PRESS_MS after `down`. */
  held(id: number): Gesture | undefined {
    const pointer = this.#pointers.get(id)
    if (pointer === undefined || this.#phase !== 'pressed') return undefined
    this.#phase = 'done'
    return { type: 'long-press', at: pointer.start }
  }

  #forget(id: number): void {
    this.#pointers.delete(id)
    if (this.#pointers.size === 0) this.#phase = 'idle'
  }
}

/** One finger moved from `before` to `after`, the other rests at `anchor`. */
function pinch(anchor: Point, before: Point, after: Point): Gesture {
  const factor = distance(anchor, after) / Math.max(1, distance(anchor, before))
  return {
    type: 'pinch',
    at: { x: (anchor.x + after.x) / 2, y: (anchor.y + after.y) / 2 },
    dx: (after.x - before.x) / 2,
    dy: (after.y - before.y) / 2,
    factor: factor > 0 ? factor : 1,
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}
