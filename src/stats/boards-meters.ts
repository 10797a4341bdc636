import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import type { Boards } from '../boards/boards.ts'
import { type BoardHost, boardStream } from '../boards/host.ts'
import type { Log } from '../log/port.ts'
import { checkOrigin, originOf } from '../meters/origin.ts'
import type { MeterSource } from '../meters/source.ts'
import { type BoardMeterState, BoardMeters } from './board-meters.ts'
import { type MeterPlace, type MeterStores, openStores } from './place.ts'
import { MeterProcess } from './process.ts'

const AGAIN_AFTER_MS = 1000
/** What lies at least between two commits of a board, so that a commit is about many strokes. */
const PAUSE_MS = 250

export interface BoardsMetersServices {
  /** Opened with `keepsStrokes`. */
  readonly boards: Boards
  readonly log: Log
  readonly place: MeterPlace
  readonly clock: Clock
  /** Told why the meters of a board cannot be opened, each time, and why they stopped. */
  readonly onError: (board: string, error: unknown) => void
  /** Told why the process that measures ended; another one goes on. */
  readonly onDeath: (error: SpateError) => void
}

/** The meters of all boards, those that appear later included. To be closed before the boards. */
export class BoardsMeters implements AsyncDisposable {
  readonly #services: BoardsMetersServices
  readonly #stores: MeterStores
  readonly #process: MeterProcess
  readonly #meters = new Map<string, BoardMeters>()
  readonly #opening = new Set<Promise<void>>()
  readonly #timers = new Set<() => void>()
  #stopListening: () => void = () => {}
  #isClosed = false

  private constructor(services: BoardsMetersServices, stores: MeterStores) {
    this.#services = services
    this.#stores = stores
    this.#process = new MeterProcess(services.place, services.clock, services.onDeath)
  }

  /** Resolves when the store of every board that is there has been asked for once. Errors: `storage-failed`, `invalid`. */
  static async open(services: BoardsMetersServices): Promise<BoardsMeters> {
    const meters = new BoardsMeters(services, await openStores(services.place))
    meters.#stopListening = services.boards.each((host) => meters.#attach(host))
    await Promise.all(meters.#opening)
    return meters
  }

  #attach(host: BoardHost): void {
    if (this.#isClosed) return
    const opening = this.#open(host).finally(() => this.#opening.delete(opening))
    this.#opening.add(opening)
  }

  async #open(host: BoardHost): Promise<void> {
    const { log, clock, onError } = this.#services
    const { id } = host
    const space = spaceOf(id)
    try {
      const store = await this.#stores.open(space)
      // In this order: what the store reflects was in the log before.
      const head = await log.head(boardStream(id))
      const origin = await originOf(log, boardStream(id))
      checkOrigin(store.origin, origin)
      const meters = await BoardMeters.open(
        host,
        store,
        (onStall) => this.#process.measuring(space, origin, onStall),
        head,
        PAUSE_MS,
        (reason) => onError(id, reason),
      )
      this.#meters.set(id, meters)
    } catch (error) {
      onError(id, error)
      if (this.#isClosed || !(error instanceof SpateError) || !error.retryable) return
      const cancel = clock.after(AGAIN_AFTER_MS, () => {
        this.#timers.delete(cancel)
        this.#attach(host)
      })
      this.#timers.add(cancel)
    }
  }

  /** Errors: `not-found` for no board, `unavailable` while its meters cannot be opened. */
  of(board: string): MeterSource & BoardMeterState {
    const meters = this.#meters.get(board)
    if (meters !== undefined) return meters
    this.#services.boards.get(board)
    throw new SpateError('unavailable', `the meters of board ${board} are not there`)
  }

  /** How those that are there are doing. */
  states(): (BoardMeterState & { readonly board: string })[] {
    return [...this.#meters].map(([board, { behindMs, stalled, stopped }]) => {
      return { board, behindMs, stalled, stopped }
    })
  }

  /** How often the process that measures them has died. */
  get processDeaths(): number {
    return this.#process.deaths
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#stopListening()
    for (const cancel of this.#timers) cancel()
    await Promise.all(this.#opening)
    const ended = [...this.#meters.values()].map((meters) => meters[Symbol.asyncDispose]())
    await this.#process[Symbol.asyncDispose]()
    await Promise.all(ended)
    await this.#stores[Symbol.asyncDispose]()
  }
}

/** Where the meters of a board lie. */
export function spaceOf(board: string): string {
  return `board/${board}`
}
