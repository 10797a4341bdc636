/** Time as a dependency, so that simulations own it. Milliseconds since the Unix epoch. */
export interface Clock {
  now(): number
  /** Never goes back; for durations. */
  elapsedMs(): number
  /** Calls `task` once after `delayMs`; the returned function cancels. */
  after(delayMs: number, task: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
}
