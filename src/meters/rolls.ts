/**
 * Lists that only grow, in pages that are facts: an item that is new is not a fact of its own. What a record adds is kept or
 * dropped with it; of a list only the page that grows is in memory.
 */
import type { StagedFacts } from './facts.ts'

export interface Roll {
  /** The fact that a page is. */
  readonly page: (number: number) => string
  readonly itemsAPage: number
}

interface Page {
  /** Of the list. */
  readonly number: number
  readonly items: Uint8Array[]
  isChanged: boolean
}

interface Added {
  readonly roll: Roll
  readonly index: number
  readonly item: Uint8Array
}

export class Rolls {
  readonly #facts: StagedFacts
  /** By list, what has changed since the last `stage`, and the page that grows next. */
  readonly #pages = new Map<Roll, Map<number, Page>>()
  #draft: Added[] = []

  constructor(facts: StagedFacts) {
    this.#facts = facts
  }

  /** Before the first item of a list is added. @param count of its items */
  async ready(roll: Roll, count: number): Promise<void> {
    if (this.#pages.has(roll)) return
    const number = Math.floor(count / roll.itemsAPage)
    const isBegun = count % roll.itemsAPage > 0
    const stored = isBegun ? await this.#facts.get(roll.page(number)) : undefined
    const page: Page = { number, items: stored === undefined ? [] : [stored], isChanged: false }
    this.#pages.set(roll, new Map([[number, page]]))
  }

  /** @param index counted from 0, the next one of the list */
  add(roll: Roll, index: number, item: Uint8Array): void {
    this.#draft.push({ roll, index, item })
  }

  keep(): void {
    for (const { roll, index, item } of this.#draft) {
      const number = Math.floor(index / roll.itemsAPage)
      const pages = this.#pages.get(roll)
      const known = pages?.get(number)
      const page = known ?? { number, items: [], isChanged: true }
      if (known === undefined) pages?.set(number, page)
      page.items.push(item)
      page.isChanged = true
    }
    this.#draft = []
  }

  drop(): void {
    this.#draft = []
  }

  /** Puts what has changed into what goes to the store next. */
  stage(): void {
    for (const [roll, pages] of this.#pages) {
      let last: Page | undefined
      for (const page of pages.values()) {
        last = page
        if (!page.isChanged) continue
        const whole = Buffer.concat(page.items)
        page.items.splice(0, page.items.length, whole)
        page.isChanged = false
        this.#facts.set(roll.page(page.number), { value: whole })
      }
      pages.clear()
      if (last !== undefined) pages.set(last.number, last)
    }
  }

  /** Forgets what the store may not have. */
  reopen(): void {
    this.#draft = []
    this.#pages.clear()
  }
}
