import { isUtf8 } from 'node:buffer'
import { assert } from '../../base/assert.ts'

export const MAX_AUTHOR_BYTES = 128
/** Real datasets have up to 10.4 million authors (2022). */
export const MAX_AUTHORS = 1 << 24

/** Returned instead of an id. */
export const AUTHOR_INVALID = -1
export const AUTHORS_FULL = -2

/** Entries lie in pages of words and never cross one: id, length in bytes, the bytes padded with zeros. */
const PAGE_WORDS = 1 << 18
const ENTRY_HEAD_WORDS = 2
const MAX_ENTRY_WORDS = ENTRY_HEAD_WORDS + MAX_AUTHOR_BYTES / 4

/**
 * Authors of a dataset as small numbers, in the order of their first row.
 *
 * The one thing of an import that grows with its input. An author costs its own bytes plus 23 to 41 (entry head
 * and padding 8 to 11, offset 4 to 8, slot 11 to 22): about 115 to 130 bytes for the 88-character hashes of
 * 2022, 1.2 GB for all of that year's. All lies outside the JavaScript heap. The bound is `maxAuthors` ×
 * ({@link MAX_AUTHOR_BYTES} + 41) bytes; at the bound `idOf` says so and adds nobody.
 *
 * Laid out for two cache misses a look-up, the slot and the entry, and compared by words: half the time of a
 * table of ids over a column for each of hash, offset, length and bytes.
 */
export class Authors {
  readonly #maxAuthors: number
  readonly #pages: Uint32Array[] = []
  #pageUsed = PAGE_WORDS
  #count = 0
  /** Word offset of an id's entry. */
  #offsets = new Uint32Array(1024)
  /** Open addressing, linear probing, at most three quarters full: a hash, then the offset plus one. */
  #slots = new Uint32Array(2 * 2048)
  /** The author looked for, as words. */
  readonly #words = new Uint32Array(MAX_AUTHOR_BYTES / 4)

  constructor(maxAuthors: number) {
    assert(maxAuthors > 0 && maxAuthors <= MAX_AUTHORS, 'offsets are 32 bits')
    this.#maxAuthors = maxAuthors
  }

  get count(): number {
    return this.#count
  }

  get memoryBytes(): number {
    return this.#pages.length * PAGE_WORDS * 4 + this.#offsets.byteLength + this.#slots.byteLength
  }

  /**
   * The id of these bytes, a new one if need be; {@link AUTHOR_INVALID} if they are too many or no UTF-8;
   * {@link AUTHORS_FULL} if they would be one author too many.
   */
  idOf(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from
    if (length > MAX_AUTHOR_BYTES) return AUTHOR_INVALID
    const hash = loadWords(this.#words, bytes, from, to)
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = (hash << 1) & mask
    for (;;) {
      const offsetPlusOne = slots[slot + 1]!
      if (offsetPlusOne === 0) break
      if (slots[slot] === hash) {
        const id = this.#idAt(offsetPlusOne - 1, length)
        if (id >= 0) return id
      }
      slot = (slot + 2) & mask
    }
    if (!isUtf8(bytes.subarray(from, to))) return AUTHOR_INVALID
    if (this.#count === this.#maxAuthors) return AUTHORS_FULL
    return this.#add(length, hash, slot)
  }

  nameOf(id: number): string {
    assert(id < this.#count, 'an author of this dictionary')
    const offset = this.#offsets[id]!
    const page = this.#pages[Math.floor(offset / PAGE_WORDS)]!
    const at = offset % PAGE_WORDS
    return Buffer.from(page.buffer, (at + ENTRY_HEAD_WORDS) * 4, page[at + 1]!).toString('utf8')
  }

  /** The id of the entry if it is the author looked for, else -1. */
  #idAt(offset: number, length: number): number {
    const page = this.#pages[Math.floor(offset / PAGE_WORDS)]!
    const at = offset % PAGE_WORDS
    if (page[at + 1] !== length) return -1
    const words = this.#words
    for (let i = 0; i * 4 < length; i += 1) if (page[at + ENTRY_HEAD_WORDS + i] !== words[i]) return -1
    return page[at]!
  }

  #add(length: number, hash: number, slot: number): number {
    const id = this.#count
    if (this.#pageUsed + MAX_ENTRY_WORDS > PAGE_WORDS) {
      this.#pages.push(new Uint32Array(PAGE_WORDS))
      this.#pageUsed = 0
    }
    const page = this.#pages.at(-1)!
    const at = this.#pageUsed
    const wordCount = Math.ceil(length / 4)
    page[at] = id
    page[at + 1] = length
    page.set(this.#words.subarray(0, wordCount), at + ENTRY_HEAD_WORDS)
    this.#pageUsed = at + ENTRY_HEAD_WORDS + wordCount

    const offset = (this.#pages.length - 1) * PAGE_WORDS + at
    if (id === this.#offsets.length) this.#offsets = doubled(this.#offsets)
    this.#offsets[id] = offset
    this.#count = id + 1
    this.#slots[slot] = hash
    this.#slots[slot + 1] = offset + 1
    if (this.#count * 2 * 4 > this.#slots.length * 3) this.#growSlots()
    return id
  }

  #growSlots(): void {
    const old = this.#slots
    const slots = new Uint32Array(old.length * 2)
    const mask = slots.length - 1
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue
      let to = (old[from]! << 1) & mask
      while (slots[to + 1] !== 0) to = (to + 2) & mask
      slots[to] = old[from]!
      slots[to + 1] = old[from + 1]!
    }
    this.#slots = slots
  }
}

function doubled(values: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(values.length * 2)
  grown.set(values)
  return grown
}

/**
 * Bytes as little-endian words, the last one padded with zeros; returns their hash: FNV-1a over words, with the
 * finish of MurmurHash3, since linear probing wants well-mixed low bits.
 */
function loadWords(words: Uint32Array, bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 ^ (to - from)
  let at = from
  let i = 0
  for (; at + 4 <= to; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    words[i] = word
    i += 1
    hash = Math.imul(hash ^ word, 0x01000193)
    hash ^= hash >>> 15
  }
  if (at < to) {
    let word = 0
    for (let shift = 0; at < to; at += 1, shift += 8) word |= bytes[at]! << shift
    words[i] = word
    hash = Math.imul(hash ^ word, 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
