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
  readonly pages = new Map<number, PlayerPage>()
  #lastIndex = -1
  #lastPage: PlayerPage | undefined

  /** The page of a player, made when it is new. */
  page(player: number): PlayerPage {
    const index = player >>> PAGE_SHIFT
    if (index === this.#lastIndex && this.#lastPage !== undefined) return this.#lastPage
    let page = this.pages.get(index)
    if (page === undefined) {
      page = new PlayerPage()
      this.pages.set(index, page)
    }
    this.#lastIndex = index
    this.#lastPage = page
    return page
  }

  /** The page of a player, if it was ever made. */
  find(player: number): PlayerPage | undefined {
    return this.pages.get(player >>> PAGE_SHIFT)
  }
}

export function slotOf(player: number): number {
  return player & PAGE_MASK
}
