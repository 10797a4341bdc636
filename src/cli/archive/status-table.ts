import type { ArchiveStatus, StreamStatus } from '../../archive/status.ts'
import { table } from '../board/table.ts'

const HEADING = ['STREAM', 'ENTRIES', 'RECORDS', 'PLACEMENTS', 'BYTES', 'A PLACEMENT', 'UP TO', 'FROM', 'TO']

/** What an archive holds, as lines to print. */
export function statusTable({ streams, unnamed }: ArchiveStatus): string {
  const rows = table([HEADING, ...streams.map(rowOf)], new Set([1, 2, 3, 4, 5, 6]))
  if (unnamed.segments === 0) return rows
  return `${rows}${unnamed.segments} segments (${unnamed.bytes} bytes) belong to no entry: a sealer was killed, or another was first\n`
}

function rowOf(status: StreamStatus): string[] {
  const { stream, entries, records, placements, bytes, sealedUpTo, firstMs, lastMs } = status
  return [
    stream,
    ...[entries, records, placements, bytes].map(String),
    placements === 0 ? '' : (bytes / placements).toFixed(2),
    String(sealedUpTo),
    ...[firstMs, lastMs].map((timeMs) => new Date(timeMs).toISOString()),
  ]
}
