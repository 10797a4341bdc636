/** The page of a Spate's board in the protocol of r/place, which says where all the rest is. */
const SPATE_PAGE = /\/compat\/place\/[^/?#]+\/?$/

export function isSpatePage(page: string): boolean {
  return SPATE_PAGE.test(page)
}

/** Where the WebSocket of such a page is. */
export function queryOfSpatePage(page: string): string {
  const address = new URL(page.replace(/\/?$/, '/query'))
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  return address.href
}
