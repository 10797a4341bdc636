import { isSpatePage, queryOfSpatePage } from '../../../src/client/place-source.ts'

/** What the organiser fills in to begin a capture. */
export interface Said {
  readonly kind: 'place' | 'spate' | 'feed'
  readonly name: string
  readonly url: string
  /** Of an r/place. */
  readonly query: string
  /** Of another Spate. */
  readonly board: string
}

export interface Wanted {
  readonly kind: Said['kind']
  readonly settings: Readonly<Record<string, unknown>>
}

/** What the server is to follow; or what is missing, in words. */
export function wantedOf({ kind, url, query, board }: Said): Wanted | string {
  switch (kind) {
    case 'spate':
      if (!isAt(url, 'http')) return 'The address of a Spate begins with https:// or http://.'
      return { kind, settings: board === '' ? { url } : { url, board } }
    case 'feed':
      if (!isAt(url, 'http') && !isAt(url, 'ws'))
        return 'The address of a feed begins with https:// or http://, that of a WebSocket with wss:// or ws://.'
      return { kind, settings: { url } }
    case 'place':
      return placeOf(url, query)
  }
}

function placeOf(page: string, query: string): Wanted | string {
  const kind = 'place'
  if (page !== '' && !isAt(page, 'http')) return 'The address of a page begins with https:// or http://.'
  if (query !== '' && !isAt(query, 'ws')) return 'The address of a WebSocket begins with wss:// or ws://.'
  if (page === '' && query === '') return { kind, settings: {} }
  if (page === '') return { kind, settings: { pageUrl: null, queryUrl: query } }
  const isSpate = isSpatePage(page)
  if (query === '' && !isSpate) return 'Say where its WebSocket is, as the page is no board of a Spate.'
  const queryUrl = query === '' ? queryOfSpatePage(page) : query
  return { kind, settings: { pageUrl: page, queryUrl, ...(isSpate ? { headers: {} } : {}) } }
}

function isAt(text: string, protocol: 'http' | 'ws'): boolean {
  return URL.canParse(text) && new RegExp(`^${protocol}s?:$`).test(new URL(text).protocol)
}
