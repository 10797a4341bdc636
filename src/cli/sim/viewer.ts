import type { Random } from '../../base/random.ts'
import type { Api } from '../../client/api.ts'
import { BoardConnection } from '../../client/board.ts'
import type { Reference } from './reference.ts'
import { CrowdSocket } from './socket.ts'
import type { Tally } from './tally.ts'

/** Somebody who watches, stalls at times, and loses the connection at others. */
export class CrowdViewer {
  readonly connection: BoardConnection
  readonly #socket = new CrowdSocket()
  readonly #watched: ReadonlySet<number> | null
  #stalledUntilMs: number | undefined

  constructor(api: Api, board: string, chunks: readonly number[] | undefined, random: Random, tally: Tally) {
    this.#watched = chunks === undefined ? null : new Set(chunks)
    this.connection = new BoardConnection({
      api,
      board,
      random: random.next,
      openSocket: this.#socket.open,
      ...(chunks === undefined ? {} : { chunks }),
      onEdits: (groups) => {
        tally.frames += 1
        for (const { count } of groups) tally.cells += count
      },
    })
  }

  get isStalled(): boolean {
    return this.#stalledUntilMs !== undefined
  }

  stall(untilMs: number): void {
    this.#stalledUntilMs = untilMs
    this.#socket.pause()
  }

  /** Reads again when its time has come. */
  resumeAt(nowMs: number): void {
    if (this.#stalledUntilMs === undefined || nowMs < this.#stalledUntilMs) return
    this.#stalledUntilMs = undefined
    this.#socket.resume()
  }

  drop(): void {
    // A connection that does not read would not hear that the server has closed it, either.
    this.resumeAt(Number.POSITIVE_INFINITY)
    this.connection.drop()
  }

  shows(reference: Reference): boolean {
    const { replica, isComplete } = this.connection
    return isComplete && reference.matches(this.#watched, replica.indexes, (index) => replica.chunk(index))
  }
}
