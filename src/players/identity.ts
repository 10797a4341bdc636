import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * Who somebody is, before the log knows them.
 *
 * A player's key tells how they are known: `c:` the id in a cookie, `a:` a keyed hash of an address,
 * `s:` an author in somebody else's records, `o:` the organiser. A visit costs nothing: the cookie is the id
 * and a signature.
 */
const ID_BYTES = 16
const SIGNATURE_BYTES = 16
/** Cookies remembered as verified; all are forgotten when there are more. */
const MAX_VERIFIED = 65_536

export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

export function newToken(): string {
  return `spate_${randomBytes(24).toString('base64url')}`
}

/** What is stored of a bearer token. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

export class Identities {
  readonly #secret: string
  /** Cookies whose signature was right. */
  readonly #verified = new Map<string, string>()

  /** @param secret shared by all servers of one event */
  constructor(secret: string) {
    this.#secret = secret
  }

  #sign(purpose: string, text: string): Buffer {
    return createHmac('sha256', this.#secret)
      .update(`${purpose}:${text}`)
      .digest()
      .subarray(0, SIGNATURE_BYTES)
  }

  newCookie(): { cookie: string; key: string } {
    const id = randomBytes(ID_BYTES).toString('base64url')
    return { cookie: `${id}.${this.#sign('cookie', id).toString('base64url')}`, key: `c:${id}` }
  }

  /** The player's key, or undefined for a cookie that this event did not make. */
  keyOfCookie(cookie: string): string | undefined {
    const [id, signature] = cookie.split('.')
    if (id === undefined || signature === undefined || id.length > 64) return undefined
    const known = this.#verified.get(cookie)
    if (known !== undefined) return known
    const given = Buffer.from(signature, 'base64url')
    const right = this.#sign('cookie', id)
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
    const key = `c:${id}`
    if (this.#verified.size >= MAX_VERIFIED) this.#verified.clear()
    this.#verified.set(cookie, key)
    return key
  }

  /** What anybody is given who asks: it says nothing of who has it, and ends. */
  newPass(endMs: number): string {
    const text = `${endMs.toString(36)}.${randomBytes(ID_BYTES).toString('base64url')}`
    return `${text}.${this.#sign('pass', text).toString('base64url')}`
  }

  /** When a pass ends or has ended; undefined for what this event did not make. */
  endOfPass(pass: string): number | undefined {
    const [end, id, signature] = pass.split('.')
    if (end === undefined || id === undefined || signature === undefined || pass.length > 128)
      return undefined
    const given = Buffer.from(signature, 'base64url')
    const right = this.#sign('pass', `${end}.${id}`)
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
    return Number.parseInt(end, 36)
  }

  /** The same address is the same player; the log does not hold the address. */
  keyOfAddress(address: string): string {
    return `a:${this.#sign('address', address).toString('base64url')}`
  }
}

/** Compares secrets in a time that tells nothing. */
export function sameSecret(given: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(right))
}
