import type { Socket } from 'node:net'
import { encodeClientMessage } from '../../src/live/protocol.ts'
import type { Lifetime } from '../../test/support/tmp.ts'
import { connectLive, maskedFrame } from './socket.ts'

const JUDGED = 4
const REFUSED = 7
const VERDICTS_AT = 23
const CHUNK_CELLS = 65_536
const COLORS = 15

/**
 * One player who paints the same number of cells of one chunk at a steady rate. No cell comes again before
 * all others of the chunk, so every edit is accepted and, unless a thousand ticks become one frame, every
 * viewer is shown each.
 */
export class Brush {
  /** Edits that the board took. */
  accepted = 0
  readonly #socket: Socket
  readonly #cells: number
  #at = 0
  #request = 0
  #unanswered = 0
  #idle = Promise.withResolvers<void>()

  private constructor(socket: Socket, cells: number) {
    this.#socket = socket
    this.#cells = cells
  }

  static async connect(
    lifetime: Lifetime,
    port: number,
    board: string,
    cookie: string,
    cells: number,
  ): Promise<Brush> {
    let brush: Brush | undefined
    // Watches a chunk where nothing happens: what a painter is shown is not the question here.
    const path = `/api/boards/${board}/live?chunks=65535`
    const socket = await connectLive(port, path, cookie, (bytes, from, to) => {
      if (brush !== undefined) brush.#take(bytes, from, to)
    })
    lifetime.after(() => socket.destroy())
    brush = new Brush(socket, cells)
    return brush
  }

  #take(bytes: Buffer, from: number, to: number): void {
    const type = bytes[from]
    if (type === REFUSED) throw new Error(bytes.subarray(from + 9, to).toString())
    if (type !== JUDGED) return
    for (let at = from + VERDICTS_AT; at < to; at++) if (bytes[at] === 0) this.accepted += 1
    this.#unanswered -= 1
    if (this.#unanswered === 0) this.#idle.resolve()
  }

  /** Resolves when all that was painted has been judged. */
  async paint(seconds: number, hz: number): Promise<void> {
    const startMs = performance.now()
    for (let tick = 0; tick < seconds * hz; tick++) {
      this.#stroke()
      const dueMs = startMs + ((tick + 1) * 1000) / hz
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
    }
    if (this.#unanswered > 0) {
      this.#idle = Promise.withResolvers()
      await this.#idle.promise
    }
  }

  #stroke(): void {
    const edits = Array.from({ length: this.#cells }, () => {
      const at = this.#at++
      return { x: at & 0xff, y: (at >>> 8) & 0xff, color: 1 + (Math.floor(at / CHUNK_CELLS) % COLORS) }
    })
    this.#unanswered += 1
    this.#request += 1
    this.#socket.write(
      maskedFrame(encodeClientMessage({ type: 'edit', request: this.#request, edits })).bytes,
    )
  }
}
