import { keepNewest } from '../base/keep-newest.ts'
import type { HiddenChange } from '../boards/canvas/changes.ts'
import { chunkIndex } from '../boards/canvas/geometry.ts'
import type { BoardHost } from '../boards/host.ts'
import { type ChunkSet, watches } from './chunk-set.ts'
import type { ChunkEdits } from './protocol.ts'
import { LastWrites } from './recent.ts'
import type { Viewer } from './viewer.ts'

/** Cells of their own that a shadow-banned player's viewer may have waiting; the oldest go first. */
const MAX_WAITING_CELLS = 4096

/** Which viewers are to be shown cells that their player alone sees. */
export class OwnCells {
  readonly #host: BoardHost
  readonly #byPlayer = new Map<number, Set<Viewer>>()
  /** Viewers that have cells waiting for the tick. */
  readonly #waiting = new Set<Viewer>()

  constructor(host: BoardHost) {
    this.#host = host
  }

  /** The viewer's player is known: all of their cells wait to be told. */
  enter(viewer: Viewer): void {
    if (viewer.player === 0) return
    let peers = this.#byPlayer.get(viewer.player)
    if (peers === undefined) {
      peers = new Set()
      this.#byPlayer.set(viewer.player, peers)
    }
    peers.add(viewer)
    this.tellAgain(viewer)
  }

  exit(viewer: Viewer): void {
    this.#waiting.delete(viewer)
    const peers = this.#byPlayer.get(viewer.player)
    if (peers?.delete(viewer) && peers.size === 0) this.#byPlayer.delete(viewer.player)
  }

  changed({ player, x, y }: HiddenChange): void {
    for (const viewer of this.#byPlayer.get(player) ?? []) {
      add(viewer, x, y)
      this.#waiting.add(viewer)
    }
  }

  /** After what makes a client take hidden cells for covered, or forget them. */
  tellAgain(viewer: Viewer): void {
    for (const { x, y } of this.#host.canvas.shadows.cellsOf(viewer.player)) add(viewer, x, y)
    if (viewer.hidden.size > 0) this.#waiting.add(viewer)
  }

  /** Those that have cells waiting; from now on only new ones do. */
  takeWaiting(): Viewer[] {
    const viewers = [...this.#waiting]
    this.#waiting.clear()
    return viewers
  }

  /** What waits for a viewer, of the chunks that it watches, as its player sees it now. */
  groupsOf(viewer: Viewer, chunks: ChunkSet): ChunkEdits[] {
    const { canvas } = this.#host
    const writes = new LastWrites()
    for (const key of viewer.hidden) {
      const x = key % 65_536
      const y = Math.floor(key / 65_536)
      if (!watches(chunks, chunkIndex(x, y))) continue
      writes.add(x, y, canvas.shadows.colorAt(viewer.player, x, y) ?? canvas.cellAt(x, y).color)
    }
    return writes.groups()
  }
}

function add({ hidden }: Viewer, x: number, y: number): void {
  hidden.add(y * 65_536 + x)
  keepNewest(hidden, MAX_WAITING_CELLS)
}
