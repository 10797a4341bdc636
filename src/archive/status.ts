import type { ObjectStore } from '../store/objects/port.ts'
import { archivedStreams } from './chain.ts'
import { SEGMENTS, segmentKey } from './manifest.ts'
import { ArchiveReader } from './reader.ts'

export interface StreamStatus {
  readonly stream: string
  readonly entries: number
  readonly records: number
  readonly placements: number
  /** Of segments. */
  readonly bytes: number
  readonly sealedUpTo: number
  readonly firstMs: number
  readonly lastMs: number
}

export interface ArchiveStatus {
  readonly streams: readonly StreamStatus[]
  /** Segments that no entry names: a sealer was killed, or another one was first. */
  readonly unnamed: { readonly segments: number; readonly bytes: number }
}

/** What an archive holds, by its manifests. Errors: `corrupt`, `newer-version`, those of the store. */
export async function archiveStatus(objects: ObjectStore): Promise<ArchiveStatus> {
  const reader = new ArchiveReader(objects)
  const named = new Set<string>()
  const streams: StreamStatus[] = []
  for (const stream of [...(await archivedStreams(objects)).keys()].sort()) {
    const entries = await reader.entries(stream)
    const sum = { records: 0, placements: 0, bytes: 0 }
    for (const { records, placements, bytes, segment } of entries) {
      sum.records += records
      sum.placements += placements
      sum.bytes += bytes
      named.add(segmentKey(segment))
    }
    streams.push({
      stream,
      entries: entries.length,
      ...sum,
      sealedUpTo: entries.at(-1)?.last ?? 0,
      firstMs: entries[0]?.firstMs ?? 0,
      lastMs: entries.reduce((latest, { lastMs }) => Math.max(latest, lastMs), 0),
    })
  }
  const unnamed = { segments: 0, bytes: 0 }
  for await (const { key, bytes } of objects.list(SEGMENTS)) {
    if (named.has(key)) continue
    unnamed.segments += 1
    unnamed.bytes += bytes
  }
  return { streams, unnamed }
}
