/** Ticks a second: 20 when quiet, down to 2 under load. */
export const MIN_TICK_MS = 50
export const MAX_TICK_MS = 500
/** A room may spend this share of its time on sending. */
const SHARE = 0.5

/** The next interval between ticks, from the last and what its tick cost. Rises at once, falls slowly. */
export function tickIntervalMs(previousMs: number, costMs: number): number {
  const wanted = Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, costMs / SHARE))
  return wanted >= previousMs ? wanted : Math.max(wanted, previousMs * 0.8)
}
