import type { BoardInfo } from '../boards/canvas/canvas.ts'
import type { BoardHost } from '../boards/host.ts'
import { eachWatched } from './chunk-set.ts'
import type { Format } from './format.ts'
import type { Group } from './groups.ts'
import type { ChunkEdits } from './protocol.ts'
import { MAX_FRAMES_BYTES } from './viewer.ts'

/** Cells in one frame; past that, fetching the chunks is cheaper. */
export const MAX_FRAME_CELLS = 16_384

interface ResyncFrame {
  /** Forms of one name may differ in this frame alone: a group may hold several. */
  readonly format: Format
  readonly after: number
  readonly position: number
  readonly bytes: Uint8Array | undefined
}

interface BoardFrame {
  readonly position: number
  readonly infoAt: number
  readonly bytes: Uint8Array | undefined
}

/** Frames that many viewers need in the same moment: the last of each kind is kept and sent to all of them. */
export class SharedFrames {
  readonly #host: BoardHost
  readonly #boards = new Map<string, BoardFrame>()
  readonly #resyncs = new WeakMap<Group, ResyncFrame>()

  constructor(host: BoardHost) {
    this.#host = host
  }

  /** Under the position that the viewers have: the edits that come with the news are still to be sent. */
  board(format: Format, position: number): Uint8Array | undefined {
    const { info, infoAt } = this.#host.canvas
    const known = this.#boards.get(format.name)
    if (known?.position === position && known.infoAt === infoAt) return known.bytes
    const bytes = format.board(position, info)
    this.#boards.set(format.name, { position, infoAt, bytes })
    return bytes
  }

  /** For those of a group who fell behind together. Undefined when nothing that they watch has changed. */
  resync(group: Group, format: Format, after: number): Uint8Array | undefined {
    const { position, chunks } = this.#host.canvas
    const known = this.#resyncs.get(group)
    if (known?.format === format && known.after === after && known.position === position) return known.bytes
    const stale: number[] = []
    eachWatched(chunks, group.chunks, ({ changedAt }, index) => {
      if (changedAt > after) stale.push(index)
    })
    const bytes = stale.length === 0 ? undefined : format.resync(position, stale)
    this.#resyncs.set(group, { format, after, position, bytes })
    return bytes
  }
}

/** Undefined when a frame would be larger than a viewer may hold, or than the chunks it is about. */
export function editsFrame(
  format: Format,
  position: number,
  edits: readonly ChunkEdits[],
  info: BoardInfo,
): Uint8Array | undefined {
  const cells = edits.reduce((sum, { count }) => sum + count, 0)
  if (cells > MAX_FRAME_CELLS) return undefined
  const bytes = format.edits(position, edits, info)
  return bytes.length > MAX_FRAMES_BYTES ? undefined : bytes
}
