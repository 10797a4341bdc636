import type { ChunkSet } from './chunk-set.ts'
import type { Format } from './format.ts'
import type { Viewer } from './viewer.ts'

/** Viewers that watch the same chunks in the same form: what one of them is sent, all are. */
export interface Group {
  readonly key: string
  readonly format: Format
  readonly chunks: ChunkSet
  readonly viewers: Set<Viewer>
}

/** The viewers of a room, each in one group. A group ends with its last viewer. */
export class Groups {
  readonly #byKey = new Map<string, Group>()
  readonly #byViewer = new Map<Viewer, Group>()

  get viewers(): ReadonlyMap<Viewer, Group> {
    return this.#byViewer
  }

  all(): Iterable<Group> {
    return this.#byKey.values()
  }

  /** What a viewer watches; of one that has left, everything. */
  chunksOf(viewer: Viewer): ChunkSet {
    return this.#byViewer.get(viewer)?.chunks ?? null
  }

  enter(viewer: Viewer, chunks: ChunkSet): void {
    const { format } = viewer
    const key = `${format.name}:${chunks === null ? '*' : [...chunks].sort((a, b) => a - b).join(',')}`
    let group = this.#byKey.get(key)
    if (group === undefined) {
      group = { key, format, chunks, viewers: new Set() }
      this.#byKey.set(key, group)
    }
    group.viewers.add(viewer)
    this.#byViewer.set(viewer, group)
  }

  exit(viewer: Viewer): void {
    const group = this.#byViewer.get(viewer)
    if (group === undefined) return
    this.#byViewer.delete(viewer)
    group.viewers.delete(viewer)
    if (group.viewers.size === 0) this.#byKey.delete(group.key)
  }
}
