import { positionOf, START } from '../../log/port.ts'
import type { BoardHost } from '../host.ts'
import { Picture, type View } from '../picture.ts'

/**
 * The board as of each of these moments (ms, none before the one before it), in one pass over its history: from the
 * last keyframe before the first moment on, record by record. A view is valid until the next is asked for.
 * Errors: `not-found` before the board's creation, the reason of `signal`.
 */
export async function* passage(
  host: BoardHost,
  momentsMs: readonly number[],
  signal: AbortSignal,
): AsyncGenerator<View> {
  const upTo = host.canvas.position
  const [firstMs, ...laterMs] = momentsMs
  if (firstMs === undefined) return
  const start = await host.atTime(firstMs)
  yield start
  // The chunks of a view of the past are nobody else's.
  const picture = new Picture(start, start.chunk)
  let next = 0
  for await (const { position, timeMs, record, refusals } of host.history.records(
    positionOf(start.position),
    upTo,
    start.timeMs,
  )) {
    signal.throwIfAborted()
    for (; (laterMs[next] ?? Number.POSITIVE_INFINITY) < timeMs; next++) yield picture
    if (next === laterMs.length) return
    picture.apply(position, timeMs, record, refusals)
  }
  for (; next < laterMs.length; next++) yield picture
}

/** When the board was made, ms. */
export async function createdAtMs(host: BoardHost): Promise<number> {
  for await (const { timeMs } of host.history.records(START, host.canvas.position)) return timeMs
  return host.canvas.timeMs
}
