/**
 * How long to wait before the next attempt: full jitter over a bound that doubles, so that those who failed together do
 * not come back in step (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * @param failures attempts that failed in a row, from 1
 * @param random in [0, 1)
 */
export function backoffMs(failures: number, firstMs: number, mostMs: number, random: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30)) * random
}
