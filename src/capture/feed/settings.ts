/** `consecutive`: each is the one before plus one; `growing`: whole numbers that grow; `opaque`: any words. */
export type IdOrder = 'consecutive' | 'growing' | 'opaque'

/** Where a feed is, and what its messages tell of what was left out. */
export interface FeedSettings {
  /** `http:` and `https:` are server-sent events, `ws:` and `wss:` a WebSocket. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Of a WebSocket; offered in this order. */
  readonly subprotocols: readonly string[]
  /** Sent over a WebSocket once it is open, in this order. */
  readonly greetings: readonly string[]
  /** Where a message's id is, as a JSON pointer (RFC 6901) into its text; null: the `id:` of events, of a WebSocket none. */
  readonly idPointer: string | null
  readonly idOrder: IdOrder
  /** Whether the feed goes on after the id that it is given: as `Last-Event-ID`, and as this parameter of the URL. */
  readonly resumes: boolean
  readonly resumeParameter: string | null
  /** Names of events by which the feed says that it left something out. */
  readonly gapEvents: readonly string[]
  readonly connectMs: number
  /** A connection on which nothing comes for so long is dead; 0: never. */
  readonly silenceMs: number
  readonly retryFirstMs: number
  readonly retryMostMs: number
  /** A connection that lived so long was no failure. */
  readonly stableMs: number
}

/** Of events with ids it is supposed that the feed goes on after the last one, as the standard has it. */
export const EVENTS_SETTINGS: Omit<FeedSettings, 'url'> = {
  headers: {},
  subprotocols: [],
  greetings: [],
  idPointer: null,
  idOrder: 'opaque',
  resumes: true,
  resumeParameter: null,
  gapEvents: [],
  connectMs: 10_000,
  silenceMs: 60_000,
  retryFirstMs: 500,
  retryMostMs: 15_000,
  stableMs: 10_000,
}

export const SOCKET_SETTINGS: Omit<FeedSettings, 'url'> = { ...EVENTS_SETTINGS, resumes: false }

export function isSocket(url: string): boolean {
  return /^wss?:/i.test(url)
}
