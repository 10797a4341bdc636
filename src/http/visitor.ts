import type { IncomingMessage } from 'node:http'
import { SpateError } from '../base/errors.ts'
import { sameSecret, tokenHash } from '../players/identity.ts'
import { addressGroup } from './address.ts'
import type { HttpServices } from './services.ts'

const COOKIE = 'spate'
const COOKIE_AGE_SECONDS = 365 * 24 * 3600
/** The organiser is one player, whatever the token is. */
const ORGANISER_KEY = 'o:organiser'

/** Who sent a request. */
export interface Visitor {
  /** Undefined for somebody without cookie and token. */
  readonly key: string | undefined
  /** The player's number, 0 while the log does not know them. */
  player: number
  /** While the log is asked for one: all who want it wait for the same, and go on in the order in which they came. */
  joining?: Promise<number> | undefined
  readonly isAdmin: boolean
  /** As limits count it. */
  readonly address: string
  /** Of the bearer token that says who this is, which may be revoked while a connection lives. */
  readonly tokenHash: string | undefined
}

/** Errors: `unauthorized` for a token that is none. */
export function visitorOf(request: IncomingMessage, ip: string, services: HttpServices): Visitor {
  const address = addressGroup(ip)
  const { players } = services
  const token = bearerOf(request)
  if (token !== undefined) {
    if (sameSecret(token, services.adminToken)) {
      const player = players.find(ORGANISER_KEY) ?? 0
      return { key: ORGANISER_KEY, player, isAdmin: true, address, tokenHash: undefined }
    }
    const hash = tokenHash(token)
    const player = players.playerOfToken(hash)
    if (player === undefined) throw new SpateError('unauthorized', 'this token is not known')
    return { key: players.player(player)?.key, player, isAdmin: false, address, tokenHash: hash }
  }
  const key = keyOfCookies(request, services)
  const player = key === undefined ? 0 : (players.find(key) ?? 0)
  return { key, player, isAdmin: false, address, tokenHash: undefined }
}

/** Errors: `unauthorized` when the visitor came with a token that was revoked since. */
export function requireToken(visitor: Visitor, services: HttpServices): void {
  if (visitor.tokenHash === undefined || services.players.playerOfToken(visitor.tokenHash) !== undefined)
    return
  throw new SpateError('unauthorized', 'this token was revoked')
}

/** Other schemes are for somebody in between, such as a proxy that asks for a password. */
function bearerOf(request: IncomingMessage): string | undefined {
  const header = request.headers.authorization
  if (header === undefined || !/^Bearer(?: |$)/i.test(header)) return undefined
  const token = /^Bearer +([\x21-\x7e]{1,256}) *$/i.exec(header)?.[1]
  if (token === undefined) throw new SpateError('unauthorized', 'expected Authorization: Bearer TOKEN')
  return token
}

/** The first of our cookies that is one: a site above ours may have left another of the name. */
function keyOfCookies({ headers }: IncomingMessage, { identities }: HttpServices): string | undefined {
  for (const [, cookie = ''] of (headers.cookie ?? '').matchAll(/(?:^|;\s*)spate=([^;]{1,256})/g)) {
    const key = identities.keyOfCookie(cookie)
    if (key !== undefined) return key
  }
  return undefined
}

export function setCookieHeader(cookie: string, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : ''
  return `${COOKIE}=${cookie}; Path=/; Max-Age=${COOKIE_AGE_SECONDS}; HttpOnly; SameSite=Lax${secure}`
}

/** Whether the visitor's own connection is encrypted, as far as we or a trusted proxy can tell. */
export function isHttps(request: IncomingMessage, services: HttpServices): boolean {
  const { socket, headers } = request
  const forwarded = headers['x-forwarded-proto']
  if (typeof forwarded === 'string' && services.trustsProxy(socket.remoteAddress ?? '')) {
    return forwarded.split(',').at(-1)?.trim() === 'https'
  }
  return 'encrypted' in socket && socket.encrypted === true
}

/** Errors: `unauthorized` without a token, `forbidden` with another's. */
export function requireAdmin(visitor: Visitor): void {
  if (visitor.isAdmin) return
  if (visitor.key === undefined) throw new SpateError('unauthorized', 'this needs the organiser’s token')
  throw new SpateError('forbidden', 'this needs the organiser’s token')
}

/**
 * The number of the player behind a visitor; the first intent makes them one.
 * Errors: `unauthorized` without an identity, `limited` when too many are new from one address.
 */
export function playerOf(visitor: Visitor, services: HttpServices): Promise<number> {
  if (visitor.player !== 0) return Promise.resolve(visitor.player)
  visitor.joining ??= joined(visitor, services).finally(() => {
    visitor.joining = undefined
  })
  return visitor.joining
}

async function joined(visitor: Visitor, services: HttpServices): Promise<number> {
  const { key, address } = visitor
  if (key === undefined) {
    throw new SpateError('unauthorized', 'nobody is known by this request: GET /api/me sets a cookie')
  }
  const known = services.players.find(key)
  if (known === undefined) {
    const waitMs = services.addressJoins.take(address, 1, services.clock.now())
    if (waitMs > 0) {
      throw new SpateError('limited', 'too many new players from this address', { retryAfterMs: waitMs })
    }
  }
  const [player] = known === undefined ? await services.players.join([key]) : [known]
  visitor.player = player ?? 0
  return visitor.player
}

/**
 * Refuses what a page of another site asks for in its visitor's name. A browser that says where a request
 * comes from (Sec-Fetch-Site, which pages cannot set) is believed; else the page's origin must name the host
 * that was asked. Requests with neither do not come from pages. Errors: `forbidden`.
 */
export function checkOrigin(request: IncomingMessage, services: HttpServices): void {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  if (origin !== undefined && services.origins.has(origin)) return
  if (site === 'same-origin' || site === 'none') return
  const from = origin !== undefined && URL.canParse(origin) ? new URL(origin).host : undefined
  if (site === undefined && (origin === undefined || (from !== undefined && from === host))) return
  throw new SpateError(
    'forbidden',
    `pages of ${origin ?? 'other sites'} may not do this here (SPATE_ORIGINS)`,
  )
}
