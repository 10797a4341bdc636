import { Canvas } from '../../boards/canvas/canvas.ts'
import { Changes } from '../../boards/canvas/changes.ts'
import { decodeBody } from '../../boards/canvas/codec.ts'
import { PlacedColumns } from '../../boards/canvas/placed-columns.ts'
import { RecordType } from '../../boards/canvas/records.ts'
import type { LogRecord, Position } from '../../log/port.ts'

/** What a row is of. */
export const PLACEMENT_KINDS = ['placed', 'painted', 'restored'] as const
const [PLACED, PAINTED, RESTORED] = [0, 1, 2]

/** Hears of every placement, with the fold's verdict of it. Coordinates are signed. */
export type PlacementSink = (
  kind: number,
  verdict: number,
  timeMs: number,
  position: number,
  player: number,
  x: number,
  y: number,
  color: number,
) => void

/**
 * Folds a board's records from the first on and tells of every placement with its verdict, refused ones among them:
 * what players placed, what was painted, what was put back (of the player whose colour came back). Errors: those of
 * the fold.
 */
export class PlacementFold {
  readonly #canvas = new Canvas()
  readonly #changes = new Changes()
  readonly #columns = new PlacedColumns()
  readonly #after: Position
  readonly #sink: PlacementSink

  /** @param after placements up to there are folded, and not told of */
  constructor(after: Position, sink: PlacementSink) {
    this.#after = after
    this.#sink = sink
  }

  fold(record: LogRecord): void {
    const canvas = this.#canvas
    this.#changes.clear()
    const verdicts = canvas.apply(record, this.#changes)
    const { position, type, body } = record
    if (position <= this.#after) return
    if (type === RecordType.placed || type === RecordType.painted) {
      const decoded = decodeBody(type, body, this.#columns)
      if (decoded.type === RecordType.placed) {
        const { count, player, x, y, color } = decoded.body
        for (let i = 0; i < count; i++) {
          this.#tell(PLACED, verdicts, i, canvas.timeMs, position, player[i], x[i], y[i], color[i])
        }
      } else if (decoded.type === RecordType.painted) {
        const { count, player, x, y, color, timeMs } = decoded.body
        for (let i = 0; i < count; i++) {
          this.#tell(PAINTED, verdicts, i, timeMs[i] ?? 0, position, player[i], x[i], y[i], color[i])
        }
      }
    } else if (type === RecordType.restored) {
      const decoded = decodeBody(type, body)
      if (decoded.type !== RecordType.restored) return
      decoded.body.cells.forEach(({ x, y, becomes: { player, color } }, i) => {
        this.#tell(RESTORED, verdicts, i, canvas.timeMs, position, player, x, y, color)
      })
    }
  }

  #tell(
    kind: number,
    verdicts: Uint8Array,
    i: number,
    timeMs: number,
    position: number,
    player = 0,
    x = 0,
    y = 0,
    color = 0,
  ): void {
    const cell = this.#canvas.signed(x, y)
    this.#sink(kind, verdicts[i] ?? 0, timeMs, position, player, cell.x, cell.y, color)
  }
}
