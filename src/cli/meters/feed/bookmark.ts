import { createHash, randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { messageOf, SpateError } from '../../../base/errors.ts'

/** How far an input is fed. */
export interface Place {
  /** What this feed's batches are named by. */
  readonly feed: string
  /** Lines of which all is taken. */
  readonly done: number
  /** The last line of a batch that was begun and perhaps taken. */
  readonly until: number | undefined
  /** Of the last line that is done: what it must be when the input is read again. */
  readonly mark: string
}

export function newPlace(): Place {
  return { feed: randomUUID(), done: 0, until: undefined, mark: '' }
}

export function markOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** Where a feed of lines remembers how far it is. */
export interface Bookmark {
  /** Errors: `invalid` for a file that is none, `storage-failed`. */
  read(): Promise<Place>
  write(place: Place): Promise<void>
}

export class FileBookmark implements Bookmark {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async read(): Promise<Place> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return newPlace()
      throw new SpateError('storage-failed', `cannot read ${this.#path}: ${messageOf(cause)}`, { cause })
    }
    try {
      // Checked field by field right below.
      const { feed, done, until, mark } = JSON.parse(text) as Partial<Record<keyof Place, unknown>>
      const isPlace =
        typeof feed === 'string' &&
        Number.isSafeInteger(done) &&
        (until === undefined || Number.isSafeInteger(until)) &&
        typeof mark === 'string'
      if (isPlace)
        return { feed, done: Number(done), until: until === undefined ? undefined : Number(until), mark }
    } catch {
      // No JSON: said below.
    }
    throw new SpateError('invalid', `${this.#path} does not tell how far a feed is`)
  }

  async write(place: Place): Promise<void> {
    try {
      await writeFile(`${this.#path}.part`, `${JSON.stringify(place)}\n`, { flush: true })
      await rename(`${this.#path}.part`, this.#path)
    } catch (cause) {
      throw new SpateError('storage-failed', `cannot write ${this.#path}: ${messageOf(cause)}`, { cause })
    }
  }
}

/** For an input that is read once. */
export class NoBookmark implements Bookmark {
  async read(): Promise<Place> {
    return newPlace()
  }

  async write(): Promise<void> {}
}
