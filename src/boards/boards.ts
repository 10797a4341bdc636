import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import type { Log } from '../log/port.ts'
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
}

/** All boards of a log, each with its host. */
export class Boards {
  readonly #services: BoardsServices
  readonly #hosts = new Map<string, BoardHost>()
  readonly #creating = new Set<string>()

  private constructor(services: BoardsServices) {
    this.#services = services
  }

  /** Resolves when every board has folded what its stream held. */
  static async open(services: BoardsServices): Promise<Boards> {
    const boards = new Boards(services)
    for (const stream of await services.log.streams()) {
      if (stream.startsWith(PREFIX)) await boards.#open(stream.slice(PREFIX.length))
    }
    return boards
  }

  async #open(id: string): Promise<BoardHost> {
    const { log, kv, clock, onSnapshotError, onStopped } = this.#services
    const host = await BoardHost.open(id, {
      log,
      kv,
      clock,
      onSnapshotError: (error) => onSnapshotError(id, error),
      onStopped: (reason) => onStopped(id, reason),
    })
    this.#hosts.set(id, host)
    return host
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
    if (this.#hosts.has(id) || this.#creating.has(id)) {
      throw new SpateError('conflict', `there is a board ${JSON.stringify(id)} already`)
    }
    if (this.#hosts.size + this.#creating.size >= MAX_BOARDS) {
      throw new SpateError('invalid', `a server runs at most ${MAX_BOARDS} boards`)
    }
    this.#creating.add(id)
    try {
      const record = { type: RecordType.created, body: encodeBody({ type: RecordType.created, body }) }
      await this.#services.log.append(boardStream(id), [
        timeMs === undefined ? record : { ...record, timeMs },
      ])
      return await this.#open(id)
    } finally {
      this.#creating.delete(id)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all().map((host) => host[Symbol.asyncDispose]()))
  }
}
