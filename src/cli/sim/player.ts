import type { Random } from '../../base/random.ts'
import { type Api, ProblemError } from '../../client/api.ts'
import { BoardConnection } from '../../client/board.ts'
import { CrowdSocket } from './socket.ts'
import type { Tally } from './tally.ts'

/** Edits that one player has under way; a player who waits for more places nothing. */
const MAX_UNDER_WAY = 64

/** Somebody who places. Watches nothing, which keeps the crowd small. */
export class CrowdPlayer {
  readonly connection: BoardConnection
  readonly #tally: Tally
  underWay = 0

  private constructor(api: Api, board: string, cookie: string, random: Random, tally: Tally) {
    this.#tally = tally
    this.connection = new BoardConnection({
      api,
      board,
      chunks: [],
      random: random.next,
      openSocket: new CrowdSocket(cookie).open,
    })
  }

  /** A visitor of their own. Errors: those of the API. */
  static async join(api: Api, board: string, random: Random, tally: Tally): Promise<CrowdPlayer> {
    const response = await api.request('GET', '/api/me')
    await response.arrayBuffer()
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0]
    if (cookie === undefined) throw new Error('the server made no identity')
    return new CrowdPlayer(api, board, cookie, random, tally)
  }

  get isFree(): boolean {
    return this.connection.status === 'live' && this.underWay < MAX_UNDER_WAY
  }

  place(x: number, y: number, color: number): void {
    const startMs = performance.now()
    this.#tally.sent += 1
    this.underWay += 1
    this.connection
      .place(x, y, color)
      .then(
        ({ verdict }) => this.#tally.answered(verdict, performance.now() - startMs),
        (error: unknown) => {
          if (error instanceof ProblemError)
            this.#tally.answered(error.problem.code, performance.now() - startMs)
          else this.#tally.lost += 1
        },
      )
      .finally(() => {
        this.underWay -= 1
      })
  }
}
