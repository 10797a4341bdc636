import { Reach } from '../source/reach.ts'

/** Where an r/place is, how it names things, and how patient the collector is. */
export interface PlaceSettings {
  /** Page whose HTML holds the token; null: `token` is used as it is. */
  readonly pageUrl: string | null
  /** Used until the source refuses it; null with no page: none is sent. */
  readonly token: string | null
  readonly queryUrl: string
  /** Where authors are asked for; null: they are not. */
  readonly historyUrl: string | null
  /** Where frames may lie besides, as {@link Reach} has it. */
  readonly frameHosts: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** Offered in this order; none: the header is not sent, and the older protocol is spoken. */
  readonly subprotocols: readonly string[]
  readonly teamOwner: string
  readonly configCategory: string
  readonly canvasCategory: string
  /** Connections a canvas. */
  readonly lines: number
  /** A canvas’s connection on which no message comes for so long is dead. */
  readonly silenceMs: number
  readonly configSilenceMs: number
  /** So is one on which no frame comes, whatever else does. */
  readonly quietMs: number
  readonly connectMs: number
  /** After this long without an acknowledgement the subscription is sent all the same. */
  readonly acknowledgeMs: number
  readonly retryFirstMs: number
  readonly retryMostMs: number
  /** A connection that lived so long was no failure. */
  readonly stableMs: number
  /** How long a break in the chain may wait for the other connection before a full frame is asked for. */
  readonly breakMs: number
  /** How long a frame that is not linked to what is on the board waits for the link. */
  readonly patienceMs: number
  /** How often a full frame is asked for to check what the diffs gave. */
  readonly refreshEveryMs: number
  readonly downloads: number
  readonly downloadTries: number
  readonly downloadMs: number
  readonly historySockets: number
  /** Requests of at most 24 cells, over all sockets. */
  readonly historyRequestsPerSecond: number
  readonly historyMs: number
  /** Changes that wait for an answer, unless they come late; a full frame’s take half of it. */
  readonly historyWaiting: number
}

export const PLACE_SETTINGS: PlaceSettings = {
  pageUrl: 'https://www.reddit.com/r/place/',
  token: null,
  queryUrl: 'wss://gql-realtime-2.reddit.com/query',
  historyUrl: null,
  frameHosts: [],
  headers: { Origin: 'https://hot-potato.reddit.com' },
  subprotocols: ['graphql-ws'],
  teamOwner: 'AFD2022',
  configCategory: 'CONFIG',
  canvasCategory: 'CANVAS',
  lines: 2,
  silenceMs: 10_000,
  configSilenceMs: 60_000,
  quietMs: 60_000,
  connectMs: 10_000,
  acknowledgeMs: 3000,
  retryFirstMs: 500,
  retryMostMs: 15_000,
  stableMs: 10_000,
  breakMs: 250,
  patienceMs: 1500,
  refreshEveryMs: 600_000,
  downloads: 16,
  downloadTries: 8,
  downloadMs: 10_000,
  historySockets: 4,
  historyRequestsPerSecond: 8,
  historyMs: 10_000,
  historyWaiting: 100_000,
}

/** Errors: `invalid`. */
export function placeReach({ pageUrl, queryUrl, historyUrl, frameHosts }: PlaceSettings): Reach {
  const given = [pageUrl, queryUrl, historyUrl].filter((url) => url !== null)
  return Reach.of(given, frameHosts)
}
