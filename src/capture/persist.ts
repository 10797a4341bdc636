import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { pause, type Room } from './room.ts'

const FIRST_RETRY_MS = 200
const MOST_RETRY_MS = 10_000

export interface PersistServices {
  readonly room: Room
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** Told of each failure. */
  readonly onError: (error: unknown) => void
}

/**
 * Does what needs room on the disk, and tries it again, later each time, for as long as that can help and the signal does
 * not abort; then it resolves without. Errors: those that no retry helps.
 * @param beforeRetry what the failure leaves in doubt
 */
export async function persist(
  { room, clock, random, onError }: PersistServices,
  signal: AbortSignal,
  attempt: () => Promise<void>,
  beforeRetry: () => void = () => {},
): Promise<void> {
  for (let failures = 1; !signal.aborted; failures++) {
    await room.enough(signal)
    if (signal.aborted) return
    try {
      await attempt()
      return
    } catch (error) {
      if (signal.aborted) return
      onError(error)
      if (!(error instanceof SpateError && error.retryable)) throw error
      beforeRetry()
    }
    await pause(clock, backoffMs(failures, FIRST_RETRY_MS, MOST_RETRY_MS, random()), signal)
  }
}
