import { isUtf8 } from 'node:buffer'
import { assert } from '../../base/assert.ts'

const PAGE_BYTES = 1 << 20
export const MAX_AUTHOR_BYTES = 128
/** Real datasets have up to 10.4 million authors (2022). */
export const MAX_AUTHORS = 1 << 24

/** Returned instead of an id. */
export const AUTHOR_INVALID = -1
export const AUTHORS_FULL = -2

/**
 * Authors of a dataset as small numbers, in the order of their first row.
 *
 * The one thing of an import that grows with its input. An author costs its own bytes plus 14 to 29 (offset 4,
 * length 1, hash 4, slots 5 to 11, and the slack of arrays that double): about 110 bytes for the 88-character
 * hashes of 2022, so 1.1 GB for all of that year's. All lies outside the JavaScript heap. The bound is
 * `maxAuthors` × ({@link MAX_AUTHOR_BYTES} + 29) bytes; at the bound `idOf` says so and adds nobody.
 */
export class Authors {
  readonly #maxAuthors: number
  readonly #pages: Uint8Array[] = []
  #pageUsed = PAGE_BYTES
  #count = 0
  #offset = new Uint32Array(1024)
  #length = new Uint8Array(1024)
  #hash = new Uint32Array(1024)
  /** Open addressing, linear probing, at most three quarters full; an entry is the id plus one. */
  #slots = new Uint32Array(2048)

  constructor(maxAuthors: number) {
    assert(maxAuthors > 0 && maxAuthors <= MAX_AUTHORS, 'the arena addresses 32 bits')
    this.#maxAuthors = maxAuthors
  }

  get count(): number {
    return this.#count
  }

  get memoryBytes(): number {
    const tables = this.#offset.byteLength + this.#length.byteLength + this.#hash.byteLength
    return this.#pages.length * PAGE_BYTES + tables + this.#slots.byteLength
  }

  /** The id of these bytes, a new one if need be; {@link AUTHOR_INVALID} if too long or no UTF-8; {@link AUTHORS_FULL}. */
  idOf(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from
    if (length > MAX_AUTHOR_BYTES) return AUTHOR_INVALID
    const hash = hashOf(bytes, from, to)
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (;;) {
      const entry = this.#slots[slot]!
      if (entry === 0) break
      if (this.#hash[entry - 1] === hash && this.#equals(entry - 1, bytes, from, length)) return entry - 1
      slot = (slot + 1) & mask
    }
    if (!isUtf8(bytes.subarray(from, to))) return AUTHOR_INVALID
    if (this.#count === this.#maxAuthors) return AUTHORS_FULL
    return this.#add(bytes, from, length, hash, slot)
  }

  nameOf(id: number): string {
    assert(id < this.#count, 'an author of this dictionary')
    const offset = this.#offset[id]!
    const at = offset % PAGE_BYTES
    const page = this.#pages[(offset - at) / PAGE_BYTES]!
    return Buffer.from(page.buffer, at, this.#length[id]!).toString('utf8')
  }

  #equals(id: number, bytes: Uint8Array, from: number, length: number): boolean {
    if (this.#length[id] !== length) return false
    const offset = this.#offset[id]!
    const page = this.#pages[offset >>> 20]!
    const at = offset & (PAGE_BYTES - 1)
    for (let i = 0; i < length; i += 1) if (page[at + i] !== bytes[from + i]) return false
    return true
  }

  #add(bytes: Uint8Array, from: number, length: number, hash: number, slot: number): number {
    const id = this.#count
    if (id === this.#offset.length) this.#growColumns()
    if (this.#pageUsed + length >= PAGE_BYTES) {
      this.#pages.push(new Uint8Array(PAGE_BYTES))
      this.#pageUsed = 0
    }
    this.#pages.at(-1)!.set(bytes.subarray(from, from + length), this.#pageUsed)
    this.#offset[id] = (this.#pages.length - 1) * PAGE_BYTES + this.#pageUsed
    this.#length[id] = length
    this.#hash[id] = hash
    this.#pageUsed += length
    this.#count = id + 1
    this.#slots[slot] = id + 1
    if (this.#count * 4 > this.#slots.length * 3) this.#growSlots()
    return id
  }

  #growColumns(): void {
    const capacity = this.#offset.length * 2
    const offset = new Uint32Array(capacity)
    const length = new Uint8Array(capacity)
    const hash = new Uint32Array(capacity)
    offset.set(this.#offset)
    length.set(this.#length)
    hash.set(this.#hash)
    this.#offset = offset
    this.#length = length
    this.#hash = hash
  }

  #growSlots(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let id = 0; id < this.#count; id += 1) {
      let slot = this.#hash[id]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = id + 1
    }
    this.#slots = slots
  }
}

/** FNV-1a over four bytes at a time, finished as MurmurHash3 does, since linear probing wants well-spread low bits. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  let at = from
  for (; at + 4 <= to; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    hash = Math.imul(hash ^ word, 0x01000193)
    hash ^= hash >>> 15
  }
  for (; at < to; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
