import { FOLLOW_LIMIT, type Log, type LogRecord, type Position } from './port.ts'
import type { Wakeup } from './wakeup.ts'

/** The end of a stream that is appended to in this process. */
interface Growing {
  readonly head: Position
  /** Wakes after `head` has grown. */
  readonly grown: Wakeup
}

/** {@link Log.follow} over `read`: first what is there, then, woken by each append, what comes. */
export async function* following(
  read: Log['read'],
  name: string,
  stream: Growing,
  after: Position,
  signal: AbortSignal,
): AsyncIterable<LogRecord[]> {
  let at = after
  while (!signal.aborted) {
    const batch = await read(name, at, FOLLOW_LIMIT)
    const last = batch.at(-1)
    if (last === undefined) {
      if (stream.head <= at) await stream.grown.next(signal)
    } else {
      yield batch
      at = last.position
    }
  }
}

/** {@link Log.appearing} over `streams`, woken whenever there may be a new one. */
export async function* appearing(
  streams: () => Promise<string[]>,
  appeared: Wakeup,
  signal: AbortSignal,
): AsyncIterable<string> {
  const known = new Set<string>()
  while (!signal.aborted) {
    const woken = appeared.next(signal)
    for (const name of await streams()) {
      if (known.has(name)) continue
      known.add(name)
      yield name
    }
    await woken
  }
}
