import type { IncomingMessage } from 'node:http'
import { SpateError } from '../base/errors.ts'
import { sameSecret, tokenHash } from '../players/identity.ts'
import type { HttpServices } from './services.ts'

const COOKIE = 'spate'
const COOKIE_AGE_SECONDS = 365 * 24 * 3600

/** Who sent a request. */
export interface Visitor {
  /** Undefined for somebody without cookie and token. */
  readonly key: string | undefined
  /** The player's number, 0 while the log does not know them. */
  player: number
  readonly isAdmin: boolean
  readonly address: string
}

/** Errors: `unauthorized` for a token that is none. */
export function visitorOf(request: IncomingMessage, address: string, services: HttpServices): Visitor {
  const token = bearerOf(request)
  if (token !== undefined) {
    if (sameSecret(token, services.adminToken)) {
      return { key: 'c:admin', player: services.players.find('c:admin') ?? 0, isAdmin: true, address }
    }
    const player = services.players.playerOfToken(tokenHash(token))
    if (player === undefined) throw new SpateError('unauthorized', 'this token is not known')
    return { key: services.players.player(player)?.key, player, isAdmin: false, address }
  }
  const cookie = cookieOf(request)
  const key = cookie === undefined ? undefined : services.identities.keyOfCookie(cookie)
  return { key, player: key === undefined ? 0 : (services.players.find(key) ?? 0), isAdmin: false, address }
}

function bearerOf(request: IncomingMessage): string | undefined {
  const header = request.headers.authorization
  if (header === undefined) return undefined
  const token = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(header)?.[1]
  if (token === undefined) throw new SpateError('unauthorized', 'expected Authorization: Bearer TOKEN')
  return token
}

function cookieOf(request: IncomingMessage): string | undefined {
  return /(?:^|;\s*)spate=([^;]{1,256})/.exec(request.headers.cookie ?? '')?.[1]
}

export function setCookieHeader(cookie: string, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : ''
  return `${COOKIE}=${cookie}; Path=/; Max-Age=${COOKIE_AGE_SECONDS}; HttpOnly; SameSite=Lax${secure}`
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
export async function playerOf(visitor: Visitor, services: HttpServices): Promise<number> {
  if (visitor.player !== 0) return visitor.player
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
 * Refuses what a page of another site asks for in its visitor's name. Requests without an Origin do not
 * come from pages. Errors: `forbidden`.
 */
export function checkOrigin(request: IncomingMessage, services: HttpServices): void {
  const { origin, host } = request.headers
  if (origin === undefined || services.origins.has(origin)) return
  const from = URL.canParse(origin) ? new URL(origin).host : undefined
  if (from === undefined || from !== host) {
    throw new SpateError('forbidden', `pages of ${origin} may not do this here (SPATE_ORIGINS)`)
  }
}
