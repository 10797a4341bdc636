/** Chunks that a viewer watches; null: every chunk. */
export type ChunkSet = ReadonlySet<number> | null

export function watches(set: ChunkSet, chunk: number): boolean {
  return set === null || set.has(chunk)
}

export function bothWatch(a: ChunkSet, b: ChunkSet): ChunkSet {
  if (a === null) return b
  return b === null ? a : a.intersection(b)
}
