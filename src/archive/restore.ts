import { SpateError } from '../base/errors.ts'
import { type LogRecord, positionOf, START } from '../log/port.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { ArchiveReader } from './reader.ts'

/** What takes records of a log exactly as they are. */
export interface RestoredLog {
  restore(stream: string, records: readonly LogRecord[]): Promise<void>
  /** Resolves when all that was restored is durable. */
  sync(): Promise<void>
}

export interface Restored {
  readonly streams: number
  readonly records: number
  readonly placements: number
}

/** Of bodies, in one transaction. */
const AT_ONCE_BYTES = 8 << 20

/**
 * Writes everything that an archive holds into an empty log. Each block is checked as it is read; a chain or a block
 * that is not as it was sealed ends the restoring (`corrupt`). Errors: `not-found` for an archive that holds nothing,
 * those of the store and the log.
 * @param onProgress told how many records are written, of all
 */
export async function restoreArchive(
  objects: ObjectStore,
  log: RestoredLog,
  onProgress: (done: number, records: number) => void,
): Promise<Restored> {
  const reader = new ArchiveReader(objects)
  const streams = await reader.streams()
  if (streams.length === 0) throw new SpateError('not-found', 'the archive holds nothing')
  const total = { records: 0, placements: 0 }
  for (const stream of streams) {
    for (const { records, placements } of await reader.entries(stream)) {
      total.records += records
      total.placements += placements
    }
  }
  let done = 0
  for (const stream of streams) {
    let waiting: LogRecord[] = []
    let bytes = 0
    const write = async (): Promise<void> => {
      await log.restore(stream, waiting)
      done += waiting.length
      waiting = []
      bytes = 0
      onProgress(done, total.records)
    }
    const end = positionOf(await reader.sealedUpTo(stream))
    for await (const records of reader.blocks(stream, START, end)) {
      for (const record of records) {
        waiting.push(record)
        bytes += record.body.length
      }
      if (bytes >= AT_ONCE_BYTES) await write()
    }
    if (waiting.length > 0) await write()
  }
  await log.sync()
  return { streams: streams.length, ...total }
}
