import { join } from 'node:path'
import { ArchivedLog } from '../archive/archived-log.ts'
import type { Clock } from '../base/clock.ts'
import type { KafkaAddress } from '../log/kafka/address.ts'
import { LmdbLog } from '../log/lmdb.ts'
import type { Log } from '../log/port.ts'
import { openObjects } from '../store/objects/open.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import type { Config } from './config.ts'

export interface LastingLog {
  /** As it is. */
  readonly log: Log
  /** With its archive: what it gave up is read from there. */
  readonly archived: ArchivedLog
  readonly objects: ObjectStore
}

/** The log of a data folder, or in Kafka, on the stack. Errors: those of the log and the store. */
export async function openLastingLog(
  place: 'lmdb' | KafkaAddress,
  { objects: objectsPlace }: Config,
  folder: string,
  clock: Clock,
  stack: AsyncDisposableStack,
): Promise<LastingLog> {
  const objects = stack.use(
    await openObjects(objectsPlace ?? { kind: 'folder', path: join(folder, 'objects') }),
  )
  const log =
    place === 'lmdb'
      ? LmdbLog.open(join(folder, 'log'), clock)
      : await openKafka(place, join(folder, 'kafka'), clock)
  return { log, archived: stack.use(new ArchivedLog(log, objects)), objects }
}

/** Kafka's client is loaded by those who use it. */
async function openKafka(address: KafkaAddress, folder: string, clock: Clock): Promise<Log> {
  const { KafkaLog } = await import('../log/kafka.ts')
  return KafkaLog.open(address, folder, clock)
}
