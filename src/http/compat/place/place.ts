import { SpateError } from '../../../base/errors.ts'
import { Gate } from '../../../base/gate.ts'
import type { BoardHost } from '../../../boards/host.ts'
import type { HttpServices } from '../../services.ts'
import { PlaceBoard } from './board.ts'
import { bearerOf } from './dialects.ts'
import { FrameStore } from './frame-store.ts'
import type { Operations } from './operations.ts'

/** What the page gives lasts so long. */
export const PASS_MS = 3_600_000

/** Canvases whose frames are being made: few, so that other images have their turn with the encoder. */
const AT_ONCE = 4
/** More canvases than can be followed. */
const MAY_WAIT = 4096

/**
 * Every board over the protocol of r/place. GraphQL is loaded by the first who asks, and a board is looked at while
 * somebody follows it.
 */
export class Place implements Disposable {
  readonly frames: FrameStore
  readonly #turns = new Gate(AT_ONCE, MAY_WAIT, 'too many frames are being made')
  readonly #services: HttpServices
  readonly #boards = new Map<BoardHost, PlaceBoard>()
  #operations: Promise<Operations> | undefined

  constructor(services: HttpServices) {
    this.#services = services
    this.frames = new FrameStore(services.clock)
  }

  /** Errors: `not-found`. */
  board(id: string): PlaceBoard {
    const host = this.#services.boards.get(id)
    let board = this.#boards.get(host)
    if (board === undefined) {
      const { clock, renderer } = this.#services
      board = new PlaceBoard(host, {
        clock,
        renderer,
        frames: this.frames,
        turns: this.#turns,
      })
      this.#boards.set(host, board)
    }
    return board
  }

  /** Of each board that was ever followed, how many follow it now. */
  followers(): { board: string; followers: number }[] {
    return [...this.#boards.values()].map(({ host, followers }) => ({ board: host.id, followers }))
  }

  operations(): Promise<Operations> {
    this.#operations ??= import('./operations.ts').then(({ Operations }) => new Operations(this.#services))
    return this.#operations
  }

  /** A token of the page, and when it ends. */
  newPass(): { token: string; endMs: number } {
    const endMs = this.#services.clock.now() + PASS_MS
    return { token: this.#services.identities.newPass(endMs), endMs }
  }

  /** Errors: `unauthorized` for a request without a token, or with one that has ended. */
  requirePass(authorization: string | undefined): void {
    const pass = bearerOf(authorization)
    const endMs = pass === undefined ? undefined : this.#services.identities.endOfPass(pass)
    if (endMs === undefined || endMs <= this.#services.clock.now())
      throw new SpateError('unauthorized', 'the page gives tokens, which end after an hour')
  }

  [Symbol.dispose](): void {
    for (const board of this.#boards.values()) board[Symbol.dispose]()
    this.frames[Symbol.dispose]()
  }
}
