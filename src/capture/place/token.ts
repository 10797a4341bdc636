import { messageOf, SpateError } from '../../base/errors.ts'
import { bytesOf } from '../source/bounded.ts'
import type { Fetch } from '../source/fetch.ts'
import type { Reach } from '../source/reach.ts'

const TOKEN = /"accessToken"\s*:\s*"([^"]+)"/
/** A larger page is none. */
const MAX_PAGE_BYTES = 16 << 20
const TIMEOUT_MS = 15_000

/** The token that a page holds: read when it is first needed, and again once the source has refused it. */
export class TokenPage {
  readonly #fetch: Fetch
  readonly #reach: Reach
  readonly #url: string | null
  readonly #headers: Readonly<Record<string, string>>
  #token: string | null
  #reading: Promise<string | null> | undefined

  /** @param token used before the page is read */
  constructor(
    fetch: Fetch,
    reach: Reach,
    url: string | null,
    token: string | null,
    headers: Readonly<Record<string, string>>,
  ) {
    this.#fetch = fetch
    this.#reach = reach
    this.#url = url
    this.#token = token
    this.#headers = headers
  }

  /** Null where there is neither a page nor a token. Errors: `unavailable`, `invalid` for a page without one. */
  token(signal: AbortSignal): Promise<string | null> {
    if (this.#token !== null || this.#url === null) return Promise.resolve(this.#token)
    this.#reading ??= this.#read(this.#url, signal).finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** The source does not take it any more. Without a page it is kept: there is no other. */
  refused(token: string | null): void {
    if (this.#url !== null && this.#token === token) this.#token = null
  }

  async #read(url: string, signal: AbortSignal): Promise<string> {
    const html = await this.#html(url, signal)
    const token = TOKEN.exec(html)?.[1]
    if (token === undefined)
      throw new SpateError('invalid', `${placeOf(url)} holds no accessToken: is it the page of an r/place?`)
    this.#token = token
    return token
  }

  async #html(url: string, signal: AbortSignal): Promise<string> {
    try {
      const either = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
      const response = await this.#fetch(url, {
        headers: this.#headers,
        signal: either,
        reach: this.#reach,
      })
      if (!response.ok)
        throw new SpateError(
          'unavailable',
          `${placeOf(url)} answers ${response.status}, not a page with a token`,
        )
      return new TextDecoder().decode(await bytesOf(response, MAX_PAGE_BYTES))
    } catch (cause) {
      if (cause instanceof SpateError && cause.code === 'unavailable') throw cause
      throw new SpateError('unavailable', `${placeOf(url)} cannot be read: ${reasonOf(cause)}`, { cause })
    }
  }
}

/** A query may hold secrets. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

/** What fetch throws says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  return messageOf(error instanceof Error ? (error.cause ?? error) : error)
}
