import { LAST_SECOND } from '../meters/calendar.ts'
import type { Declaration } from '../meters/declaration.ts'
import { KEEP_ALL } from '../meters/retention.ts'

/** The meters that every board has. Players are entities by their number, colours by their place in the palette. */
export const BOARD_METERS = ['placements', 'cells', 'surviving', 'colors', 'area'] as const
export type BoardMeter = (typeof BOARD_METERS)[number]

/** What was painted elsewhere brings times of its own, so every time is taken. */
const ANY_TIME = { retention: KEEP_ALL, lateSeconds: LAST_SECOND, futureSeconds: LAST_SECOND }

export const DECLARATIONS: readonly Declaration[] = BOARD_METERS.map((name) => ({
  name,
  dimensions: name === 'placements' ? ['color'] : [],
  isNumbered: true,
  ...ANY_TIME,
}))
