import type { Clock } from '../../base/clock.ts'
import { crashPoint } from '../../base/crash.ts'
import type { Recorder } from '../recorder.ts'
import { CaptureRecordType, type OverdueCell } from '../records.ts'
import { pause, type Room } from '../room.ts'
import type { CaptureBoard } from './board.ts'
import type { Chain } from './chain.ts'
import type { CaptureFold } from './fold.ts'
import type { CanvasPlace } from './messages.ts'
import { type Found, LAST_CELL, Owed, type OwedUpTo } from './owed.ts'

const CELLS_AT_ONCE = 8192
const AFTER_NOTHING_MS = 1000
/** Frames; before these are on the board there is no time for what was before. */
const MANY_WAITING = 4096

export interface CatchingUpServices {
  readonly board: CaptureBoard
  readonly recorder: Pick<Recorder, 'later'>
  readonly room: Room
  readonly clock: Clock
  readonly onError: (error: unknown) => void
  readonly asker: {
    /** Whether so little waits that there is time for more. */
    readonly isIdle: boolean
    /** After their record is durable. */
    askOverdue(place: CanvasPlace, cells: readonly OverdueCell[]): void
  }
}

/**
 * Asks, whenever little waits, who made the changes that nobody was asked for when they came, as there were too many:
 * those that the board still shows, the oldest first. What is asked for is recorded before.
 */
export class CatchingUp {
  readonly #fold: CaptureFold
  readonly #services: CatchingUpServices
  readonly #stop = new AbortController()
  /** By canvas, what was recorded last; the fold may be behind it. */
  readonly #recorded = new Map<number, OwedUpTo>()
  #turn = -1
  #running: Promise<void> | undefined

  constructor(fold: CaptureFold, services: CatchingUpServices) {
    this.#fold = fold
    this.#services = services
  }

  /** The fold has changed. */
  wake(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted || !this.#services.asker.isIdle) return
    const chain = this.#next()
    if (chain === undefined) return
    this.#running = this.#takeUp(chain).then(
      (isAny) => {
        this.#running = undefined
        if (isAny) this.wake()
      },
      (error: unknown) => {
        if (!this.#stop.signal.aborted) this.#services.onError(error)
        // Until the next start.
        this.#stop.abort()
      },
    )
  }

  /** In turn, one that owes something. */
  #next(): Chain | undefined {
    const chains = [...this.#fold.chains.values()]
    for (let i = 1; i <= chains.length; i++) {
      const at = (this.#turn + i) % chains.length
      const chain = chains[at]
      if (chain === undefined || !(chain.owed.startMs < firstWaitingMs(chain)) || !this.#isFolded(chain))
        continue
      this.#turn = at
      return chain
    }
    return undefined
  }

  #isFolded({ index, owed }: Chain): boolean {
    const recorded = this.#recorded.get(index)
    return recorded === undefined || (owed.upTo.ms === recorded.ms && owed.upTo.cell === recorded.cell)
  }

  /** Resolves with whether anything was recorded. */
  async #takeUp(chain: Chain): Promise<boolean> {
    const { board, recorder, room, clock, asker } = this.#services
    const { signal } = this.#stop
    const { index, place } = chain
    await room.enough(signal)
    const { config } = this.#fold
    if (config === undefined || signal.aborted) return false
    const area = { left: place.dx, top: place.dy, width: config.canvasWidth, height: config.canvasHeight }
    const owed = Owed.fromJSON(chain.owed.toJSON())
    const found = await board.showing(area, owed, CELLS_AT_ONCE)
    const { cells, upTo } = before(firstWaitingMs(chain), found)
    if (chain.place !== place || !isAfter(upTo, chain.owed.upTo)) return false
    crashPoint('capture.before-overdue')
    const body = { canvas: index, toMs: upTo.ms, toCell: upTo.cell, cells }
    await recorder.later({ type: CaptureRecordType.overdue, body })
    this.#recorded.set(index, upTo)
    crashPoint('capture.after-overdue')
    if (!signal.aborted) asker.askOverdue(place, cells)
    // The whole canvas is looked through each time.
    if (cells.length === 0) await pause(clock, AFTER_NOTHING_MS, signal)
    return true
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}

/** Frames that are told of may be on the board, and whether they are asked for is not known yet. */
function firstWaitingMs({ waiting }: Chain): number {
  if (waiting.size > MANY_WAITING) return 0
  let firstMs = Number.POSITIVE_INFINITY
  for (const { timestampMs } of waiting.values()) firstMs = Math.min(firstMs, timestampMs)
  return firstMs
}

/** What of it is of an earlier moment. */
function before(ms: number, found: Found): Found {
  if (found.upTo.ms < ms) return found
  return { cells: found.cells.filter(({ changeMs }) => changeMs < ms), upTo: { ms: ms - 1, cell: LAST_CELL } }
}

function isAfter(a: OwedUpTo, b: OwedUpTo): boolean {
  return a.ms === b.ms ? a.cell > b.cell : a.ms > b.ms
}
