import { Command } from 'commander'
import { archiveStatus, type StreamStatus } from '../../archive/status.ts'
import { table } from '../board/table.ts'
import { type ObjectsOptions, objectsOption, withObjects } from './objects.ts'

export function archiveStatusCommand(): Command {
  const command = new Command('status').description('what of each stream is archived')
  return objectsOption(command).action(status)
}

const HEADING = ['STREAM', 'ENTRIES', 'RECORDS', 'PLACEMENTS', 'BYTES', 'A PLACEMENT', 'UP TO', 'FROM', 'TO']

async function status(options: ObjectsOptions): Promise<void> {
  const { streams, unnamed } = await withObjects(options, archiveStatus)
  process.stdout.write(table([HEADING, ...streams.map(rowOf)], new Set([1, 2, 3, 4, 5, 6])))
  if (unnamed.segments === 0) return
  process.stdout.write(
    `${unnamed.segments} segments (${unnamed.bytes} bytes) belong to no entry: a sealer was killed, or another was first\n`,
  )
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
