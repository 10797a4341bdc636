import assert from 'node:assert/strict'
import type { Random } from '../../src/base/random.ts'
import type { Canvas } from '../../src/boards/canvas/canvas.ts'
import { colorsDigest, isBlank } from '../../src/boards/canvas/colors-digest.ts'
import { chunkIndex, chunkOrigin } from '../../src/boards/canvas/geometry.ts'
import { sha256 } from '../../src/boards/digest.ts'
import { Api } from '../../src/client/api.ts'
import { BoardConnection } from '../../src/client/board.ts'
import type { Replica } from '../../src/client/replica.ts'
import { MAX_BUFFERED_BYTES } from '../../src/live/viewer.ts'
import type { ManualClock } from '../support/clock.ts'
import { randomLink, SimConnection } from './connection.ts'
import { presentChunks, responseOf, type SimServer } from './server.ts'

/** What one page would do: the real client, on simulated connections to whatever server answers. */
export class SimViewer {
  readonly player: number
  readonly connection: BoardConnection
  readonly #random: Random
  #link: SimConnection | undefined
  #replica: Replica | undefined
  #lastPosition = 0
  /** Times a server had not come as far as this viewer. */
  reloads = 0
  hiddenFrames = 0
  mostHeldBytes = 0

  constructor(
    board: string,
    servers: readonly [SimServer, ...SimServer[]],
    clock: ManualClock,
    random: Random,
    player: number,
    chunks: readonly number[] | undefined,
  ) {
    this.player = player
    this.#random = random
    this.connection = new BoardConnection({
      api: new Api({
        baseUrl: 'http://simulation',
        fetch: async (input) => {
          const { pathname, search } = new URL(String(input))
          return responseOf(await random.pick(servers).fetch(pathname + search))
        },
      }),
      board,
      clock,
      random: random.next,
      ...(chunks === undefined ? {} : { chunks }),
      openSocket: (url) => {
        const link = new SimConnection(clock, randomLink(random))
        const server = random.pick(servers)
        link.open(() => server.accept(link, new URL(url), player))
        this.#link = link
        return link.socket
      },
      onStatus: () => this.#check(),
      onEdits: () => this.#check(),
      onChunk: () => this.#check(),
      onHidden: () => {
        this.hiddenFrames += 1
      },
    })
  }

  /** A viewer never goes back, unless it begins again. */
  #check(): void {
    const { replica, position } = this.connection
    if (replica !== this.#replica) {
      if (this.#lastPosition > position) this.reloads += 1
      this.#replica = replica
    } else {
      assert.ok(
        position >= this.#lastPosition,
        `a viewer went from ${this.#lastPosition} back to ${position}`,
      )
    }
    this.#lastPosition = position
    this.mostHeldBytes = Math.max(this.mostHeldBytes, this.#link?.mostHeldBytes ?? 0)
  }

  stall(): void {
    const free = this.#random.below(this.#random.chance(0.5) ? 1500 : MAX_BUFFERED_BYTES)
    this.#link?.stall(MAX_BUFFERED_BYTES - free)
  }

  resume(): void {
    this.#link?.resume()
  }

  /** The network goes, for both ends. */
  kill(): void {
    this.#link?.kill()
  }

  get isQuiet(): boolean {
    return this.connection.isComplete && (this.#link?.isQuiet ?? false)
  }

  /** What the viewer shows, against what the board shows to this player. */
  compare(canvas: Canvas, watched: ReadonlySet<number> | undefined): void {
    const { replica } = this.connection
    const { background } = canvas.info
    const isWatched = (index: number): boolean => watched === undefined || watched.has(index)
    const digestOf = (
      indexes: readonly number[],
      colors: (index: number) => Uint8Array | undefined,
    ): string =>
      Buffer.from(
        colorsDigest(
          indexes.filter(isWatched),
          (index) => {
            const chunk = colors(index)
            return chunk === undefined || isBlank(chunk, background) ? undefined : sha256([chunk])
          },
          sha256,
        ),
      ).toString('hex')
    assert.deepEqual(
      replica.indexes.filter((index) => !isWatched(index)),
      [],
      'nothing is kept of what is not watched',
    )
    assert.equal(
      digestOf(replica.indexes, (index) => replica.chunk(index)),
      digestOf(presentChunks(canvas), (index) => canvas.chunks[index]?.colors),
      `player ${this.player} sees the board`,
    )
    this.#compareHidden(canvas, isWatched)
  }

  #compareHidden(canvas: Canvas, isWatched: (chunk: number) => boolean): void {
    const { replica, hidden } = this.connection
    const cells = canvas.shadows.cellsOf(this.player).filter(({ x, y }) => isWatched(chunkIndex(x, y)))
    for (const chunk of hidden.chunks) {
      const origin = chunkOrigin(chunk)
      for (const [cell, color] of hidden.cellsOf(chunk)) {
        cells.push({ x: origin.x | (cell & 0xff), y: origin.y | (cell >>> 8), color })
      }
    }
    for (const { x, y } of cells) {
      assert.equal(
        hidden.colorAt(x, y) ?? replica.colorAt(x, y),
        canvas.shadows.colorAt(this.player, x, y) ?? canvas.cellAt(x, y).color,
        `player ${this.player} sees (${x}, ${y}) as they alone do`,
      )
    }
  }

  /** Asks for a few cells at random, as a player does; answers are not waited for. */
  place(cells: readonly { x: number; y: number; color: number }[]): void {
    this.connection.placeAll(cells).catch(ignore)
  }

  undo(): void {
    this.connection.undo().catch(ignore)
  }

  watch(chunks: readonly number[]): void {
    this.connection.watch(chunks)
  }

  get random(): Random {
    return this.#random
  }
}

/** The connection was lost, or the server refuses: the board tells what became of it. */
function ignore(): void {}
