import type { Sheet } from '../port.ts'
import { type Item, packed } from './packed.ts'
import { ITEMS_AT_ONCE } from './scripts.ts'

type Command = 'HSET' | 'HDEL' | 'ZADD' | 'ZREM' | 'UNLINK'
type Type = 'hash' | 'zset'

/** What a commit will do, gathered by command and key, for the script. Removals come first. */
export class Calls {
  readonly #keys = new Map<string, { readonly number: number; readonly type: Type }>()
  readonly #calls = new Map<Command, Map<string, Item[]>>([
    ['UNLINK', new Map()],
    ['HDEL', new Map()],
    ['ZREM', new Map()],
    ['HSET', new Map()],
    ['ZADD', new Map()],
  ])
  readonly #unfinished = new Set<Sheet>()

  #items(command: Command, key: string, type: Type): Item[] {
    const byKey = this.#calls.get(command)
    const known = byKey?.get(key)
    if (known !== undefined) return known
    // The first is the space's position.
    if (!this.#keys.has(key)) this.#keys.set(key, { number: this.#keys.size + 2, type })
    const items: Item[] = []
    byKey?.set(key, items)
    return items
  }

  put(key: string, field: string, value: Uint8Array): void {
    this.#items('HSET', key, 'hash').push(field, value)
  }

  removeField(key: string, field: string): void {
    this.#items('HDEL', key, 'hash').push(field)
  }

  /** The whole hash. */
  drop(key: string): void {
    this.#items('UNLINK', key, 'hash')
  }

  keep(key: string, member: string, score = 0): void {
    this.#items('ZADD', key, 'zset').push(String(score), member)
  }

  forget(key: string, member: string): void {
    this.#items('ZREM', key, 'zset').push(member)
  }

  /** Of the sheet more has expired than is removed here. */
  leaveUnfinished(sheet: Sheet): void {
    this.#unfinished.add(sheet)
  }

  isUnfinished(sheet: Sheet): boolean {
    return this.#unfinished.has(sheet)
  }

  get keys(): string[] {
    return [...this.#keys.keys()]
  }

  get types(): Type[] {
    return [...this.#keys.values()].map(({ type }) => type)
  }

  get args(): Buffer[] {
    const args: Buffer[] = []
    for (const [command, byKey] of this.#calls) {
      for (const [key, items] of byKey) {
        const head = [command, String(this.#keys.get(key)?.number)]
        if (command === 'UNLINK') args.push(packed(head))
        for (let from = 0; from < items.length; from += ITEMS_AT_ONCE) {
          args.push(packed([...head, ...items.slice(from, from + ITEMS_AT_ONCE)]))
        }
      }
    }
    return args
  }
}
