import type { Clock } from '../../base/clock.ts'
import { crashPoint } from '../../base/crash.ts'
import type { Recorder } from '../recorder.ts'
import { CaptureRecordType, type OverdueCell } from '../records.ts'
import { pause, type Room } from '../room.ts'
import type { CaptureBoard } from './board.ts'
import type { Chain } from './chain.ts'
import type { CaptureFold } from './fold.ts'
import type { CanvasPlace } from './messages.ts'
import { Owed, type OwedUpTo } from './owed.ts'

const CELLS_AT_ONCE = 8192
const AFTER_NOTHING_MS = 1000

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
      () => this.#done(),
      (error: unknown) => this.#done(error),
    )
  }

  /** What failed is tried again with the next change of the fold. */
  #done(error?: unknown): void {
    this.#running = undefined
    if (error === undefined) this.wake()
    else if (!this.#stop.signal.aborted) this.#services.onError(error)
  }

  /** In turn, one that owes something. */
  #next(): Chain | undefined {
    const chains = [...this.#fold.chains.values()]
    for (let i = 1; i <= chains.length; i++) {
      const at = (this.#turn + i) % chains.length
      const chain = chains[at]
      if (chain === undefined || chain.owed.isEmpty || !this.#isFolded(chain)) continue
      this.#turn = at
      return chain
    }
    return undefined
  }

  #isFolded({ index, owed }: Chain): boolean {
    const recorded = this.#recorded.get(index)
    return recorded === undefined || (owed.upTo.ms === recorded.ms && owed.upTo.cell === recorded.cell)
  }

  async #takeUp({ index, place, owed: now }: Chain): Promise<void> {
    const { board, recorder, room, clock, asker } = this.#services
    const { config } = this.#fold
    await room.enough(this.#stop.signal)
    if (config === undefined || this.#stop.signal.aborted) return
    const area = { left: place.dx, top: place.dy, width: config.canvasWidth, height: config.canvasHeight }
    const owed = Owed.fromJSON(now.toJSON())
    const { cells, upTo } = await board.showing(area, owed, CELLS_AT_ONCE)
    crashPoint('capture.before-overdue')
    const body = { canvas: index, toMs: upTo.ms, toCell: upTo.cell, cells }
    await recorder.later({ type: CaptureRecordType.overdue, body })
    this.#recorded.set(index, upTo)
    crashPoint('capture.after-overdue')
    if (!this.#stop.signal.aborted) asker.askOverdue(place, cells)
    // The whole canvas is looked through each time.
    if (cells.length === 0) await pause(clock, AFTER_NOTHING_MS, this.#stop.signal)
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}
