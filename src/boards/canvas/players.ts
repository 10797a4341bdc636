/**
 * What a board remembers of its players for the cooldown, in pages of 1,024 consecutive player numbers, so
 * that a lookup costs two array reads and a board with few of many players stays small.
 */
const PAGE_SHIFT = 10
export const PAGE_PLAYERS = 1 << PAGE_SHIFT
const PAGE_MASK = PAGE_PLAYERS - 1

export class PlayerPage {
  /** `stack`: the time at which the debt is paid off, ms. `window`: the number of the window last spent in. */
  readonly debt = new Float64Array(PAGE_PLAYERS)
  /** `window`: what was spent in that window. */
  readonly spent = new Float64Array(PAGE_PLAYERS)
  /** The last activity window in which the player placed. */
  readonly activeIn = new Float64Array(PAGE_PLAYERS)
  /** 1 where the player has a ban on record. */
  readonly banned = new Uint8Array(PAGE_PLAYERS)
  dirty = true
}

export class PlayerTable {
  /** By page number; filled up to the highest, because an array with holes is slow to read. */
  readonly #pages: (PlayerPage | undefined)[] = []

  /** The page of a player, made when it is new. */
  page(player: number): PlayerPage {
    return this.#pages[player >>> PAGE_SHIFT] ?? this.#make(player >>> PAGE_SHIFT)
  }

  #make(index: number): PlayerPage {
    const page = new PlayerPage()
    this.set(index, page)
    return page
  }

  set(index: number, page: PlayerPage): void {
    while (this.#pages.length <= index) this.#pages.push(undefined)
    this.#pages[index] = page
  }

  /** The page of a player, if it was ever made. */
  find(player: number): PlayerPage | undefined {
    return this.#pages[player >>> PAGE_SHIFT]
  }

  /** All pages with their numbers, ascending. */
  *entries(): Iterable<[index: number, page: PlayerPage]> {
    for (const [index, page] of this.#pages.entries()) if (page !== undefined) yield [index, page]
  }
}

export function slotOf(player: number): number {
  return player & PAGE_MASK
}
