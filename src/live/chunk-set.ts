/** Chunks that a viewer watches; null: every chunk. */
export type ChunkSet = ReadonlySet<number> | null

export function watches(set: ChunkSet, chunk: number): boolean {
  return set === null || set.has(chunk)
}

export function bothWatch(a: ChunkSet, b: ChunkSet): ChunkSet {
  if (a === null) return b
  return b === null ? a : a.intersection(b)
}

/** Visits those of a board's chunks that exist and are watched. */
export function eachWatched<T>(
  chunks: readonly (T | undefined)[],
  watched: ChunkSet,
  visit: (chunk: T, index: number) => void,
): void {
  if (watched === null) {
    chunks.forEach((chunk, index) => {
      if (chunk !== undefined) visit(chunk, index)
    })
    return
  }
  for (const index of watched) {
    const chunk = chunks[index]
    if (chunk !== undefined) visit(chunk, index)
  }
}
