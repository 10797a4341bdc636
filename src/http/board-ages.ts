import type { BoardHost } from '../boards/host.ts'
import { START } from '../log/port.ts'

/**
 * When each board began, as its log tells: in an entity tag it tells a board from another that had its name
 * before, on a data folder that is gone, and that reached the same positions.
 */
export class BoardAges {
  readonly #ages = new WeakMap<BoardHost, string>()

  /** Errors: those of the log. */
  async of(host: BoardHost): Promise<string> {
    const known = this.#ages.get(host)
    if (known !== undefined) return known
    for await (const { timeMs } of host.history.records(START, host.canvas.position)) {
      const age = timeMs.toString(36)
      this.#ages.set(host, age)
      return age
    }
    return '0'
  }
}
