/** Keys that move the view for as long as they are held. */
export type Motion = 'left' | 'right' | 'up' | 'down' | 'in' | 'out'

/** CSS pixels a second. */
const PAN_SPEED = 900
/** The scale doubles in this time. */
const DOUBLING_MS = 350

export interface Step {
  /** CSS pixels by which the board moves. */
  readonly dx: number
  readonly dy: number
  /** By which the scale is multiplied. */
  readonly factor: number
}

/** What the held keys do in `elapsedMs`. */
export function stepOf(held: ReadonlySet<Motion>, elapsedMs: number): Step {
  const along = (forward: Motion, back: Motion): number => Number(held.has(forward)) - Number(held.has(back))
  const distance = (PAN_SPEED * elapsedMs) / 1000
  return {
    dx: along('left', 'right') * distance,
    dy: along('up', 'down') * distance,
    factor: 2 ** ((along('in', 'out') * elapsedMs) / DOUBLING_MS),
  }
}
