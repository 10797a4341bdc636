import type { IncomingMessage } from 'node:http'
import type { HttpServices } from '../../services.ts'
import { isHttps } from '../../visitor.ts'

const MAX_HOST_LENGTH = 255

/** Where the sockets are. */
export const QUERY_PATH = /^\/compat\/place\/([^/]{1,64})\/query\/?$/

export interface PlaceAddresses {
  readonly page: string
  readonly query: string
  /** What the addresses of frames begin with. */
  readonly media: string
}

/** A board's addresses, as whoever asks reaches this server. */
export function placeAddresses(
  request: IncomingMessage,
  services: HttpServices,
  board: string,
): PlaceAddresses {
  const secure = isHttps(request, services) ? 's' : ''
  const host = (request.headers.host ?? 'localhost').slice(0, MAX_HOST_LENGTH)
  const base = `${host}/compat/place/${board}`
  return {
    page: `http${secure}://${base}/`,
    query: `ws${secure}://${base}/query`,
    media: `http${secure}://${base}/media/canvas-images/`,
  }
}
