import { SpateError } from '../base/errors.ts'
import { eachCell } from '../boards/history.ts'
import type { BoardHost } from '../boards/host.ts'
import { type Position, positionOf } from '../log/port.ts'
import type { ChunkEdits } from './protocol.ts'
import { LastWrites, type RecentChanges } from './recent.ts'
import { MAX_FRAME_CELLS } from './shared-frames.ts'

/** Changes looked at for one frame: several may be of one cell. */
const MAX_RECENT_CHANGES = 4 * MAX_FRAME_CELLS
/** Changes read back from the log for one viewer before a resync is the better answer. */
const MAX_LOG_CHANGES = 65_536

/** What happened on a board since a position, as the last write of each cell. */
export class Missed {
  readonly #host: BoardHost
  readonly #recent: RecentChanges
  #last: { readonly after: number; readonly upTo: number; readonly edits: readonly ChunkEdits[] } | undefined

  constructor(host: BoardHost, recent: RecentChanges) {
    this.#host = host
    this.#recent = recent
  }

  /** From memory; undefined when it does not go back so far, or is too much for a frame. */
  fromMemory(after: number): readonly ChunkEdits[] | undefined {
    if (!this.#recent.covers(after) || this.#recent.countAfter(after) > MAX_RECENT_CHANGES) return undefined
    const upTo = this.#host.canvas.position
    // Most who are behind are so from the same position.
    if (this.#last?.after !== after || this.#last.upTo !== upTo) {
      this.#last = { after, upTo, edits: this.#recent.after(after) }
    }
    return this.#last.edits
  }

  /** Undefined when it is too much, or cannot be read now: a resync is the answer then. */
  async fromLog(after: number, upTo: Position): Promise<readonly ChunkEdits[] | undefined> {
    const writes = new LastWrites()
    let changes = 0
    try {
      for await (const judged of this.#host.history.records(positionOf(after), upTo)) {
        eachCell(judged, (x, y, { color }) => {
          changes += 1
          writes.add(x, y, color)
        })
        if (changes > MAX_LOG_CHANGES) return undefined
      }
    } catch (error) {
      if (error instanceof SpateError) return undefined
      throw error
    }
    return writes.groups()
  }
}
