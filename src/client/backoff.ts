import { backoffMs } from '../base/backoff.ts'

const FIRST_MS = 500
const MOST_MS = 15_000

/**
 * How long to wait before the next attempt to connect: thousands who lost the same server do not come back in step.
 *
 * @param failures attempts that failed in a row, from 1
 * @param random in [0, 1)
 */
export function reconnectDelayMs(failures: number, random: number): number {
  return backoffMs(failures, FIRST_MS, MOST_MS, random)
}
