/** Forgets what was given first to a Map or Set, until it holds at most `most`. */
export function keepNewest<K>(entries: Map<K, unknown> | Set<K>, most: number): void {
  if (entries.size <= most) return
  for (const oldest of entries.keys()) {
    entries.delete(oldest)
    if (entries.size <= most) return
  }
}
