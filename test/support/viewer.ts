import { colorsDigest, isBlank } from '../../src/boards/canvas/colors-digest.ts'
import { sha256 } from '../../src/boards/digest.ts'
import { Api } from '../../src/client/api.ts'
import { BoardConnection } from '../../src/client/board.ts'
import type { OpenSocket } from '../../src/client/live-socket.ts'
import type { Lifetime } from './tmp.ts'

/** Reconnects soon: what is waited for is the server, not the backoff. */
const random = (): number => 0.1

/** A client that watches a board, comes back by itself, and can say when it has got somewhere. */
export class Viewer {
  readonly connection: BoardConnection
  #waiting: (() => void)[] = []

  private constructor(url: string, board: string, openSocket: OpenSocket | undefined) {
    const moved = (): void => {
      for (const wake of this.#waiting.splice(0)) wake()
    }
    this.connection = new BoardConnection({
      api: new Api({ baseUrl: url }),
      board,
      random,
      ...(openSocket === undefined ? {} : { openSocket }),
      onStatus: moved,
      onEdits: moved,
      onChunk: moved,
    })
  }

  /** Live when it resolves. */
  static async watch(t: Lifetime, url: string, board: string, openSocket?: OpenSocket): Promise<Viewer> {
    const viewer = new Viewer(url, board, openSocket)
    t.after(() => viewer.connection.close())
    await viewer.connection.ready
    return viewer
  }

  /** Resolves when the viewer shows all up to a position, nothing left to fetch. */
  async reached(position: number): Promise<void> {
    while (this.connection.position < position || !this.connection.isComplete) await this.#moved()
  }

  /** Resolves when the connection is (again) live. */
  async live(): Promise<void> {
    while (this.connection.status !== 'live') await this.#moved()
  }

  #moved(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    return promise
  }

  /** The hash of what is shown: the server's `colors` digest when it shows the same. */
  get colors(): string {
    const { replica } = this.connection
    const hashed = (index: number): Uint8Array | undefined => {
      const colors = replica.chunk(index)
      return colors === undefined || isBlank(colors, replica.background) ? undefined : sha256([colors])
    }
    return Buffer.from(colorsDigest(replica.indexes, hashed, sha256)).toString('hex')
  }
}
