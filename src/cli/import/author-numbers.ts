import type { Authors } from '../../capture/datasets/authors.ts'
import type { Api } from '../../client/api.ts'

/** What the server takes at once. */
const MAX_NAMES = 16_384

/** The players whom a dataset's authors are on the server. Each author is asked for once; 4 bytes an author. */
export class AuthorNumbers {
  readonly #api: Api
  readonly #source: string
  readonly #authors: Authors
  /** By author, the player's number plus one; 0: not asked for yet. */
  #numbers = new Uint32Array(1024)

  constructor(api: Api, source: string, authors: Authors) {
    this.#api = api
    this.#source = source
    this.#authors = authors
  }

  /** An author whom {@link ask} was told of; 0 is nobody. */
  of(author: number): number {
    return this.#numbers[author]! - 1
  }

  /** Makes the first `count` of these authors known. Errors: those of the server. */
  async ask(authors: Uint32Array, count: number): Promise<void> {
    const unknown = new Map<number, string>()
    for (let i = 0; i < count; i += 1) {
      const author = authors[i]!
      this.#reserve(author)
      if (this.#numbers[author] !== 0 || unknown.has(author)) continue
      const name = this.#authors.nameOf(author)
      if (name === '') this.#numbers[author] = 1
      else unknown.set(author, name)
    }
    const ids = [...unknown.keys()]
    for (let from = 0; from < ids.length; from += MAX_NAMES) {
      const part = ids.slice(from, from + MAX_NAMES)
      const names = part.map((id) => unknown.get(id))
      const path = `/api/sources/${this.#source}/authors`
      const { players } = await this.#api.json<{ players: number[] }>('POST', path, { names })
      part.forEach((id, i) => {
        this.#numbers[id] = players[i]! + 1
      })
    }
  }

  #reserve(author: number): void {
    if (author < this.#numbers.length) return
    const grown = new Uint32Array(Math.max(author + 1, this.#numbers.length * 2))
    grown.set(this.#numbers)
    this.#numbers = grown
  }
}
