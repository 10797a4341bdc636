import type { ChunkSet } from './chunk-set.ts'
import type { Format, Sink } from './format.ts'

/** A viewer never holds more than this in the server. */
export const MAX_BUFFERED_BYTES = 65_536
/** What frames may take of it; the rest is for answers to what the viewer asks. */
export const MAX_FRAMES_BYTES = 61_440

export interface ViewerOptions {
  readonly format: Format
  /** The position of what the viewer already shows. */
  readonly after: number
  readonly chunks: ChunkSet
  /** 0 for somebody the log does not know yet. */
  readonly player: number
  /** Whether silence means death: false where the transport has no way back. */
  readonly answersHeartbeats: boolean
}

/** One connection's view of a board. */
export class Viewer {
  readonly sink: Sink
  readonly format: Format
  readonly answersHeartbeats: boolean
  player: number
  /** What the viewer was last sent reflects the board up to here. */
  position: number
  /** Set while frames are withheld: too much buffered, or a catch-up is under way. */
  behind = false
  catchingUp = false
  /** Set when board information was withheld with the frames. */
  missedBoard: boolean
  /** Cells that this player is to be shown as they alone see them, as y × 65,536 + x. */
  readonly hidden = new Set<number>()
  /** A subscription that has not been answered, and the chunks that the viewer had before it. */
  owed: { readonly request: number; readonly known: ChunkSet } | undefined
  /** By the clock that never goes back. */
  heardMs: number
  left = false

  constructor(sink: Sink, options: ViewerOptions, infoAt: number, nowMs: number) {
    this.sink = sink
    this.format = options.format
    this.answersHeartbeats = options.answersHeartbeats
    this.player = options.player
    this.position = options.after
    this.missedBoard = infoAt > options.after
    this.heardMs = nowMs
  }
}
