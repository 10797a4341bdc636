import type { BoardInfo } from '../../boards/canvas/canvas.ts'
import { encodeBody } from '../../boards/canvas/codec.ts'
import { contains, wrap } from '../../boards/canvas/geometry.ts'
import { RecordType } from '../../boards/canvas/records.ts'
import type { CellBatch } from '../../capture/datasets/rows.ts'
import type { Api } from '../../client/api.ts'
import type { AuthorNumbers } from './author-numbers.ts'
import { CellAccount } from './cell-account.ts'
import { isPast } from './survey.ts'

/** What one record of painted cells can span. */
const MAX_SPAN_MS = 2 ** 32 - 1

/**
 * Sends a dataset's cells to a board, in the order given: one request at a time, the next one made ready
 * meanwhile. What the board cannot take is not sent but accounted for.
 */
export class Painter {
  readonly account = new CellAccount()
  readonly #api: Api
  readonly #board: BoardInfo
  readonly #authors: AuthorNumbers
  readonly #nowMs: number
  readonly #colors: ReadonlyMap<number, number>
  #sending: Promise<void> = Promise.resolve()

  constructor(api: Api, board: BoardInfo, authors: AuthorNumbers, nowMs: number) {
    this.#api = api
    this.#board = board
    this.#authors = authors
    this.#nowMs = nowMs
    // Where two entries are the same colour, the first.
    this.#colors = new Map(board.palette.map((rgb, index) => [rgb, index] as const).reverse())
  }

  /** Resolves once the batch before is painted. Errors: those of the server. */
  async paint(cells: CellBatch): Promise<void> {
    await this.#authors.ask(cells.author, cells.n)
    const bodies = this.#bodiesOf(cells)
    await this.#sending
    this.#sending = this.#send(bodies)
    // Whoever awaits it next hears of a failure; until then it is not unhandled.
    this.#sending.catch(() => {})
  }

  /** Resolves once all is painted. */
  async finish(): Promise<void> {
    await this.#sending
  }

  async #send(bodies: readonly Uint8Array[]): Promise<void> {
    for (const body of bodies) {
      const path = `/api/boards/${this.#board.id}/painted`
      const { verdicts } = await this.#api.json<{ verdicts: Record<string, number> }>('POST', path, body)
      this.account.judged(verdicts)
    }
  }

  /** One body, or more where times lie too far apart. */
  #bodiesOf(cells: CellBatch): Uint8Array[] {
    const { n } = cells
    const kept = {
      player: new Uint32Array(n),
      x: new Uint16Array(n),
      y: new Uint16Array(n),
      color: new Uint8Array(n),
      timeMs: new Float64Array(n),
    }
    this.account.cells += n
    let count = 0
    for (let i = 0; i < n; i += 1) {
      const x = cells.x[i]!
      const y = cells.y[i]!
      const timeMs = cells.timeMs[i]!
      const color = this.#colors.get(cells.rgb[i]!)
      if (!isPast(timeMs, this.#nowMs)) this.account.omit('notInPast', cells, i)
      else if (!contains(this.#board.extent, x, y)) this.account.omit('outOfRange', cells, i)
      else if (color === undefined) this.account.omit('noSuchColor', cells, i)
      else {
        kept.player[count] = this.#authors.of(cells.author[i]!)
        kept.x[count] = wrap(x)
        kept.y[count] = wrap(y)
        kept.color[count] = color
        kept.timeMs[count] = timeMs
        count += 1
      }
    }
    const bodies: Uint8Array[] = []
    for (let from = 0; from < count; ) {
      // In order of time, so that the first is the earliest.
      const limitMs = kept.timeMs[from]! + MAX_SPAN_MS
      let to = from + 1
      while (to < count && kept.timeMs[to]! <= limitMs) to += 1
      const body = {
        count: to - from,
        player: kept.player.subarray(from, to),
        x: kept.x.subarray(from, to),
        y: kept.y.subarray(from, to),
        color: kept.color.subarray(from, to),
        timeMs: kept.timeMs.subarray(from, to),
      }
      bodies.push(encodeBody({ type: RecordType.painted, body }))
      from = to
    }
    return bodies
  }
}
