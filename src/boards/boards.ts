import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { type Log, START } from '../log/port.ts'
import type { Kv } from '../store/kv.ts'
import { encodeBody } from './canvas/codec.ts'
import type { Created } from './canvas/records.ts'
import { RecordType } from './canvas/records.ts'
import { BoardHost, boardStream } from './host.ts'

/** Boards that one server runs. */
export const MAX_BOARDS = 1000
const PREFIX = 'board/'

const BOARD_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** 1 to 64 of a–z, 0–9, dot, underscore and hyphen, beginning with a letter or digit. */
export function isBoardId(id: string): boolean {
  return BOARD_ID.test(id)
}

export interface BoardsServices {
  readonly log: Log
  readonly kv: Kv
  readonly clock: Clock
  readonly onSnapshotError: (board: string, error: unknown) => void
  readonly onStopped: (board: string, reason: SpateError) => void
  /** Whether what happens to cells is kept for meters until they have taken it. Default: no. */
  readonly keepsStrokes?: boolean
}

/** All boards of a log, each with its host. */
export class Boards {
  readonly #services: BoardsServices
  readonly #hosts = new Map<string, BoardHost>()
  readonly #opening = new Map<string, Promise<BoardHost>>()
  readonly #creating = new Set<string>()
  readonly #listeners = new Set<(host: BoardHost) => void>()
  readonly #stop = new AbortController()
  #watching: Promise<void> = Promise.resolve()

  private constructor(services: BoardsServices) {
    this.#services = services
  }

  /** Resolves when every board has folded what its stream held. */
  static async open(services: BoardsServices): Promise<Boards> {
    const boards = new Boards(services)
    for (const stream of await services.log.streams()) {
      if (stream.startsWith(PREFIX)) await boards.#open(stream.slice(PREFIX.length))
    }
    boards.#watching = boards.#watch()
    return boards
  }

  /** Boards that another server makes are run here, too. */
  async #watch(): Promise<void> {
    for await (const stream of this.#services.log.appearing(this.#stop.signal)) {
      if (!stream.startsWith(PREFIX) || this.#hosts.size >= MAX_BOARDS) continue
      const id = stream.slice(PREFIX.length)
      // One that cannot be opened is opened by who asks for it, and told why.
      await this.#open(id).catch(() => {})
    }
  }

  #open(id: string): Promise<BoardHost> {
    const known = this.#hosts.get(id)
    if (known !== undefined) return Promise.resolve(known)
    let opening = this.#opening.get(id)
    if (opening === undefined) {
      opening = this.#openHost(id).finally(() => this.#opening.delete(id))
      this.#opening.set(id, opening)
    }
    return opening
  }

  async #openHost(id: string): Promise<BoardHost> {
    const { log, kv, clock, onSnapshotError, onStopped, keepsStrokes = false } = this.#services
    const host = await BoardHost.open(id, {
      log,
      kv,
      clock,
      onSnapshotError: (error) => onSnapshotError(id, error),
      onStopped: (reason) => onStopped(id, reason),
      keepsStrokes,
    })
    this.#hosts.set(id, host)
    for (const listener of this.#listeners) listener(host)
    return host
  }

  /** Hears of every board that there is and of each that appears, until the returned function is called. */
  each(listener: (host: BoardHost) => void): () => void {
    for (const host of this.all()) listener(host)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Errors: `not-found`. */
  get(id: string): BoardHost {
    const host = this.#hosts.get(id)
    if (host === undefined) throw new SpateError('not-found', `there is no board ${JSON.stringify(id)}`)
    return host
  }

  has(id: string): boolean {
    return this.#hosts.has(id)
  }

  all(): BoardHost[] {
    return [...this.#hosts.values()]
  }

  /**
   * @param timeMs when the board began, for one that began elsewhere
   * Errors: `conflict` when there is one of this name, `invalid`, those of the log.
   */
  async create(body: Created, timeMs?: number): Promise<BoardHost> {
    const { id } = body
    if (!isBoardId(id)) throw new SpateError('invalid', 'a board is named by 1 to 64 of a–z 0–9 . _ -')
    const taken = new SpateError('conflict', `there is a board ${JSON.stringify(id)} already`)
    if (this.#hosts.has(id) || this.#creating.has(id)) throw taken
    if (this.#hosts.size + this.#creating.size >= MAX_BOARDS) {
      throw new SpateError('invalid', `a server runs at most ${MAX_BOARDS} boards`)
    }
    this.#creating.add(id)
    try {
      const record = { type: RecordType.created, body: encodeBody({ type: RecordType.created, body }) }
      const [position] = await this.#services.log.append(boardStream(id), [
        timeMs === undefined ? record : { ...record, timeMs },
      ])
      const [first] = await this.#services.log.read(boardStream(id), START, { records: 1, bytes: 1 })
      const host = await this.#open(id)
      // Another server was faster.
      if (first?.position !== position) throw taken
      return host
    } finally {
      this.#creating.delete(id)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#watching
    await Promise.all(this.all().map((host) => host[Symbol.asyncDispose]()))
  }
}
