import { SpateError } from '../base/errors.ts'
import { type Position, positionOf, START } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import {
  decodeEntry,
  keyOf,
  MANIFESTS,
  namedBy,
  prefixOf,
  requireChained,
  type StoredEntry,
} from './manifest.ts'

/** Entries that are fetched at once. */
const AT_ONCE = 8

/** The entries of one stream, checked, and told anew of what others have added. */
export class Chain {
  readonly stream: string
  readonly #objects: ObjectStore
  readonly #entries: StoredEntry[] = []

  constructor(objects: ObjectStore, stream: string) {
    this.#objects = objects
    this.stream = stream
  }

  /** By number, from 1. */
  get entries(): readonly StoredEntry[] {
    return this.#entries
  }

  get last(): StoredEntry | undefined {
    return this.#entries.at(-1)
  }

  /** Everything up to there is in the archive. */
  get sealedUpTo(): Position {
    return this.last === undefined ? START : positionOf(this.last.entry.last)
  }

  /** Reads what has been added. Errors: `corrupt`, `newer-version`, those of the store. */
  async refresh(): Promise<void> {
    if (this.#entries.length === 0) {
      const count = await countOf(this.#objects, this.stream)
      for (let from = 1; from <= count; from += AT_ONCE) {
        const numbers = Array.from({ length: Math.min(AT_ONCE, count - from + 1) }, (_, i) => from + i)
        for (const stored of await Promise.all(numbers.map((number) => this.#fetch(number)))) {
          if (stored === undefined) throw new SpateError('corrupt', `an entry of ${this.stream} is missing`)
          this.#add(stored)
        }
      }
    }
    for (;;) {
      const next = await this.#fetch(this.#entries.length + 1)
      if (next === undefined) return
      this.#add(next)
    }
  }

  #add(stored: StoredEntry): void {
    // Another refresh may have been as quick.
    if (stored.entry.number <= this.#entries.length) return
    requireChained(this.last, stored.entry)
    this.#entries.push(stored)
  }

  #fetch(number: number): Promise<StoredEntry | undefined> {
    return entryAt(this.#objects, this.stream, number)
  }

  /** The number of the entry with the first record after `after`, from 0. */
  indexAfter(after: number): number {
    let [from, to] = [0, this.#entries.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.#entries[middle]?.entry.last ?? 0) > after) to = middle
      else from = middle + 1
    }
    return from
  }
}

async function countOf(objects: ObjectStore, stream: string): Promise<number> {
  let count = 0
  for await (const { key } of objects.list(prefixOf(stream))) {
    const named = namedBy(key)
    if (named?.stream === stream) count = Math.max(count, named.number)
  }
  return count
}

/** The end of a stream's chain, without the rest of it. Errors: `corrupt`, `newer-version`, those of the store. */
export async function lastEntry(objects: ObjectStore, stream: string): Promise<StoredEntry | undefined> {
  const number = await countOf(objects, stream)
  if (number === 0) return undefined
  const key = keyOf(stream, number)
  return decodeEntry(key, await objects.get(key))
}

/** Undefined if there is none yet. Errors: `corrupt`, `newer-version`, those of the store. */
export async function entryAt(
  objects: ObjectStore,
  stream: string,
  number: number,
): Promise<StoredEntry | undefined> {
  const key = keyOf(stream, number)
  try {
    return decodeEntry(key, await objects.get(key))
  } catch (error) {
    if (error instanceof SpateError && error.code === 'not-found') return undefined
    throw error
  }
}

/** The streams of an archive with the numbers of their entries, as they are listed. */
export async function archivedStreams(objects: ObjectStore): Promise<Map<string, number[]>> {
  const streams = new Map<string, number[]>()
  for await (const { key } of objects.list(MANIFESTS)) {
    const named = namedBy(key)
    if (named === undefined) continue
    const numbers = streams.get(named.stream) ?? []
    numbers.push(named.number)
    streams.set(named.stream, numbers)
  }
  return streams
}
