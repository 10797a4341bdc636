import { SpateError } from '../base/errors.ts'
import type { Boards } from '../boards/boards.ts'
import { type BoardHost, boardStream } from '../boards/host.ts'
import type { Log } from '../log/port.ts'
import type { MeterStore } from '../meters/port.ts'
import type { MeterSource } from '../meters/source.ts'
import { BoardMeters } from './board-meters.ts'

const AGAIN_AFTER_MS = 1000

export interface BoardsMetersServices {
  /** Opened with `keepsStrokes`. */
  readonly boards: Boards
  readonly log: Log
  /** A store of its own for each space; it is not closed here. Errors that are `retryable` are met by asking again. */
  readonly openStore: (space: string) => Promise<MeterStore>
  readonly clock: { after(delayMs: number, task: () => void): () => void }
  /** Told why the meters of a board are not there yet, each time, and why they stopped. */
  readonly onError: (board: string, error: unknown) => void
  /** What lies at least between two commits of a board. */
  readonly pauseMs: number
}

/** The meters of all boards, those that appear later included. To be closed before the boards. */
export class BoardsMeters implements AsyncDisposable {
  readonly #services: BoardsMetersServices
  readonly #meters = new Map<string, BoardMeters>()
  readonly #opening = new Set<Promise<void>>()
  readonly #timers = new Set<() => void>()
  #stopListening: () => void = () => {}
  #isClosed = false

  private constructor(services: BoardsMetersServices) {
    this.#services = services
  }

  /** Resolves when the store of every board that is there has been asked for once. */
  static async open(services: BoardsMetersServices): Promise<BoardsMeters> {
    const meters = new BoardsMeters(services)
    meters.#stopListening = services.boards.each((host) => meters.#attach(host))
    await Promise.all(meters.#opening)
    return meters
  }

  #attach(host: BoardHost): void {
    const opening = this.#open(host).finally(() => this.#opening.delete(opening))
    this.#opening.add(opening)
  }

  async #open(host: BoardHost): Promise<void> {
    const { log, openStore, clock, onError, pauseMs } = this.#services
    try {
      const store = await openStore(spaceOf(host.id))
      // In this order: what the store reflects was in the log before.
      const head = await log.head(boardStream(host.id))
      const meters = await BoardMeters.open(host, store, head, pauseMs, (reason) => onError(host.id, reason))
      if (this.#isClosed) await meters[Symbol.asyncDispose]()
      else this.#meters.set(host.id, meters)
    } catch (error) {
      onError(host.id, error)
      if (this.#isClosed || !(error instanceof SpateError) || !error.retryable) return
      const cancel = clock.after(AGAIN_AFTER_MS, () => {
        this.#timers.delete(cancel)
        this.#attach(host)
      })
      this.#timers.add(cancel)
    }
  }

  /** Errors: `not-found` for no board, `unavailable` while its meters cannot be opened. */
  of(board: string): MeterSource & Pick<BoardMeters, 'behindMs' | 'stalled' | 'stopped'> {
    const meters = this.#meters.get(board)
    if (meters !== undefined) return meters
    this.#services.boards.get(board)
    throw new SpateError('unavailable', `the meters of board ${board} are not there`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#stopListening()
    for (const cancel of this.#timers) cancel()
    await Promise.all(this.#opening)
    await Promise.all([...this.#meters.values()].map((meters) => meters[Symbol.asyncDispose]()))
  }
}

/** Where the meters of a board lie. */
export function spaceOf(board: string): string {
  return `board/${board}`
}
