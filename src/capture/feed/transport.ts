import { messageOf } from '../../base/errors.ts'
import type { OpenSocket, SocketEnd, SocketRequest } from '../place/socket.ts'
import type { Fetch } from '../source/fetch.ts'
import { Reach } from '../source/reach.ts'
import { EventBlocks } from './event-blocks.ts'

export interface FeedEvents {
  readonly onOpen: (subprotocol: string) => void
  readonly onMessage: (bytes: Uint8Array, isBinary: boolean) => void
  /** Something came, also if no message ended with it. */
  readonly onSign: () => void
  /** Once; nothing is heard afterwards. */
  readonly onEnd: (end: SocketEnd) => void
}

/** One connection to a feed. Ends it at once; then nothing more is heard of it. */
export type EndFeed = () => void

export function openSocketFeed(
  open: OpenSocket,
  request: SocketRequest,
  greetings: readonly string[],
  events: FeedEvents,
): EndFeed {
  const socket = open(request, {
    onOpen: (subprotocol) => {
      events.onOpen(subprotocol)
      for (const greeting of greetings) socket.send(greeting)
    },
    onMessage: (bytes, isBinary) => {
      events.onSign()
      events.onMessage(bytes, isBinary)
    },
    onEnd: events.onEnd,
  })
  return () => socket.end()
}

/** Each message is one event with its comments, byte for byte; one that was not ended is none. */
export function openEventFeed(
  fetch: Fetch,
  { url, headers }: Pick<SocketRequest, 'url' | 'headers'>,
  events: FeedEvents,
): EndFeed {
  const stop = new AbortController()
  void read(fetch, url, headers, events, stop.signal).then((end) => {
    if (!stop.signal.aborted) events.onEnd(end)
    stop.abort()
  })
  return () => stop.abort()
}

async function read(
  fetch: Fetch,
  url: string,
  headers: Readonly<Record<string, string>>,
  events: FeedEvents,
  signal: AbortSignal,
): Promise<SocketEnd> {
  let isOpen = false
  try {
    const asked = { Accept: 'text/event-stream', 'Cache-Control': 'no-store', ...headers }
    const response = await fetch(url, { headers: asked, signal, reach: Reach.of([url]) })
    const { status, body } = response
    const isEvents = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
    if (status !== 200 || !isEvents || body === null) {
      await body?.cancel()
      const waitS = Number(response.headers.get('retry-after') ?? 0)
      return { kind: 'refused', status, retryAfterMs: Number.isFinite(waitS) ? waitS * 1000 : 0 }
    }
    isOpen = true
    if (!signal.aborted) events.onOpen('')
    const blocks = new EventBlocks()
    for await (const chunk of body) {
      if (signal.aborted) break
      events.onSign()
      for (const block of blocks.take(chunk)) if (!signal.aborted) events.onMessage(block, false)
    }
    return { kind: 'closed', code: 1000, detail: 'the feed ended' }
  } catch (error) {
    const detail = messageOf(error)
    return isOpen ? { kind: 'closed', code: 1006, detail } : { kind: 'unreachable', detail }
  }
}
