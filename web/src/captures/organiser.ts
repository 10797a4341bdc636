import { type Signal, signal } from '@preact/signals'
import { Api, ProblemError } from '../../../src/client/api.ts'
import { sentenceOf } from '../words/problems.ts'

const KEY = 'spate-organiser'
/** What a header can carry. */
const TOKEN = /^[\x21-\x7e]{1,256}$/
const WRONG = 'This is not the organiser’s token.'

/**
 * The organiser's token, kept by this tab alone and until it is closed: sent as a header of requests to the page's own
 * origin, and nowhere else. A token that the server does not take, or takes no more, is forgotten.
 */
export class Organiser {
  readonly isIn: Signal<boolean> = signal(false)
  /** Why a token that was known is so no more. */
  readonly lost: Signal<string | undefined> = signal(undefined)
  readonly #origin: string
  readonly #storage: Storage | undefined
  #api: Api

  /** @param storage undefined where the browser lets the page keep nothing: then the page alone knows the token */
  constructor(origin: string, storage: Storage | undefined) {
    this.#origin = origin
    this.#storage = storage
    const kept = storage?.getItem(KEY) ?? ''
    this.isIn.value = TOKEN.test(kept)
    this.#api = this.#apiWith(this.isIn.peek() ? kept : undefined)
  }

  /** With the token, if there is one. Another object after each change. */
  get api(): Api {
    return this.#api
  }

  /** Resolves with why not; undefined once the server has taken the token. */
  async signIn(text: string): Promise<string | undefined> {
    const token = text.trim()
    if (!TOKEN.test(token)) return WRONG
    const api = this.#apiWith(token)
    try {
      await api.request('GET', '/api/jobs?limit=1')
    } catch (error) {
      return isOfToken(error) ? WRONG : sentenceOf(error)
    }
    this.#api = api
    this.#storage?.setItem(KEY, token)
    this.lost.value = undefined
    this.isIn.value = true
    return undefined
  }

  signOut(): void {
    this.#storage?.removeItem(KEY)
    this.#api = this.#apiWith(undefined)
    this.isIn.value = false
  }

  /** Whether what a request threw is about the token, which is then forgotten. */
  refused(api: Api, error: unknown): boolean {
    if (!isOfToken(error) || api !== this.#api || !this.isIn.peek()) return false
    this.signOut()
    this.lost.value = 'The server does not take the organiser’s token any more.'
    return true
  }

  #apiWith(token: string | undefined): Api {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return new Api({ baseUrl: this.#origin, headers })
  }
}

function isOfToken(error: unknown): boolean {
  return error instanceof ProblemError && (error.problem.status === 401 || error.problem.status === 403)
}
