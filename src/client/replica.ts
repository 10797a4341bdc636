import { CHUNK_CELLS, cellInChunk, chunkIndex } from '../boards/canvas/geometry.ts'
import type { ChunkEdits } from '../live/protocol.ts'

/** Frames that wait for one chunk; past that it has to be fetched at a later position instead. */
const MAX_HELD_FRAMES = 1024

interface Loading {
  /** The chunk must be fetched at this position or later. */
  readonly atLeast: number
  /** What came meanwhile, oldest first. */
  readonly held: { position: number; edits: ChunkEdits }[]
}

/**
 * A viewer's copy of a board's colours: chunks as fetched, brought forward by frames.
 *
 * A frame up to position p is the last write of each cell in its span, so it may be applied to a chunk
 * fetched anywhere inside that span: only frames at or before the chunk's own position are skipped. Frames
 * for a chunk that is being fetched wait for it. What was never fetched nor painted is background.
 */
export class Replica {
  readonly #background: number
  readonly #chunks = new Map<number, Uint8Array>()
  readonly #loadedAt = new Map<number, number>()
  readonly #loading = new Map<number, Loading>()

  constructor(background: number) {
    this.#background = background
  }

  get background(): number {
    return this.#background
  }

  /** Colours of a chunk; undefined where all is background as far as is known. */
  chunk(index: number): Uint8Array | undefined {
    return this.#chunks.get(index)
  }

  get indexes(): number[] {
    return [...this.#chunks.keys()].sort((a, b) => a - b)
  }

  get isLoading(): boolean {
    return this.#loading.size > 0
  }

  /** Wrapped coordinates. */
  colorAt(x: number, y: number): number {
    return this.#chunks.get(chunkIndex(x, y))?.[cellInChunk(x, y)] ?? this.#background
  }

  /** Frames for this chunk wait from now on, until `loaded` with a position of at least `atLeast`. */
  expect(index: number, atLeast: number): void {
    const loading = this.#loading.get(index)
    if (loading !== undefined && loading.atLeast >= atLeast) return
    this.#loading.set(index, { atLeast, held: loading?.held ?? [] })
  }

  /** What `expect` last asked of the chunk, if it has not come. */
  expected(index: number): number | undefined {
    return this.#loading.get(index)?.atLeast
  }

  /** False when the chunk is older than expected and must be fetched again. */
  loaded(index: number, position: number, colors: Uint8Array | undefined): boolean {
    const loading = this.#loading.get(index)
    if (loading !== undefined && position < loading.atLeast) return false
    this.#loading.delete(index)
    this.#loadedAt.set(index, position)
    if (colors === undefined) this.#chunks.delete(index)
    else this.#chunks.set(index, colors)
    for (const held of loading?.held ?? []) if (held.position > position) this.#write(held.edits)
    return true
  }

  apply(position: number, groups: readonly ChunkEdits[]): void {
    for (const edits of groups) {
      const loading = this.#loading.get(edits.chunk)
      if (loading !== undefined) this.#hold(loading, position, edits)
      else if (position > (this.#loadedAt.get(edits.chunk) ?? -1)) this.#write(edits)
    }
  }

  #hold(loading: Loading, position: number, edits: ChunkEdits): void {
    if (loading.held.length < MAX_HELD_FRAMES) loading.held.push({ position, edits })
    else this.#loading.set(edits.chunk, { atLeast: position, held: [] })
  }

  #write({ chunk, count, cells, colors }: ChunkEdits): void {
    let target = this.#chunks.get(chunk)
    if (target === undefined) {
      target = new Uint8Array(CHUNK_CELLS).fill(this.#background)
      this.#chunks.set(chunk, target)
    }
    for (let i = 0; i < count; i++) target[cells[i] ?? 0] = colors[i] ?? 0
  }

  forget(index: number): void {
    this.#chunks.delete(index)
    this.#loadedAt.delete(index)
    this.#loading.delete(index)
  }

  /** Forgets all other chunks. */
  keep(isKept: (index: number) => boolean): void {
    for (const known of [this.#chunks, this.#loadedAt, this.#loading]) {
      for (const index of known.keys()) if (!isKept(index)) this.forget(index)
    }
  }
}
