import type { SpateError } from '../../src/base/errors.ts'
import type { Changes, Key, KeyPart, Kv, Range } from '../../src/store/kv.ts'

class MemoryTable {
  readonly name: string
  readonly #entries = new Map<string, { key: Key; value: Buffer }>()
  #sorted: { key: Key; value: Buffer }[] | undefined

  constructor(name: string) {
    this.name = name
  }

  get(key: Key): Buffer | undefined {
    return this.#entries.get(JSON.stringify(key))?.value
  }

  put(key: Key, value: Uint8Array): void {
    this.#entries.set(JSON.stringify(key), { key, value: Buffer.from(value) })
    this.#sorted = undefined
  }

  remove(key: Key): void {
    this.#entries.delete(JSON.stringify(key))
    this.#sorted = undefined
  }

  /** As LMDB: `start` inclusive, `end` exclusive, and with `reverse` from the high `start` down. */
  range({ start, end, reverse = false, limit }: Range): { key: Key; value: Buffer }[] {
    this.#sorted ??= [...this.#entries.values()].sort((a, b) => compare(a.key, b.key))
    const sign = reverse ? -1 : 1
    const found = this.#sorted.filter(
      ({ key }) =>
        (start === undefined || sign * compare(key, start) >= 0) &&
        (end === undefined || sign * compare(key, end) < 0),
    )
    if (reverse) found.reverse()
    return limit === undefined ? found : found.slice(0, limit)
  }

  keys(range: Range): Key[] {
    return this.range(range).map(({ key }) => key)
  }
}

function compare(a: Key, b: Key): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (const [i, part] of left.entries()) {
    const other = right[i]
    if (other === undefined) return 1
    if (part === other) continue
    if (typeof part !== typeof other) return typeof part === 'number' ? -1 : 1
    return part < other ? -1 : 1
  }
  return left.length - right.length
}

function partsOf(key: Key): KeyPart[] {
  return Array.isArray(key) ? key : [key]
}

/** A store without a disk: commits are atomic and settle in the same turn, so that simulations repeat. */
export class MemoryStore {
  /** Set to refuse commits. */
  failure: SpateError | undefined
  readonly #tables = new Map<string, MemoryTable>()
  #turn: Promise<unknown> = Promise.resolve()

  table(name: string): MemoryTable {
    const table = this.#tables.get(name) ?? new MemoryTable(name)
    this.#tables.set(name, table)
    return table
  }

  async commit(_durability: string, change: (changes: Changes) => void): Promise<void> {
    if (this.failure !== undefined) throw this.failure
    const writes: (() => void)[] = []
    change({
      put: (table, key, value) => {
        const copy = value.slice()
        writes.push(() => this.table(table.name).put(key, copy))
      },
      remove: (table, key) => writes.push(() => this.table(table.name).remove(key)),
    })
    for (const write of writes) write()
  }

  inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(run)
    this.#turn = result.catch(() => {})
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  asKv(): Kv {
    // Kv's private fields make it nominal; this has all of its public members.
    return this as unknown as Kv
  }
}

export function memoryKv(): Kv {
  return new MemoryStore().asKv()
}
